package plugin

import (
	"path"

	"github.com/containerd/nri/pkg/api"
	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/policy"
)

// Asked is the seccomp profile that a container asked its runtime for: one that
// has a name, or a file of the node. Empty: nothing tells.
type Asked struct {
	Name      policy.SeccompPattern // RuntimeDefault or Unconfined
	Localhost string
}

// crioSeccomp is what CRI-O writes on the spec of the profile that was asked for.
// It writes it over what a pod's annotations say. Annotations and labels that a
// caller of CRI gives the container go over it: the kubelet gives none such.
const crioSeccomp = "io.kubernetes.cri-o.SeccompProfilePath"

// askedOfCRIO reads CRI-O's annotation. It is empty for a profile that came with
// an image.
func askedOfCRIO(runtime string, annotations map[string]string) Asked {
	text := annotations[crioSeccomp]
	switch {
	case runtime != crio:
		return Asked{}
	case text == "RuntimeDefault" || text == "Unconfined":
		return Asked{Name: policy.SeccompPattern(text)}
	case path.IsAbs(text):
		return Asked{Localhost: text}
	default:
		return Asked{}
	}
}

// seccompAsked puts what was asked for into the subject, in the policies' words.
func seccompAsked(sub *policy.Subject, a Asked) {
	switch {
	case a.Name != "":
		sub.Container.Seccomp = a.Name
	case a.Localhost != "":
		folder := policy.NoHost{}.SeccompDir()
		if sub.Host != nil {
			folder = sub.Host.SeccompDir()
		}
		sub.Container.Seccomp = policy.SeccompProfileOf(a.Localhost, folder)
	}
}

// shownSeccomp is the profile that NRI shows, whole: a tightened one is carried
// back.
func shownSeccomp(p *api.LinuxSeccomp) *specs.LinuxSeccomp {
	out := &specs.LinuxSeccomp{
		DefaultAction:    specs.LinuxSeccompAction(p.GetDefaultAction()),
		ListenerPath:     p.GetListenerPath(),
		ListenerMetadata: p.GetListenerMetadata(),
		Syscalls:         api.ToOCILinuxSyscalls(p.GetSyscalls()),
	}
	if p.GetDefaultErrno() != nil {
		errno := uint(p.GetDefaultErrno().GetValue())
		out.DefaultErrnoRet = &errno
	}
	for _, a := range p.GetArchitectures() {
		out.Architectures = append(out.Architectures, specs.Arch(a))
	}
	for _, f := range p.GetFlags() {
		out.Flags = append(out.Flags, specs.LinuxSeccompFlag(f))
	}
	return out
}
