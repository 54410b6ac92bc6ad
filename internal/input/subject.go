package input

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	json "github.com/go-json-experiment/json/v1"
	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/ocispec"
	"github.com/specguard/specguard/policy"
)

// object is the part of a JSON object that shows what it is.
type object struct {
	// Status and Info are in the output of "crictl inspect" (CRI, ContainerStatusResponse).
	Status status `json:"status"`
	Info   struct {
		SandboxID   string          `json:"sandboxID"`
		RuntimeSpec json.RawMessage `json:"runtimeSpec"`
	} `json:"info"`

	// These are in the output of "ctr container info" (containerd, containers.Container).
	ID     string            `json:"ID"`
	Labels map[string]string `json:"Labels"`
	Image  string            `json:"Image"`
	Spec   json.RawMessage   `json:"Spec"`
}

type status struct {
	ID    string `json:"id"`
	Image struct {
		Image              string `json:"image"`
		UserSpecifiedImage string `json:"userSpecifiedImage"`
	} `json:"image"`
	ImageRef string            `json:"imageRef"`
	Labels   map[string]string `json:"labels"`
}

// unknown says of JSON that it is nothing of what can be read.
const unknown = "neither an OCI config.json (no ociVersion), nor the output of crictl inspect (no info.runtimeSpec) " +
	"or of ctr container info (no Spec), nor a Kubernetes manifest (no apiVersion and kind)"

// misfit says where a value does not fit, without the value.
func misfit(err error) error {
	var e *json.UnmarshalTypeError
	if !errors.As(err, &e) {
		return err
	}
	kind, _, _ := strings.Cut(e.Value, " ") // of numbers it has the value too
	return fmt.Errorf("%s: the %s is not valid here", cmp.Or(e.Field, "OCI spec"), kind)
}

// subject makes a subject of a JSON object that holds an OCI spec, or is one.
func subject(data []byte) (policy.Subject, error) {
	if data[0] != '{' {
		return policy.Subject{}, errors.New(unknown)
	}
	var o object
	if err := json.Unmarshal(data, &o); err != nil {
		return policy.Subject{}, misfit(err)
	}
	raw := data
	for _, inner := range []json.RawMessage{o.Info.RuntimeSpec, o.Spec} {
		if inner != nil {
			raw = inner
			break
		}
	}
	spec, err := ocispec.Decode(raw)
	if err != nil {
		return policy.Subject{}, misfit(err)
	}
	if spec.Version == "" {
		return policy.Subject{}, errors.New(unknown)
	}
	return o.subject(spec), nil
}

// subject gathers what the runtime tells beside the spec. The labels that the
// kubelet gave come first; of the annotations only those that the runtime
// writes itself are read, since a pod can have others.
func (o *object) subject(spec *specs.Spec) policy.Subject {
	labels := o.Status.Labels
	if labels == nil {
		labels = o.Labels
	}
	n := written(spec.Annotations)
	read := func(label, annotation string) string { return cmp.Or(labels[label], spec.Annotations[annotation]) }
	sub := policy.Subject{
		Pod: policy.Pod{
			Name:      read("io.kubernetes.pod.name", n.pod),
			Namespace: read("io.kubernetes.pod.namespace", n.namespace),
			UID:       read("io.kubernetes.pod.uid", n.uid),
			ID:        cmp.Or(o.Info.SandboxID, spec.Annotations[n.sandbox]),
		},
		Container: policy.Container{
			Name: read("io.kubernetes.container.name", n.container),
			ID:   cmp.Or(o.Status.ID, o.ID, spec.Annotations[n.id]),
		},
		Spec: spec,
	}
	sub.Pod.Unseen = sub.Pod.Namespace == "" || sub.Pod.UID == ""
	sub.Pod.LabelsUnseen = true // those that are shown are the container's
	images := []string{o.Status.Image.Image, o.Image, o.Status.Image.UserSpecifiedImage, o.Status.ImageRef}
	for _, annotation := range n.images {
		images = append(images, spec.Annotations[annotation])
	}
	sub.Container.Image, sub.Container.OtherImages = references(images)
	return sub
}

// references returns the first reference of an image and the others.
func references(images []string) (string, []string) {
	var all []string
	for _, i := range images {
		if i != "" && !slices.Contains(all, i) {
			all = append(all, i)
		}
	}
	if len(all) == 0 {
		return "", nil
	}
	return all[0], all[1:]
}

// names are the annotations under which a runtime writes what it knows.
type names struct {
	pod, namespace, uid, sandbox, container, id string

	images []string
}

// written returns the names that are used by the runtime that wrote the annotations.
//
// Source: containerd, internal/cri/annotations; CRI-O, internal/annotations
// and internal/factory/container (SpecAddAnnotations).
func written(annotations map[string]string) names {
	if annotations["io.kubernetes.cri-o.SandboxID"] != "" {
		return names{
			pod:       "io.kubernetes.pod.name",
			namespace: "io.kubernetes.pod.namespace",
			uid:       "io.kubernetes.pod.uid",
			sandbox:   "io.kubernetes.cri-o.SandboxID",
			container: "io.kubernetes.container.name",
			id:        "io.kubernetes.cri-o.ContainerID",
			images:    []string{"io.kubernetes.cri-o.ImageName", "io.kubernetes.cri-o.Image"},
		}
	}
	return containerdNames()
}

func containerdNames() names {
	return names{
		pod:       "io.kubernetes.cri.sandbox-name",
		namespace: "io.kubernetes.cri.sandbox-namespace",
		uid:       "io.kubernetes.cri.sandbox-uid",
		sandbox:   "io.kubernetes.cri.sandbox-id",
		container: "io.kubernetes.cri.container-name",
		images:    []string{"io.kubernetes.cri.image-name"},
	}
}
