package policy

import (
	"fmt"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/strict"
	"github.com/specguard/specguard/policy/seccomp"
)

// SeccompProfile requires a seccomp profile, and can require that it denies certain calls.
//
// The rule judges what the filter denies that runc and crun build from the profile with
// libseccomp. A call that is traced (SCMP_ACT_TRACE) or notified (SCMP_ACT_NOTIFY) is not denied.
// A profile counts only if it denies what the default profiles of all runtimes deny: loading
// modules, kexec, swapon, open_by_handle_at, bpf, acct, settimeofday, add_key and request_key. It
// need not deny a call that the default profiles permit for one of the container's capabilities.
//
// The spec has the content of a profile, but not its name. containerd shows the opener the name
// that was requested, and CRI-O writes it into an annotation. The rule trusts this name. (Another
// NRI plugin may have replaced the profile, but such plugins are part of the node.) If the name
// is not known or not allowed, the content counts: a profile counts as RuntimeDefault if it
// permits nothing that the default profile denies, and as Localhost with a file's name if it
// permits nothing that the file denies. If the rule cannot decide this, the profile is not
// allowed.
//
// Reads: linux.seccomp (OCI runtime spec, config-linux.md, "Seccomp"), process.capabilities,
// the node's seccomp folder, and the profile that was asked for.
// Adjusts: sets the profile to apply if the container has none, or if its profile is not allowed
// and permits everything that the profile to apply permits. Another profile that is not allowed
// leads to a denial. RuntimeDefault is the container runtimes' default profile for the
// capabilities that remain after every other rule has adjusted. The rule then denies with EPERM
// what is to be blocked, in every profile: the profile never permits more than before. Default
// profiles permit some calls only to containers with a certain capability. If another rule
// removes such a capability, this rule adapts the profile, even if it rejects: it makes the
// default profile anew for the remaining capabilities, and in another profile it denies those
// calls. If several policies apply profiles, they apply one that all of them allow, as in rule
// appArmorProfile; RuntimeDefault comes first.
// Source: Pod Security Standards, Restricted, "Seccomp"; seccomp(2); libseccomp 2.5.4,
// src/db.c; runc 1.5.2, libcontainer/seccomp; what the kernel answers under the filters of runc
// 1.5.2 and crun 1.8.1; github.com/moby/profiles for the profile.
// Example: {onViolation: adjust, block: {socketFamilies: [AF_ALG], syscalls: [bpf]}}
type SeccompProfile struct {
	Base `yaml:",inline"`

	// Allowed lists the allowed profiles. If it contains Unconfined, a container needs no
	// profile.
	// Default: all but Unconfined.
	Allowed []SeccompPattern `yaml:"allowed"`

	// Apply is the profile that adjusting sets: RuntimeDefault, or Localhost/ and a file in the
	// node's seccomp folder. If the file cannot be read, the container is denied. An allowed
	// profile stays as it is: to give every container this profile, allow no other.
	// Default: RuntimeDefault.
	Apply SeccompPattern `yaml:"apply"`

	// AnyProfile: a profile counts if it denies at least one call, as in the Pod Security
	// Standards.
	AnyProfile bool `yaml:"anyProfile"`

	// Block lists what must be denied in addition to the profile.
	Block seccomp.Block `yaml:"block"`

	force force[*SeccompProfile] // with those of other policies, while it adjusts
}

// Validate requires a profile to apply that is one, and allowed.
func (r *SeccompProfile) Validate() error {
	switch {
	case r.Allowed != nil && len(r.Allowed) == 0:
		return strict.Field("allowed", "is an empty list; name at least one profile")
	case r.Apply == seccompUnconfined:
		return strict.Field("apply", "Unconfined cannot be applied")
	case r.Apply != "" && r.Apply != seccompDefault && r.Apply.file() == "":
		return strict.Field("apply", "needs the name of one profile, not a pattern")
	case r.Apply != "" && !r.permits(r.Apply):
		return strict.Field("apply", "is not among the allowed profiles (allowed: %s)", joined(r.Allowed))
	case r.Action() == Adjust && !r.permits(r.applied()) && !r.permits(seccompUnconfined):
		return strict.Field("allowed", "lacks %s, which onViolation: adjust applies: add it, or set apply", r.applied())
	case r.permits(seccompUnconfined) && r.Block.Empty() && r.Action() != Ignore:
		return strict.Field("allowed", "has Unconfined, and block is empty: %s", checksNothing)
	}
	return nil
}

// Warnings tells of a profile that is never applied.
func (r *SeccompProfile) Warnings() []error {
	if r.Apply != "" && r.Action() != Adjust {
		return []error{strict.Field("apply", withoutAdjust)}
	}
	return nil
}

