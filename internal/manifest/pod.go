package manifest

import (
	"cmp"
	"fmt"
	"path"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/policy"
)

// pod is a pod in the making.
type pod struct {
	*template
	ids   ids
	name  string
	dir   string // the kubelet's for the pod
	known known
}

func newPod(t *template, seed []byte) (*pod, error) {
	p := &pod{template: t, ids: newIDs(seed), name: cmp.Or(t.object.Metadata.Name, t.object.Metadata.GenerateName)}
	p.dir = path.Join(policy.DefaultKubeletDir, "pods", p.ids.pod)
	if len(t.Spec.Containers) == 0 {
		return nil, t.At.fault(t.path, "has no containers")
	}
	return p, nil
}

// containers derives the containers of the pod.
func (p *pod) containers() ([]Container, error) {
	var out []Container
	var faults Faults
	for _, list := range []struct {
		field      string
		containers []container
		token      bool // whether they get the service account's token
	}{
		{"initContainers", p.Spec.InitContainers, true},
		{"containers", p.Spec.Containers, true},
		{"ephemeralContainers", p.Spec.EphemeralContainers, false},
	} {
		for i := range list.containers {
			b := &builder{pod: p, container: &list.containers[i], token: list.token}
			b.at = nodesOf(&p.nodes, list.field, i)
			c, err := b.build(fmt.Sprintf("%s.%s[%d]", p.path, list.field, i))
			if err != nil {
				faults = append(faults, faultsOf(err)...)
				continue
			}
			out = append(out, c)
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return out, nil
}

// subject is what the pod's containers have in common.
func (p *pod) subject() policy.Pod {
	return policy.Pod{
		Name:            p.name,
		Namespace:       p.namespace(),
		UID:             p.ids.pod,
		ID:              p.ids.sandbox,
		Labels:          p.Metadata.Labels,
		Annotations:     p.Metadata.Annotations,
		RuntimeHandler:  p.Spec.RuntimeClassName,
		LinuxNamespaces: p.namespaces(),
		Sandbox:         p.sandbox(),
	}
}

func (p *pod) namespace() string { return cmp.Or(p.object.Metadata.Namespace, "default") }

// namespaces are those that the pod has of its own.
func (p *pod) namespaces() []string {
	var shared []specs.LinuxNamespaceType
	if p.Spec.HostNetwork {
		shared = append(shared, specs.NetworkNamespace, specs.UTSNamespace)
	}
	if p.Spec.HostPID {
		shared = append(shared, specs.PIDNamespace)
	}
	if p.Spec.HostIPC {
		shared = append(shared, specs.IPCNamespace)
	}
	own := []string{}
	for _, n := range defaultNamespaces() {
		if !slices.Contains(shared, n) {
			own = append(own, string(n))
		}
	}
	if p.userNamespace() {
		own = append(own, string(specs.UserNamespace))
	}
	return own
}

func (p *pod) userNamespace() bool { return p.Spec.HostUsers != nil && !*p.Spec.HostUsers }

// sandbox is what the kubelet asks for the pod as a whole. Ports of init
// containers it does not ask for. In the host's network namespace Kubernetes
// takes the container's port for the host's.
func (p *pod) sandbox() *policy.Sandbox {
	s := &policy.Sandbox{Sysctls: p.sysctls(), UIDMappings: p.mappings(), GIDMappings: p.mappings()}
	for _, c := range p.Spec.Containers {
		for _, port := range c.Ports {
			number := port.HostPort
			if p.Spec.HostNetwork {
				number = cmp.Or(number, port.ContainerPort)
			}
			if number != 0 {
				s.HostPorts = append(s.HostPorts, policy.HostPort{Port: number, Protocol: cmp.Or(port.Protocol, "TCP"), HostIP: port.HostIP})
			}
		}
	}
	return s
}

// sysctls are the pod's, and those that containerd sets where the pod has a
// network of its own and does not say otherwise (internal/cri/server/
// podsandbox).
func (p *pod) sysctls() map[string]string {
	out := make(map[string]string)
	if !p.Spec.HostNetwork {
		out["net.ipv4.ip_unprivileged_port_start"] = "0"
		if !p.userNamespace() {
			out["net.ipv4.ping_group_range"] = "0 2147483647"
		}
	}
	for _, s := range p.Spec.SecurityContext.Sysctls {
		out[s.Name] = s.Value
	}
	return out
}

// volume gives the pod's volume of the name; nil for none.
func (p *pod) volume(name string) *volume {
	at := slices.IndexFunc(p.Spec.Volumes, func(v volume) bool { return v.name == name })
	if at < 0 {
		return nil
	}
	return &p.Spec.Volumes[at]
}
