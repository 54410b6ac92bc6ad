package policy

import (
	"path"
	"slices"
)

// sensitivePath is a path of the host that gives whoever can write it, or
// talk to it, the node: an allowed path that merely lies above does not cover
// it.
type sensitivePath struct {
	path  string // resolved
	owner string // such as "the kubelet's"

	// read: what can be read there, or talked to, gives the node away too.
	read bool
}

// touches reports whether the source is the path, lies in it, or holds it.
func (p sensitivePath) touches(source string) bool {
	_, in := under(p.path, source)
	_, holds := under(source, p.path)
	return in || holds
}

// owned are paths of one owner.
type owned struct {
	owner string
	read  bool
	paths []string
}

// sensitivePaths gives them all as they are on the subject's host. One that
// cannot be resolved counts as it is written.
func sensitivePaths(s *Subject) []sensitivePath {
	var all []sensitivePath
	for _, o := range append(secretPaths(s.Host), executedPaths()...) {
		for _, p := range o.paths {
			if resolved, err := s.resolve(p); err == nil {
				p = resolved
			}
			all = append(all, sensitivePath{p, o.owner, o.read})
		}
	}
	return all
}

// The owners of sensitive paths.
const (
	ofRuntime = "the container runtime's"
	ofKubelet = "the kubelet's"
)

// socketPaths are the sockets of container runtimes and of the kubelet, with the folders that
// hold them: whoever can talk to one has the node.
func socketPaths(host Host) []owned {
	return []owned{
		{ofRuntime, true, usualSockets()},
		{ofKubelet, true, []string{
			path.Join(host.KubeletDir(), "device-plugins"), path.Join(host.KubeletDir(), "pod-resources"),
			path.Join(host.KubeletDir(), "plugins_registry"),
		}},
		{ofRuntime, true, otherSockets(host)},
	}
}

func usualSockets() []string {
	return []string{
		"/run/containerd", "/run/crio", "/run/docker.sock", "/run/docker", "/run/dockershim.sock", "/run/podman",
		"/run/cri-dockerd.sock", "/run/nri", "/run/buildkit", "/run/vc", "/run/kata-containers", "/run/k3s", "/run/k0s",
	}
}

// otherSockets are those of few distributions (Bottlerocket, openEuler, Talos, MicroK8s), and of this node.
func otherSockets(host Host) []string {
	return append(host.RuntimeSockets(), "/run/host-containerd", "/run/isulad.sock", "/system/run/containerd", "/var/snap/microk8s/common/run")
}

// secretPaths are those that also reading gives away: sockets, secrets and the
// files of other containers.
func secretPaths(host Host) []owned {
	return []owned{
		{ofRuntime, true, slices.Concat(usualSockets(), []string{
			"/run/containers", "/var/lib/containerd", "/var/lib/containers", "/var/lib/docker", "/var/lib/crio",
			"/var/lib/rancher", "/var/lib/k0s", "/etc/containerd", "/etc/crio", "/etc/containers", "/etc/nri", "/opt/nri", "/etc/cni",
		}, host.RuntimeDirs(), otherSockets(host))},
		{ofKubelet, true, []string{host.KubeletDir(), "/etc/kubernetes"}},
		{"specguard's", true, []string{"/etc/specguard", "/run/specguard"}},
		{"etcd's", true, []string{"/var/lib/etcd"}},
		{"systemd's", true, []string{"/run/systemd", "/run/dbus"}},
	}
}

// executedPaths are those from which the node's own programs run others, load
// libraries or take orders, and that can be read without harm.
//
// Source: containerd, docs/cri/config.md (cni.bin_dir, cdi_spec_dirs); crio.conf(5)
// (plugin_dirs, hooks_dir); kubelet --volume-plugin-dir; runc and crun --root;
// kubernetes/pkg/kubelet (/var/log/pods), which follows links there.
func executedPaths() []owned {
	return []owned{
		{ofRuntime, false, []string{
			"/opt/cni", "/opt/containerd", "/opt/kata", "/opt/bin", "/etc/cdi", "/run/cdi",
			"/run/runc", "/run/crun", "/run/youki", "/run/runsc", "/var/lib/cni", "/usr/local/nvidia", "/usr/share/containers",
		}},
		{ofKubelet, false, []string{"/usr/libexec/kubernetes", "/home/kubernetes", "/var/log/pods", "/var/log/containers"}},
		{"the node's", false, []string{
			"/bin", "/sbin", "/lib", "/lib64", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib64", "/usr/libexec",
			"/usr/local/bin", "/usr/local/sbin", "/usr/local/lib", "/usr/local/libexec",
		}},
		{"systemd's", false, []string{"/etc/systemd"}},
	}
}
