// Package containerruntime knows how containerd and CRI-O show pods and
// containers, by whatever API: what they write into annotations and labels, and
// which of it a pod's author can write instead.
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

// Runtime is a container runtime, as it introduces itself. The zero value is one
// that has not done so.
type Runtime struct {
	Name    string
	Version string // "" where it is not known
}

// containerNameLabel names the container where the runtime's NRI does not
// (CRI-O).
const containerNameLabel = "io.kubernetes.container.name"

// ContainerName is the container's name, from the name that the runtime shows and
// the container's labels.
func ContainerName(name string, labels map[string]string) string {
	if label := labels[containerNameLabel]; label != "" {
		return label
	}
	return name
}

// By the annotation a pod's author has containerd run the pod by the handler
// untrusted. The runtime shows the handler that was asked for, which is none.
const (
	untrusted           = "untrusted"
	untrustedAnnotation = "io.kubernetes.cri.untrusted-workload"
)

// Handler is the runtime handler that runs a pod, from the one that the runtime
// shows and the pod's annotations.
func (r Runtime) Handler(handler string, annotations map[string]string) string {
	if r.Name == Containerd && handler == "" && annotations[untrustedAnnotation] == "true" {
		return untrusted
	}
	return handler
}

// PortsAnnotation is where CRI-O keeps the ports of a pod, on its sandbox's spec.
// It lets annotations and labels of the pod overwrite its own there.
const PortsAnnotation = "io.kubernetes.cri-o.PortMappings"

// ClaimsPorts reports whether the pod's author has written PortsAnnotation, as an
// annotation or a label.
func ClaimsPorts(annotations, labels map[string]string) bool {
	_, annotated := annotations[PortsAnnotation]
	_, labelled := labels[PortsAnnotation]
	return annotated || labelled
}

// RefusesPods reports whether the runtime can refuse a pod and go on: containerd
// from 2.0 to 2.2.5 keeps a record of it that stops its next start.
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
