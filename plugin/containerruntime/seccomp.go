package containerruntime

import (
	"path"

	"github.com/specguard/specguard/policy"
)

// crioSeccomp is what CRI-O writes on the spec of the profile that was asked for.
// It writes it over what a pod's annotations say. Annotations and labels that a
// caller of CRI gives the container overwrite it: the kubelet gives none such.
const crioSeccomp = "io.kubernetes.cri-o.SeccompProfilePath"

// Seccomp is the seccomp profile that a container asked its runtime for, by the
// annotations of its spec: RuntimeDefault, Unconfined, or a file of the node.
// Both are empty where nothing shows it, such as for a profile that came with an
// image.
func (r Runtime) Seccomp(annotations map[string]string) (name policy.SeccompPattern, localhost string) {
	text := annotations[crioSeccomp]
	switch {
	case r.Name != CRIO:
		return "", ""
	case text == "RuntimeDefault" || text == "Unconfined":
		return policy.SeccompPattern(text), ""
	case path.IsAbs(text):
		return "", text
	default:
		return "", ""
	}
}
