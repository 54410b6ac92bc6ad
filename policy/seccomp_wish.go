package policy

import (
	"fmt"
	"slices"

	profiles "github.com/moby/profiles/seccomp"
	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/ocispec"
	"github.com/specguard/specguard/policy/seccomp"
)

// seccompWish is what rules want of the seccomp profile. It is done once the
// capabilities are settled.
type seccompWish struct {
	give  SeccompPattern // "" for none: the profile stays
	block seccomp.Block
}

// giveSeccomp asks for a profile and says so, once: the first who asks decides.
func (s *Subject) giveSeccomp(profile SeccompPattern) []string {
	if s.seccomp.give != "" {
		return nil
	}
	s.seccomp.give = profile
	if profile == seccompDefault {
		return []string{"set the default seccomp profile"}
	}
	return []string{"set seccomp profile " + string(profile)}
}

// blockSeccomp asks for what is to be blocked. It returns what is open and
// nobody has asked for yet.
func (s *Subject) blockSeccomp(b seccomp.Block) []string {
	before := s.seccomp.block
	s.seccomp.block = before.And(b)
	var open []string
	for _, f := range b.SocketFamilies {
		if !slices.Contains(before.SocketFamilies, f) {
			open = append(open, string(f))
		}
	}
	for _, c := range b.Syscalls {
		if !slices.Contains(before.Syscalls, c) {
			open = append(open, string(c))
		}
	}
	return open
}

// applySeccomp does what was asked for. Where a profile cannot be had, or would
// let more through than the one that is there, the spec stays and the rule that
// wanted it denies.
func (e *evaluation) applySeccomp() {
	e.sub.adjusting = false
	want := e.sub.seccomp
	e.sub.seccomp = seccompWish{}
	if want.give != "" {
		spec := e.sub.Spec
		if e.visible == Partial {
			spec = unknownCapabilities()
		}
		if profile, err := e.sub.seccompProfile(want.give, spec); err != nil || !e.sub.narrowSeccomp(profile) {
			return
		}
	}
	want.block = want.block.And(e.fitSeccomp())
	if want.block.Empty() {
		return
	}
	before := profileOf(&e.sub)
	if seccomp.IsNone(before) {
		before = openProfile()
	}
	if tight := want.block.Tighten(before); tight != before {
		e.sub.linux().Seccomp = tight
	}
}

// narrowSeccomp puts the profile in the place of the one that is there, where it lets
// nothing through that this does not, and reports whether it did.
func (s *Subject) narrowSeccomp(profile *specs.LinuxSeccomp) bool {
	before := profileOf(s)
	if !seccomp.IsNone(before) {
		profile = onlyArchitectures(profile, before.Architectures)
	}
	if !seccomp.Within(profile, before) {
		return false
	}
	s.linux().Seccomp = profile
	return true
}

// onlyArchitectures takes the architectures away that another profile does not
// name: it kills what is called by their numbers. The machine's own, which comes
// first, every profile has.
func onlyArchitectures(p *specs.LinuxSeccomp, named []specs.Arch) *specs.LinuxSeccomp {
	out := *p
	out.Architectures = slices.DeleteFunc(slices.Clone(p.Architectures), func(a specs.Arch) bool { return !slices.Contains(named, a) })
	return &out
}

// openProfile lets everything through, by the numbers of every architecture that
// the machine runs programs of.
func openProfile() *specs.LinuxSeccomp {
	out := &specs.LinuxSeccomp{DefaultAction: specs.ActAllow}
	if p, err := defaultSeccomp(unknownCapabilities()); err == nil {
		out.Architectures = p.Architectures
	}
	return out
}

// seccompProfile makes the profile for the capabilities that the spec has.
func (s *Subject) seccompProfile(named SeccompPattern, spec *specs.Spec) (*specs.LinuxSeccomp, error) {
	if named == seccompDefault {
		return defaultSeccomp(spec)
	}
	data, err := s.Host.SeccompProfile(named.file())
	if err != nil {
		return nil, err
	}
	return ParseSeccompProfile(data, spec)
}

// ParseSeccompProfile reads the file of a seccomp profile, for the capabilities
// that a spec has; nil is none. It may be written as in the OCI runtime spec, or
// as for Docker and CRI-O, with conditions on capabilities and architectures.
func ParseSeccompProfile(data []byte, spec *specs.Spec) (*specs.LinuxSeccomp, error) {
	p, err := profiles.LoadProfile(string(data), capabilitiesOf(spec))
	if err != nil {
		return nil, err
	}
	if !confines(p) {
		return nil, fmt.Errorf("the seccomp profile blocks nothing")
	}
	return p, nil
}

// defaultSeccomp makes the container runtimes' default profile (github.com/
// moby/profiles) for the capabilities in the spec's bounding set.
func defaultSeccomp(spec *specs.Spec) (*specs.LinuxSeccomp, error) {
	if spec.Process == nil {
		return nil, fmt.Errorf("the spec has no process")
	}
	return profiles.GetDefaultProfile(capabilitiesOf(spec))
}

// capabilitiesOf is a spec with the capabilities alone. Without a set of them
// the making of profiles would fail.
func capabilitiesOf(spec *specs.Spec) *specs.Spec {
	out := &specs.Spec{Process: &specs.Process{Capabilities: &specs.LinuxCapabilities{}}}
	if spec != nil && spec.Process != nil && spec.Process.Capabilities != nil {
		out.Process.Capabilities = spec.Process.Capabilities
	}
	return ocispec.Clone(out)
}

// unknownCapabilities stands for a spec whose capabilities are not shown: of
// those that a profile depends on it has the one that runtimes give a container
// that asks for nothing.
func unknownCapabilities() *specs.Spec {
	return &specs.Spec{Process: &specs.Process{Capabilities: &specs.LinuxCapabilities{Bounding: []string{"CAP_SYS_CHROOT"}}}}
}

// mayUse reports whether the container can have the capability, or while rules adjust,
// whether it could.
func (s *Subject) mayUse(capability string) bool { return mayUse(s.madeFor(), capability) }

func mayUse(spec *specs.Spec, capability string) bool {
	p := spec.Process
	if p == nil || p.Capabilities == nil {
		return true // not shown, or all of them
	}
	return hasCapability(p.Capabilities.Bounding, capability)
}
