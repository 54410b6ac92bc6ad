package policy

import (
	"path"
	"strconv"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// kubeletMade reports whether the kubelet made the source for this container: it
// keeps a pod's volumes, its hosts file and the termination logs in a directory
// with the pod's uid. A volume's root is the kubelet's own; what lies in it is
// made by containers, and is a path of the host as any other. A hostPath volume
// is mounted from its own place, but where it has a subPath it is mounted from
// volume-subpaths, as the others are; it is of unknown type where that cannot
// be told.
//
// Source: Kubernetes 1.36, pkg/kubelet/kubelet_pods.go (makeMounts,
// makeHostsMount), kubelet_getters.go, pkg/volume/util/subpath (doBindSubPath).
func (s *Subject) kubeletMade(m *specs.Mount, source resolution) (v VolumeType, ok bool) {
	pods := s.lookUp(s.podsDir())
	if pods.err != nil || !isComponent(s.Pod.UID) {
		return noVolume, false
	}
	rest, ok := under(path.Join(pods.path, s.Pod.UID), source.path)
	if !ok || !s.straight(source, pods) {
		return noVolume, false
	}
	switch parts := strings.Split(rest, "/"); parts[0] {
	case "etc-hosts":
		return whereMade(runtimeFile, len(parts) == 1 && path.Clean(m.Destination) == "/etc/hosts")
	case "volumes":
		if !isVolumeRoot(parts[1:]) {
			return noVolume, false
		}
		return pluginVolume(parts[1]), true
	case "containers": // the termination log
		return whereMade(runtimeFile, len(parts) == 3 && parts[1] == s.Container.Name)
	case "volume-subpaths": // of a volume, for a container, by the index of the mount
		if len(parts) != 4 || parts[2] != s.Container.Name || !isIndex(parts[3]) {
			return noVolume, false
		}
		return s.subPath(source.path)
	default:
		return noVolume, false
	}
}

// whereMade is the type where it was made so, and none where not.
func whereMade(v VolumeType, made bool) (VolumeType, bool) {
	if !made {
		return noVolume, false
	}
	return v, true
}

// VolumeRoot returns the path, below a pod's folder volumes, of what the kubelet mounts into
// containers: PLUGIN/VOLUME, or PLUGIN/VOLUME/mount for a CSI driver.
//
// Source: Kubernetes 1.36, pkg/volume: GetPath of each plugin's mounter; those
// of the plugins that only older versions have are alike (release 1.20).
func VolumeRoot(plugin, volume string) string {
	if plugin == "kubernetes.io~csi" {
		return path.Join(plugin, volume, "mount")
	}
	return path.Join(plugin, volume)
}

// isVolumeRoot reports whether the path, in parts, is what the kubelet mounts.
func isVolumeRoot(parts []string) bool {
	return len(parts) > 1 && strings.Join(parts, "/") == VolumeRoot(parts[0], parts[1])
}

func isIndex(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= 0 && strconv.Itoa(n) == s
}

// subPath asks the host what the kubelet has mounted for a subPath.
func (s *Subject) subPath(source string) (v VolumeType, ok bool) {
	plugin, ok := s.Host.PodVolume(s.Pod.UID, source)
	if ok && plugin == "" {
		return hostPath, false
	}
	return pluginVolume(plugin), ok
}
