package cri

import (
	"path/filepath"

	"crypto/rand"

	api "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// Labels that a kubelet puts on all that it makes.
const (
	labelPodName       = "io.kubernetes.pod.name"
	labelPodNamespace  = "io.kubernetes.pod.namespace"
	labelPodUID        = "io.kubernetes.pod.uid"
	labelContainerName = "io.kubernetes.container.name"
)

// A PodOption changes a pod before it is made.
type PodOption func(*api.PodSandboxConfig)

// Pod returns what a kubelet sends for a best-effort pod with host network, in
// the namespace "default" and with a fresh uid.
func (c *Client) Pod(name string, options ...PodOption) *api.PodSandboxConfig {
	pod := &api.PodSandboxConfig{
		Metadata: &api.PodSandboxMetadata{Name: name, Namespace: "default", Uid: newUID()},
		Labels:   map[string]string{},
		Annotations: map[string]string{
			"kubernetes.io/config.seen":   "2026-01-01T00:00:00.000000000Z",
			"kubernetes.io/config.source": "api",
		},
		Linux: &api.LinuxPodSandboxConfig{
			SecurityContext: &api.LinuxSandboxSecurityContext{
				NamespaceOptions: &api.NamespaceOption{
					Network: api.NamespaceMode_NODE,
					Pid:     api.NamespaceMode_CONTAINER,
					Ipc:     api.NamespaceMode_POD,
				},
				Seccomp: &api.SecurityProfile{ProfileType: api.SecurityProfile_RuntimeDefault},
			},
			Resources: &api.LinuxContainerResources{CpuShares: 2},
			Overhead:  &api.LinuxContainerResources{},
		},
	}
	for _, option := range options {
		option(pod)
	}
	m := pod.Metadata
	pod.Labels[labelPodName] = m.Name
	pod.Labels[labelPodNamespace] = m.Namespace
	pod.Labels[labelPodUID] = m.Uid
	pod.LogDirectory = filepath.Join(c.layout.LogRoot, m.Namespace+"_"+m.Name+"_"+m.Uid)
	if pod.Linux.CgroupParent == "" {
		pod.Linux.CgroupParent = filepath.Join("besteffort", "pod"+m.Uid)
	}
	pod.Linux.CgroupParent = filepath.Join(c.layout.CgroupParent, pod.Linux.CgroupParent)
	return pod
}

// newUID returns a random identifier in the form of a Kubernetes uid.
func newUID() string {
	const digits = "0123456789abcdef"
	b := make([]byte, 32)
	rand.Read(b)
	for i := range b {
		b[i] = digits[b[i]%16]
	}
	s := string(b)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// Namespace puts the pod in a Kubernetes namespace.
func Namespace(namespace string) PodOption {
	return func(p *api.PodSandboxConfig) { p.Metadata.Namespace = namespace }
}

// CgroupParent gives the pod another cgroup than a kubelet would, below that of all
// pods.
func CgroupParent(path string) PodOption {
	return func(pod *api.PodSandboxConfig) { pod.Linux.CgroupParent = path }
}

// Label adds a label to the pod.
func Label(key, value string) PodOption {
	return func(p *api.PodSandboxConfig) { p.Labels[key] = value }
}

// Annotation adds an annotation to the pod.
func Annotation(key, value string) PodOption {
	return func(p *api.PodSandboxConfig) { p.Annotations[key] = value }
}

// HostNamespaces shares the node's pid and ipc namespaces with the pod, for the
// sandbox; see [ShareNamespaces] for its containers.
func HostNamespaces(pid, ipc bool) PodOption {
	return func(p *api.PodSandboxConfig) {
		share(p.Linux.SecurityContext.NamespaceOptions, pid, ipc)
	}
}

// PodNetwork gives the pod a network namespace of its own; the node needs a
// network, and the containers [InPodNetwork].
func PodNetwork() PodOption {
	return func(p *api.PodSandboxConfig) {
		p.Linux.SecurityContext.NamespaceOptions.Network = api.NamespaceMode_POD
	}
}

// PrivilegedPod allows privileged containers in the pod, as a kubelet does when
// one of the pod's containers asks for it.
func PrivilegedPod() PodOption {
	return func(p *api.PodSandboxConfig) {
		p.Linux.SecurityContext.Privileged = true
		p.Linux.SecurityContext.Seccomp.ProfileType = api.SecurityProfile_Unconfined
	}
}

// Sysctl sets a namespaced kernel parameter of the pod.
func Sysctl(key, value string) PodOption {
	return func(p *api.PodSandboxConfig) {
		if p.Linux.Sysctls == nil {
			p.Linux.Sysctls = map[string]string{}
		}
		p.Linux.Sysctls[key] = value
	}
}

// HostPort leads a port of the node to the same port of the pod.
func HostPort(port int32, protocol api.Protocol) PodOption {
	return func(p *api.PodSandboxConfig) {
		p.PortMappings = append(p.PortMappings, &api.PortMapping{Protocol: protocol, ContainerPort: port, HostPort: port})
	}
}

// Port tells of a port that the pod listens on; the node has none for it.
func Port(port int32) PodOption {
	return func(p *api.PodSandboxConfig) {
		p.PortMappings = append(p.PortMappings, &api.PortMapping{ContainerPort: port})
	}
}

// UserNamespace gives the pod a user namespace, as hostUsers: false does. Its
// containers must be [InUserNamespace].
func UserNamespace() PodOption {
	return func(p *api.PodSandboxConfig) {
		p.Linux.SecurityContext.NamespaceOptions.UsernsOptions = userNamespace()
	}
}

// userNamespace is a user namespace in which nobody is root of the node.
func userNamespace() *api.UserNamespace {
	mappings := []*api.IDMapping{{HostId: 1 << 16, Length: 1 << 16}}
	return &api.UserNamespace{Mode: api.NamespaceMode_POD, Uids: mappings, Gids: mappings}
}

func share(namespaces *api.NamespaceOption, pid, ipc bool) {
	if pid {
		namespaces.Pid = api.NamespaceMode_NODE
	}
	if ipc {
		namespaces.Ipc = api.NamespaceMode_NODE
	}
}
