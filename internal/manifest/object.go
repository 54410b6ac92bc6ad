package manifest

import (
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
	path   string // where in it

	At       place
	Metadata metadata `yaml:"metadata"`
	Spec     podSpec  `yaml:"spec"`
}

// finder finds the pods of a manifest.
type finder struct {
	decoder *decoder
	found   []*template
	windows *template // the first pod for Windows
}

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
			return err
		}
		if err := f.object(&o.Items[i], item); err != nil {
			return err
		}
	}
	return nil
}

// object finds the pod of an object; of one that makes none, nothing.
func (f *finder) object(n *yaml.Node, o object) error {
	group, _, grouped := strings.Cut(o.APIVersion, "/")
	if !grouped {
		group = ""
	}
	all := kinds()
	at := slices.IndexFunc(all, func(k kind) bool { return k.name == o.Kind && slices.Contains(k.groups, group) })
	if at < 0 {
		return nil
	}
	t := &template{object: o, path: strings.Join(all[at].path, ".")}
	node := lookup(n, all[at].path...)
	if node == nil {
		return placeOf(n).fault(t.path, "is missing")
	}
	if err := f.decoder.decode(node, t, t.path); err != nil {
		return err
	}
	if err := f.claims(n, t); err != nil {
		return err
	}
	if t.Spec.OS.Name == "windows" {
		f.windows = t
		return nil
	}
	f.found = append(f.found, t)
	return nil
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

// nothing is the error of a manifest without a pod.
func (f *finder) nothing() error {
	if f.windows != nil {
		return f.windows.At.fault(f.windows.path, "the pod is for Windows; specguard judges only pods for Linux")
	}
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return place{1, 1}.fault("", "there is no Pod and no workload that creates one (supported: %s)", strings.Join(names, ", "))
}
