package manifest

import (
	"github.com/opencontainers/runtime-spec/specs-go"
)

// defaultNamespaces are those of containerd's default spec.
func defaultNamespaces() []specs.LinuxNamespaceType {
	return []specs.LinuxNamespaceType{
		specs.PIDNamespace, specs.IPCNamespace, specs.UTSNamespace, specs.MountNamespace, specs.NetworkNamespace,
	}
}

// namespaces are the container's. Those of the pod are given by the sandbox's
// process also where they are the host's.
func (b *builder) namespaces() []specs.LinuxNamespace {
	const sandbox, target = "/proc/1000/ns/", "/proc/1001/ns/" // of processes that are made up
	p := &b.pod.Spec
	var out []specs.LinuxNamespace
	for _, typ := range defaultNamespaces() {
		n := specs.LinuxNamespace{Type: typ}
		switch {
		case typ == specs.NetworkNamespace:
			n.Path = sandbox + "net"
		case typ == specs.IPCNamespace || typ == specs.UTSNamespace, typ == specs.PIDNamespace && (p.HostPID || p.ShareProcessNamespace):
			n.Path = sandbox + string(typ)
		case typ == specs.PIDNamespace && b.container.TargetContainerName != "":
			n.Path = target + string(typ)
		}
		out = append(out, n)
	}
	if !b.container.SecurityContext.Privileged {
		out = append(out, specs.LinuxNamespace{Type: specs.CgroupNamespace})
	}
	if b.pod.userNamespace() {
		out = append(out, specs.LinuxNamespace{Type: specs.UserNamespace, Path: sandbox + "user"})
	}
	return out
}

// userNamespace maps ids as the kubelet does, which gives each pod 65536 of
// them, all above its own.
func (b *builder) userNamespace() {
	b.spec.Linux.UIDMappings, b.spec.Linux.GIDMappings = b.pod.mappings(), b.pod.mappings()
}

// mappings are new at each call, as nothing in a spec may be shared; nil where
// the pod has no user namespace.
func (p *pod) mappings() []specs.LinuxIDMapping {
	if !p.userNamespace() {
		return nil
	}
	return []specs.LinuxIDMapping{{ContainerID: 0, HostID: 65536, Size: 65536}}
}
