package policy

// sensitivePath is a path of the host that gives whoever can write it, or
// talk to it, the node: an allowed path that merely lies above does not cover
// it.
type sensitivePath struct {
	path  string // resolved
	owner string // such as "the kubelet's"
}

// touches tells whether the source is the path, lies in it, or holds it.
func (p sensitivePath) touches(source string) bool {
	_, in := under(p.path, source)
	_, holds := under(source, p.path)
	return in || holds
}

// sensitivePaths gives them all as they are on the subject's host. One that
// cannot be resolved counts as it is written.
func sensitivePaths(s *Subject) []sensitivePath {
	const runtime, kubelet, own = "the container runtime's", "the kubelet's", "specguard's"
	all := []sensitivePath{
		{"/run/containerd", runtime}, {"/run/crio", runtime}, {"/run/docker.sock", runtime}, {"/run/docker", runtime},
		{"/run/podman", runtime}, {"/run/cri-dockerd.sock", runtime}, {"/run/nri", runtime},
		{"/var/lib/containerd", runtime}, {"/var/lib/containers", runtime}, {"/var/lib/docker", runtime},
		{"/run/k3s", runtime}, {"/var/lib/rancher", runtime}, {"/run/k0s", runtime}, {"/var/lib/k0s", runtime},
		{"/etc/containerd", runtime}, {"/etc/crio", runtime}, {"/etc/nri", runtime}, {"/opt/nri", runtime},
		{s.Host.KubeletDir(), kubelet}, {"/etc/kubernetes", kubelet},
		{"/etc/specguard", own}, {"/run/specguard", own},
	}
	for _, dir := range s.Host.RuntimeDirs() {
		all = append(all, sensitivePath{dir, runtime})
	}
	for i := range all {
		if p, err := s.resolve(all[i].path); err == nil {
			all[i].path = p
		}
	}
	return all
}
