package oracle

import (
	"path"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/policy"
)

// The pod and the container that all specs are for.
const (
	podUID      = "b58d4d50-a334-b57c-f911-ed0bfa6e2193"
	podID       = "8307b1b231d7c4c38d47e99382a17ae3e0c869a1af9c054de6c1c5e697dcb16c"
	podPid      = "26378"
	containerID = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
	container   = "app"
)

// The node's folders, with no symlink in their names.
const (
	podDir     = "/var/lib/kubelet/pods/" + podUID
	runtimeDir = "/var/lib/containerd/io.containerd.grpc.v1.cri"
	runDir     = "/run/containerd/io.containerd.grpc.v1.cri"
)

// node is what the container's spec does not tell: the machine and the pod.
type node struct {
	policy.NoHost
	appArmor    bool // the kernel has it
	hostNetwork bool // the pod is in the host's network
	delegated   bool // cgroups are v2, mounted with nsdelegate
}

// links are the node's symlinks.
func links() map[string]string {
	return map[string]string{"/var/run": "/run", "/srv/link": "/etc"}
}

// resolve follows the node's symlinks.
func resolve(name string) (resolved string, followed []string) {
	name = path.Clean(name)
	for from, to := range links() {
		if rest, ok := strings.CutPrefix(name, from); ok && (rest == "" || rest[0] == '/') {
			return to + rest, []string{from}
		}
	}
	return name, nil
}

// ResolvePath sees all of the node's files.
func (node) ResolvePath(name string) (resolved string, followed []string, err error) {
	resolved, followed = resolve(name)
	return resolved, followed, nil
}

// PodVolume knows one subPath, of an emptyDir.
func (node) PodVolume(uid, at string) (plugin string, ok bool) {
	return "kubernetes.io~empty-dir", uid == podUID && at == subPath
}

const subPath = podDir + "/volume-subpaths/cache/" + container + "/0"

// loaded are the AppArmor profiles that are loaded. The value reports whether one
// confines.
func loaded() map[string]bool {
	return map[string]bool{"cri-containerd.apparmor.d": true, "web": true, "lazy": false}
}

// AppArmor tells of it.
func (n node) AppArmor() policy.AppArmor {
	if !n.appArmor {
		return policy.AppArmor{State: policy.Disabled}
	}
	return policy.AppArmor{State: policy.Enabled, Profiles: loaded()}
}

// SELinux is not there.
func (node) SELinux() policy.LSM { return policy.Disabled }

// SELinuxLabel is never asked.
func (node) SELinuxLabel(string) (valid bool, err error) { return false, policy.ErrNotVisible }

// CgroupsDelegated reports whether a container may manage its own cgroups.
func (n node) CgroupsDelegated() bool { return n.delegated }

// podNamespaces are the types of the namespaces that the pod has of its own.
func (n node) podNamespaces() []string {
	own := []string{"pid", "ipc", "uts", "mount"}
	if !n.hostNetwork {
		own = append(own, "network")
	}
	return own
}

// ofHost reports whether a namespace's path leads to the host's own.
func ofHost(file string) bool { return strings.HasPrefix(file, "/proc/1/ns/") }

// subject is the container with that spec.
func (n node) subject(spec *specs.Spec) policy.Subject {
	var host []string
	if spec.Linux != nil {
		for _, ns := range spec.Linux.Namespaces {
			if ofHost(ns.Path) && !slices.Contains(host, string(ns.Type)) {
				host = append(host, string(ns.Type))
			}
		}
	}
	return policy.Subject{
		Pod: policy.Pod{
			Name: "web-0", Namespace: "default", UID: podUID, ID: podID, LinuxNamespaces: n.podNamespaces(), HostNamespaces: host,
			LinuxNamespacePaths: map[string][]string{
				"network": {"/proc/" + podPid + "/ns/net"}, "ipc": {"/proc/" + podPid + "/ns/ipc"}, "uts": {"/proc/" + podPid + "/ns/uts"},
				"user": {"/proc/" + podPid + "/ns/user"},
			},
		},
		Container: policy.Container{Name: container, ID: containerID, Image: "registry.example.com/app@sha256:" + strings.Repeat("a", 64)},
		Spec:      spec, Host: n,
	}
}
