package containerruntime

import (
	"path"

	"github.com/specguard/specguard/policy"
)

// crioSeccomp is the annotation in which CRI-O writes the requested profile. It overwrites
// a pod's annotations. Annotations and labels that a caller of CRI gives the container
// overwrite it; the kubelet gives none of that name.
const crioSeccomp = "io.kubernetes.cri-o.SeccompProfilePath"

// Seccomp returns the seccomp profile that a container asked its runtime for, from the
// annotations of its spec: RuntimeDefault, Unconfined, or a file of the node. Both are
// empty if nothing shows it, as for a profile that came with an image.
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
