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

// PodVolume tells of which plugin's volume the path is a subPath; "" for a
// hostPath, which is no plugin's.
func (h volumeHost) PodVolume(podUID, p string) (plugin string, ok bool) {
	rest, isSubPath := strings.CutPrefix(p, path.Join(h.pod.dir, "volume-subpaths")+"/")
	name, _, _ := strings.Cut(rest, "/")
	v := h.pod.volume(name)
	if podUID != h.pod.ids.pod || !isSubPath || v == nil {
		return "", false
	}
	return v.folder(), true
}

// PodBlockDevice tells of the numbers that volumeDevices are given here.
func (h volumeHost) PodBlockDevice(podUID string, major, _ int64) bool {
	return podUID == h.pod.ids.pod && major == blockMajor
}
