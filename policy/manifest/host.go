package manifest

import (
	"path"
	"strings"

	"github.com/specguard/specguard/policy"
)

// volumeHost is a node of which nothing can be seen but the pod's volumes, as
// far as the manifest tells them.
type volumeHost struct {
	policy.NoHost
	pod *pod
}

// PodVolume tells whether the path is a subPath of a volume that is not a
// hostPath.
func (h volumeHost) PodVolume(podUID, p string) (inside, ok bool) {
	rest, isSubPath := strings.CutPrefix(p, path.Join(h.pod.dir, "volume-subpaths")+"/")
	name, _, _ := strings.Cut(rest, "/")
	v := h.pod.volume(name)
	if podUID != h.pod.ids.pod || !isSubPath || v == nil {
		return false, false
	}
	return v.plugin.kind != hostPath, true
}
