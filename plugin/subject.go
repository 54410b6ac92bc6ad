package plugin

import (
	"github.com/containerd/nri/pkg/api"
	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/policy"
)

// containerNameLabel names the container where the runtime's NRI does not
// (CRI-O).
const containerNameLabel = "io.kubernetes.container.name"

// imageNameAnnotation is the image reference that a container was asked for
// with, as containerd writes it on the spec. (1.7 writes the reference under
// which it keeps the image.)
const imageNameAnnotation = "io.kubernetes.cri.image-name"

// managerAnnotation is "cri-o" on the containers of CRI-O.
const managerAnnotation = "io.container.manager"

// subjectOf is what NRI shows of a container, with the part of its spec that
// every version of NRI shows.
func subjectOf(pod *api.PodSandbox, ctr *api.Container) policy.Subject {
	name := ctr.GetName()
	if label := ctr.GetLabels()[containerNameLabel]; label != "" {
		name = label
	}
	sub := policy.Subject{
		Pod: policy.Pod{
			Name:           pod.GetName(),
			Namespace:      pod.GetNamespace(),
			UID:            pod.GetUid(),
			ID:             pod.GetId(),
			Labels:         pod.GetLabels(),
			RuntimeHandler: pod.GetRuntimeHandler(),
			Namespaces:     namespaceTypes(pod),
		},
		Container: policy.Container{Name: name, ID: ctr.GetId(), Image: ctr.GetImage().GetName()},
		Spec:      partialSpec(ctr),
	}
	if asked := askedImage(ctr); asked != "" {
		sub.Container.OtherImages = []string{asked}
	}
	return sub
}

// askedImage is the reference that the container was asked for with. CRI-O
// copies a pod's annotations to its containers: there anybody could have
// written containerd's.
func askedImage(ctr *api.Container) string {
	if ctr.GetAnnotations()[managerAnnotation] == "cri-o" {
		return ""
	}
	return ctr.GetAnnotations()[imageNameAnnotation]
}

// addImage adds a reference of the container's image.
func addImage(c *policy.Container, image string) {
	if c.Image == "" {
		c.Image = image
		return
	}
	c.OtherImages = append(c.OtherImages, image)
}

// namespaceTypes lists the namespaces that the pod has of its own; never nil,
// so that a runtime that shows none is taken to share all of the host's.
func namespaceTypes(pod *api.PodSandbox) []string {
	types := []string{}
	for _, n := range pod.GetLinux().GetNamespaces() {
		types = append(types, n.GetType())
	}
	return types
}

func partialSpec(ctr *api.Container) *specs.Spec {
	spec := &specs.Spec{Annotations: ctr.GetAnnotations(), Linux: &specs.Linux{}}
	for _, m := range ctr.GetMounts() {
		spec.Mounts = append(spec.Mounts, specs.Mount{
			Destination: m.GetDestination(), Type: m.GetType(), Source: m.GetSource(), Options: m.GetOptions(),
		})
	}
	for _, n := range ctr.GetLinux().GetNamespaces() {
		spec.Linux.Namespaces = append(spec.Linux.Namespaces, specs.LinuxNamespace{
			Type: specs.LinuxNamespaceType(n.GetType()), Path: n.GetPath(),
		})
	}
	if r := ctr.GetLinux().GetResources(); r != nil {
		spec.Linux.Resources = r.ToOCI()
	}
	return spec
}

// isSealed tells whether NRI shows a seal on the container.
func isSealed(hooks *api.Hooks) bool {
	for _, h := range hooks.GetCreateRuntime() {
		if seal.Is(h.GetPath()) {
			return true
		}
	}
	return false
}
