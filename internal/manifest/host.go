package manifest

import (
	"path"
	"strconv"
	"strings"

	"github.com/specguard/specguard/policy"
)

// volumeHost is a node of which nothing can be seen but the pod's volumes, as
// far as the manifest tells them.
type volumeHost struct {
	policy.NoHost
	pod *pod
}

// PodVolume returns the plugin of whose volume the path is a subPath; "" for a hostPath, which is
// no plugin's.
func (h volumeHost) PodVolume(podUID, p string) (plugin string, ok bool) {
	rest, isSubPath := strings.CutPrefix(p, path.Join(h.pod.dir, "volume-subpaths")+"/")
	name, _, _ := strings.Cut(rest, "/")
	v := h.pod.volume(name)
	if podUID != h.pod.ids.pod || !isSubPath || v == nil {
		return "", false
	}
	return v.folder(), true
}

// Locate tells where the files of a path are: of a subPath of a hostPath volume, as the manifest says.
// What the environment makes of a subPathExpr is not known: it can be the whole volume.
func (h volumeHost) Locate(p string) ([]policy.Location, error) {
	rest, isSubPath := strings.CutPrefix(p, path.Join(h.pod.dir, "volume-subpaths")+"/")
	if parts := strings.Split(rest, "/"); isSubPath && len(parts) == 3 {
		if v := h.pod.volume(parts[0]); v != nil && v.plugin.kind == hostPath {
			p, _ = policy.FollowUsualLink(path.Join(v.source.Path, h.subPath(parts[1], parts[2])))
		}
	}
	return []policy.Location{{Device: "host", Root: p}}, nil
}

// subPath is what the container's mount of that index asks for; "" for none, and where the environment
// decides.
func (h volumeHost) subPath(name, index string) string {
	for _, list := range [][]container{h.pod.Spec.InitContainers, h.pod.Spec.Containers, h.pod.Spec.EphemeralContainers} {
		for _, c := range list {
			if i, err := strconv.Atoi(index); c.Name == name && err == nil && i >= 0 && i < len(c.VolumeMounts) {
				return c.VolumeMounts[i].SubPath
			}
		}
	}
	return ""
}

// PodBlockDevice tells of the numbers that volumeDevices are given here.
func (h volumeHost) PodBlockDevice(podUID string, major, _ int64) bool {
	return podUID == h.pod.ids.pod && major == blockMajor
}
