package conformance

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kjson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// A Pod is a pod that a manifest describes.
type Pod struct {
	Name string // such as deploy/web.yaml: Deployment/web
	Pod  *corev1.Pod
	Data []byte // the object that it was found in, as it stands in the manifest
}

// Key is the same for pods that are the same but for their names and labels.
func (p Pod) Key() [sha256.Size]byte {
	data, err := json.Marshal(struct {
		Annotations map[string]string
		Spec        corev1.PodSpec
	}{p.Pod.Annotations, p.Pod.Spec})
	if err != nil {
		panic(err) // of types that JSON knows
	}
	return sha256.Sum256(data)
}

// A Skip is a part of a manifest without a pod that can be compared.
type Skip struct{ Name, Why string }

// Why parts of manifests are skipped. What makes no pods is not counted.
const (
	SkipSyntax     = "no YAML (a template?)"
	SkipTwice      = "no YAML that kubectl reads: a key is there twice"
	SkipType       = "no object that Kubernetes can read (a template, a patch?)"
	SkipIncomplete = "an incomplete pod, of which no kubelet makes containers (a patch?)"
)

// Read gives the pods of the manifest of that name, and what it skips.
func Read(name string, data []byte) ([]Pod, []Skip) {
	var pods []Pod
	var skips []Skip
	docs := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for {
		doc, err := docs.Read()
		if errors.Is(err, io.EOF) {
			return pods, skips
		}
		if err != nil {
			return pods, append(skips, Skip{name, SkipSyntax})
		}
		found, why := readDocument(name, doc)
		if why != "" {
			skips = append(skips, Skip{name, why})
		}
		for _, p := range found {
			if missing := incomplete(p.Pod); missing {
				skips = append(skips, Skip{p.Name, SkipIncomplete})
				continue
			}
			pods = append(pods, p)
		}
	}
}

// object is what of an object says which pods it makes.
type object struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Items    []json.RawMessage       `json:"items"`
	Template *corev1.PodTemplateSpec `json:"template"` // of a PodTemplate
	Spec     json.RawMessage         `json:"spec"`
}

type workload struct {
	Template             *corev1.PodTemplateSpec        `json:"template"`
	VolumeClaimTemplates []corev1.PersistentVolumeClaim `json:"volumeClaimTemplates"`
	JobTemplate          struct {
		Spec struct {
			Template *corev1.PodTemplateSpec `json:"template"`
		} `json:"spec"`
	} `json:"jobTemplate"`
}

// readDocument gives the pods of a document; why says why it has none, where
// it might.
func readDocument(name string, doc []byte) (pods []Pod, why string) {
	data, err := yaml.YAMLToJSON(doc)
	if err != nil {
		return nil, SkipSyntax
	}
	var typ struct {
		metav1.TypeMeta `json:",inline"`
		Items           []json.RawMessage `json:"items"`
	}
	if kjson.Unmarshal(data, &typ) != nil {
		return nil, "" // no object at all
	}
	if !strings.HasSuffix(typ.Kind, "List") {
		pods, why = readObject(name, doc, data)
		if _, err := yaml.YAMLToJSONStrict(doc); err != nil && len(pods) > 0 {
			return nil, SkipTwice
		}
		return pods, why
	}
	for _, item := range typ.Items {
		found, reason := readObject(name, item, item)
		pods, why = append(pods, found...), max(why, reason)
	}
	return pods, why
}

// readObject gives the pod of an object; none where it makes none.
func readObject(name string, text, data []byte) ([]Pod, string) {
	var typ metav1.TypeMeta
	if kjson.Unmarshal(data, &typ) != nil || !makesPods(typ) {
		return nil, ""
	}
	var o object
	if kjson.Unmarshal(data, &o) != nil {
		return nil, SkipType
	}
	pod, err := o.pod()
	if err != nil {
		return nil, SkipType
	}
	Complete(pod)
	return []Pod{{Name: fmt.Sprintf("%s: %s/%s", name, o.Kind, o.Name), Pod: pod, Data: text}}, ""
}

func makesPods(t metav1.TypeMeta) bool {
	group := t.GroupVersionKind().Group
	switch t.Kind {
	case "Pod", "ReplicationController", "PodTemplate":
		return group == ""
	case "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet":
		return group == "apps" || group == "extensions"
	case "Job", "CronJob":
		return group == "batch"
	}
	return false
}

// pod is the pod that the object is or makes.
func (o *object) pod() (*corev1.Pod, error) {
	if o.Kind == "Pod" {
		p := &corev1.Pod{ObjectMeta: o.ObjectMeta}
		return p, kjson.Unmarshal(o.Spec, &p.Spec)
	}
	t := o.Template
	var w workload
	if o.Kind != "PodTemplate" {
		if err := kjson.Unmarshal(o.Spec, &w); err != nil {
			return nil, err
		}
		t = w.Template
	}
	if o.Kind == "CronJob" {
		t = w.JobTemplate.Spec.Template
	}
	if t == nil {
		return nil, errors.New("there is no template")
	}
	p := &corev1.Pod{ObjectMeta: t.ObjectMeta, Spec: t.Spec}
	p.Namespace = o.Namespace
	if o.Kind == "StatefulSet" {
		addClaims(p, w.VolumeClaimTemplates)
	}
	return p, nil
}

// addClaims gives the pod the volumes that a StatefulSet makes for it.
func addClaims(p *corev1.Pod, claims []corev1.PersistentVolumeClaim) {
	for _, c := range claims {
		p.Spec.Volumes = slices.DeleteFunc(p.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == c.Name })
		p.Spec.Volumes = append(p.Spec.Volumes, corev1.Volume{Name: c.Name, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: c.Name},
		}})
	}
}

// incomplete tells whether the API server would refuse the pod since something
// is missing in it: a container, its name, image or volume, or the name of the
// namespace that a variable stands for.
func incomplete(p *corev1.Pod) bool {
	volumes := make(map[string]bool)
	missing := len(p.Spec.Containers) == 0 ||
		p.Namespace != "" && len(validation.IsDNS1123Label(p.Namespace)) > 0
	for _, v := range p.Spec.Volumes {
		volumes[v.Name] = true
		missing = missing || v.Name == ""
	}
	eachContainer(func(c *corev1.Container) {
		missing = missing || c.Name == "" || c.Image == ""
		for _, m := range c.VolumeMounts {
			missing = missing || m.MountPath == "" || !volumes[m.Name]
		}
		for _, d := range c.VolumeDevices {
			missing = missing || !volumes[d.Name]
		}
	})(p.DeepCopy())
	return missing
}
