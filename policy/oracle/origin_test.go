package oracle

import (
	"path"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// Who made the source of a bind mount.
const (
	byKubelet = "kubelet"
	byRuntime = "runtime"
)

// from tells who made the source for this container, the kubelet or the container
// runtime, and the type of the volume that it is, as the kubelet calls it. "" is
// nobody: it is a path of the host, or another pod's.
func (n node) from(m *mount, l *specs.Linux) (who, typ string) {
	source, _ := resolve(m.Source)
	switch {
	case !path.IsAbs(m.Source):
		return "", ""
	case source == "/sys" && m.at == "/sys" && m.ro && n.hostNetwork && ownIDs(l):
		// In the host's network nobody can mount a sysfs from a user namespace: runtimes
		// show the host's, in which the container has nobody's rights.
		return byRuntime, ""
	}
	if rest, ok := strings.CutPrefix(source, podDir+"/"); ok {
		return ofKubelet(strings.Split(rest, "/"), source, m.at)
	}
	for _, dir := range []string{runtimeDir, runDir} {
		if rest, ok := strings.CutPrefix(source, dir+"/"); ok {
			return ofRuntime(strings.Split(rest, "/"), m.at)
		}
	}
	return "", ""
}

// ofKubelet knows the kubelet's folder for a pod (pkg/kubelet/kubelet_getters.go).
func ofKubelet(parts []string, source, at string) (who, typ string) {
	switch {
	case parts[0] == "etc-hosts" && len(parts) == 1 && at == "/etc/hosts",
		parts[0] == "containers" && len(parts) == 3 && parts[1] == container:
		return byKubelet, ""
	case source == subPath:
		return byKubelet, "kubernetes.io~empty-dir"
	case parts[0] == "volumes" && len(parts) == 3 && parts[1] != csi,
		parts[0] == "volumes" && len(parts) == 4 && parts[1] == csi && parts[3] == "mount":
		return byKubelet, parts[1]
	default:
		return "", ""
	}
}

const csi = "kubernetes.io~csi"

// ofRuntime knows containerd's folders (internal/cri/server).
func ofRuntime(parts []string, at string) (who, typ string) {
	files := map[string]string{"hostname": "/etc/hostname", "hosts": "/etc/hosts", "resolv.conf": "/etc/resolv.conf", "shm": "/dev/shm"}
	switch {
	case len(parts) == 3 && parts[0] == "sandboxes" && parts[1] == podID && files[parts[2]] == at && at != "":
		return byRuntime, ""
	case len(parts) == 4 && parts[0] == "containers" && parts[1] == containerID && parts[2] == "volumes": // the image's VOLUME
		return byRuntime, ""
	case len(parts) > 2 && parts[0] == "image-volumes" && parts[1] == podID:
		return byRuntime, "image"
	default:
		return "", ""
	}
}

// restrictedVolume reports whether the Pod Security Standards allow a volume of the
// type in Restricted.
func restrictedVolume(typ string) bool {
	switch strings.TrimPrefix(typ, "kubernetes.io~") {
	case "configmap", "csi", "downward-api", "empty-dir", "projected", "secret":
		return strings.HasPrefix(typ, "kubernetes.io~")
	case "image":
		return typ == "image"
	default:
		return false
	}
}
