// Package containerruntime knows how containerd and CRI-O show pods and containers in any
// of their APIs: what they write into annotations and labels, and what of it a pod's author
// can write instead.
package containerruntime

import (
	"strings"

	"golang.org/x/mod/semver"
)

// The names that the runtimes give themselves.
const (
	Containerd = "containerd"
	CRIO       = "cri-o"
)

// Runtime is a container runtime, as it introduces itself. The zero value is one that has
// not done so yet.
type Runtime struct {
	Name    string
	Version string // "" if it is not known
}

// containerNameLabel has the container's name where the runtime's NRI does not show it
// (CRI-O).
const containerNameLabel = "io.kubernetes.container.name"

// ContainerName returns the container's name, from the name that the runtime shows and the
// labels.
func ContainerName(name string, labels map[string]string) string {
	if label := labels[containerNameLabel]; label != "" {
		return label
	}
	return name
}

// With this annotation, a pod's author makes containerd run the pod with the handler
// untrusted. containerd then shows the requested handler, which is none.
const (
	untrusted           = "untrusted"
	untrustedAnnotation = "io.kubernetes.cri.untrusted-workload"
)

// Handler returns the runtime handler that runs a pod, from the one that the runtime shows
// and the pod's annotations.
func (r Runtime) Handler(handler string, annotations map[string]string) string {
	if r.Name == Containerd && handler == "" && annotations[untrustedAnnotation] == "true" {
		return untrusted
	}
	return handler
}

// PortsAnnotation is where CRI-O keeps a pod's ports, on its sandbox's spec. The pod's own
// annotations and labels can overwrite it.
const PortsAnnotation = "io.kubernetes.cri-o.PortMappings"

// ClaimsPorts reports whether the pod's author has written PortsAnnotation, as an
// annotation or a label.
func ClaimsPorts(annotations, labels map[string]string) bool {
	_, annotated := annotations[PortsAnnotation]
	_, labelled := labels[PortsAnnotation]
	return annotated || labelled
}

// RefusesPods reports whether the runtime can refuse a pod without harm. containerd 2.0 to
// 2.2.5 keeps a record of a refused pod, with which it cannot start again.
func (r Runtime) RefusesPods() bool {
	v := "v" + strings.TrimPrefix(r.Version, "v")
	switch {
	case r.Name == CRIO:
		return true
	case r.Name != Containerd || !semver.IsValid(v):
		return false
	default:
		return semver.Compare(v, "v2.0.0-0") < 0 || semver.Compare(v, "v2.2.6") >= 0
	}
}
