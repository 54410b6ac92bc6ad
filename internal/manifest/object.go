package manifest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// kind is an object of Kubernetes that is a pod or makes pods.
type kind struct {
	name   string
	groups []string // of the API; "" is the core's
	path   []string // where the pod's template is
}

func kinds() []kind {
	core, apps, batch := []string{""}, []string{"apps", "extensions"}, []string{"batch"}
	spec := []string{"spec", "template"}
	return []kind{
		{"Pod", core, nil},
		{"Deployment", apps, spec},
		{"ReplicaSet", apps, spec},
		{"StatefulSet", apps, spec},
		{"DaemonSet", apps, spec},
		{"Job", batch, spec},
		{"CronJob", batch, []string{"spec", "jobTemplate", "spec", "template"}},
		{"ReplicationController", core, spec},
		{"PodTemplate", core, []string{"template"}},
	}
}

// metadata is what matters here of an object's.
type metadata struct {
	Name         string            `yaml:"name"`
	GenerateName string            `yaml:"generateName"`
	Namespace    string            `yaml:"namespace"`
	Labels       map[string]string `yaml:"labels"`
	Annotations  map[string]string `yaml:"annotations"`
}

// object is what all objects have in common.
type object struct {
	APIVersion string      `yaml:"apiVersion"`
	Kind       string      `yaml:"kind"`
	Metadata   metadata    `yaml:"metadata"`
	Items      []yaml.Node `yaml:"items"`
}

// template is a pod as an object describes it.
type template struct {
	object object // that it was found in
	number int    // of that object
	custom bool   // in an object that Kubernetes itself does not have
	path   string // of the pod's spec in it
	nodes  podNodes

	At       place
	Metadata metadata `yaml:"metadata"`
	Spec     podSpec  `yaml:"spec"`
}

// finder finds the pods of a manifest.
type finder struct {
	Result
	decoder *decoder
	found   []*template
	faults  Faults
}

func (f *finder) note(err error) { f.faults = append(f.faults, faultsOf(err)...) }

// document finds the pods of a document, which may be a list of objects.
func (f *finder) document(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" {
		return nil // nothing but comments
	}
	var o object
	if err := f.decoder.decode(n, &o, ""); err != nil {
		return err
	}
	if o.Kind == "" || o.APIVersion == "" {
		return placeOf(n).fault("", "is not a Kubernetes object: apiVersion or kind is missing")
	}
	of, isList := strings.CutSuffix(o.Kind, "List")
	if !isList {
		return f.object(n, o)
	}
	for i := range o.Items {
		item := object{APIVersion: o.APIVersion, Kind: of} // an item of a PodList does not say what it is
		if err := f.decoder.decode(&o.Items[i], &item, fmt.Sprintf("items[%d]", i)); err != nil {
			f.note(err)
			continue
		}
		f.note(f.object(&o.Items[i], item))
	}
	return nil
}

// object finds the pods of an object.
func (f *finder) object(n *yaml.Node, o object) error {
	f.Objects++
	group, _, grouped := strings.Cut(o.APIVersion, "/")
	if !grouped {
		group = ""
	}
	all := kinds()
	at := slices.IndexFunc(all, func(k kind) bool { return k.name == o.Kind && slices.Contains(k.groups, group) })
	if at < 0 {
		return f.custom(n, o, group)
	}
	f.spelling(n, o.Kind, "")
	path := strings.Join(all[at].path, ".")
	node := lookup(n, all[at].path...)
	if node == nil {
		return placeOf(n).fault(path, "is missing")
	}
	t := &template{object: o, number: f.Objects - 1, path: join(path, "spec")}
	t.nodes = podNodes{spec: lookup(node, "spec"), metadata: lookup(node, "metadata")}
	if err := f.decoder.decode(node, t, path); err != nil {
		return err
	}
	if err := f.claims(n, t); err != nil {
		return err
	}
	if t.Spec.OS.Name == "windows" {
		f.skip(n, o, "the pod is for Windows; specguard judges only pods for Linux")
		return nil
	}
	f.found = append(f.found, t)
	return nil
}

func (f *finder) skip(n *yaml.Node, o object, reason string) {
	f.Skipped = append(f.Skipped, Skipped{
		Kind: o.Kind, Name: cmp.Or(o.Metadata.Name, o.Metadata.GenerateName), Line: n.Line, Column: n.Column, Reason: reason,
	})
}

// claims adds the volumes that a StatefulSet makes for each pod. They take the
// place of the pod's own of the same name.
func (f *finder) claims(n *yaml.Node, t *template) error {
	node := lookup(n, "spec", "volumeClaimTemplates")
	if t.object.Kind != "StatefulSet" || node == nil {
		return nil
	}
	var claims []struct {
		Metadata metadata `yaml:"metadata"`
	}
	if err := f.decoder.decode(node, &claims, "spec.volumeClaimTemplates"); err != nil {
		return err
	}
	for _, c := range claims {
		v := volume{name: c.Metadata.Name, plugin: claimPlugin()}
		t.Spec.Volumes = slices.DeleteFunc(t.Spec.Volumes, func(o volume) bool { return o.name == v.name })
		t.Spec.Volumes = append(t.Spec.Volumes, v)
	}
	return nil
}