func (r *SeccompProfile) applied() SeccompPattern {
	if r.Apply == "" {
		return seccompDefault
	}
	return r.Apply
}

// permits reports whether the profile is allowed by its name.
func (r *SeccompProfile) permits(profile SeccompPattern) bool {
	if r.Allowed == nil {
		return profile != seccompUnconfined
	}
	return slices.ContainsFunc(r.Allowed, func(p SeccompPattern) bool { return p.match(profile) })
}

// Check finds a container that seccomp does not confine as it should.
func (r *SeccompProfile) Check(s *Subject) []Finding {
	var out []Finding
	if f := r.unfit(s); f != nil {
		if _, err := s.seccompProfile(r.applied(), s.Spec); err != nil && r.Action() == Adjust {
			f.Found += fmt.Sprintf(", and %s cannot be applied: %v", r.applied(), err)
		}
		out = append(out, *f)
	}
	if open := r.Block.Open(profileOf(s)); len(open) > 0 {
		out = append(out, Finding{Found: "seccomp does not block " + few(open)})
	}
	return out
}

// unfit says what is wrong with the profile as a whole; nil for nothing.
func (r *SeccompProfile) unfit(s *Subject) *Finding {
	if r.permits(seccompUnconfined) {
		return nil
	}
	p := profileOf(s)
	if !confines(p) {
		allowed := "a profile that blocks system calls, such as RuntimeDefault"
		if r.Allowed != nil {
			allowed = joined(r.Allowed)
		}
		return &Finding{Found: "seccomp is unconfined", Allowed: allowed, Fix: r.fix()}
	}
	if !r.AnyProfile {
		if open := seccomp.Floor(s.mayUse).Open(p); len(open) > 0 {
			return &Finding{Found: "seccomp profile is too weak: it does not block " +
				few(open), Allowed: "a profile that blocks them, such as RuntimeDefault", Fix: r.fix()}
		}
	}
	if r.Allowed == nil || r.isAllowed(s, p) {
		return nil
	}
	found := fmt.Sprintf("seccomp profile %s not allowed", s.Container.Seccomp)
	if s.Container.Seccomp == "" || s.Container.Seccomp == seccompUnconfined {
		found = "seccomp profile is not one of those allowed, as far as can be told"
	}
	return &Finding{Found: found, Allowed: joined(r.Allowed), Fix: r.fix()}
}

// fix is what the pod's author writes.
func (r *SeccompProfile) fix() string {
	if r.Allowed == nil || slices.Contains(r.Allowed, seccompDefault) {
		return "set securityContext.seccompProfile.type: RuntimeDefault"
	}
	return "set securityContext.seccompProfile.type: Localhost and localhostProfile to an allowed one"
}

// isAllowed reports whether the profile is one of those allowed, by the name that was
// asked for or by its content.
func (r *SeccompProfile) isAllowed(s *Subject, p *specs.LinuxSeccomp) bool {
	if asked := s.Container.Seccomp; asked != "" && asked != seccompUnconfined && r.permits(asked) {
		return true
	}
	return slices.ContainsFunc(append(slices.Clone(r.Allowed), r.applied()), func(named SeccompPattern) bool {
		if named != seccompDefault && named.file() == "" || !r.permits(named) {
			return false
		}
		content, err := s.seccompProfile(named, s.madeFor())
		return err == nil && seccomp.Within(p, content)
	})
}

// Adjust asks for the profile to apply where another is not allowed, and for
// what is to be blocked.
func (r *SeccompProfile) Adjust(s *Subject) []string {
	var changes []string
	if r.unfit(s) != nil {
		changes = s.giveSeccomp(r.agreedProfile(s))
	}
	if r.Block.Empty() {
		return changes
	}
	if open := s.blockSeccomp(r.Block); len(open) > 0 {
		changes = append(changes, "seccomp blocks "+few(open))
	}
	return changes
}

// profileOf is the container's seccomp profile; nil for none.
func profileOf(s *Subject) *specs.LinuxSeccomp {
	if s.Spec.Linux == nil {
		return nil
	}
	return s.Spec.Linux.Seccomp
}

// confines reports whether the profile blocks any system call.
func confines(p *specs.LinuxSeccomp) bool {
	if p == nil {
		return false
	}
	return blocks(p.DefaultAction) || slices.ContainsFunc(p.Syscalls, func(c specs.LinuxSyscall) bool {
		return len(c.Names) > 0 && blocks(c.Action)
	})
}

func blocks(a specs.LinuxSeccompAction) bool {
	switch a {
	case specs.ActKill, specs.ActKillProcess, specs.ActKillThread, specs.ActTrap, specs.ActErrno, specs.ActTrace, specs.ActNotify:
		return true
	}
	return false
}
