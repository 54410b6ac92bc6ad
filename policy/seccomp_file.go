package policy

import (
	"fmt"
	"slices"
)

// MissingProfile is a seccomp profile that a policy names and that this node does not have, or
// that is not valid. Containers that need it are denied.
type MissingProfile struct {
	Policy  string
	Profile SeccompPattern
	Err     error
}

// MissingProfiles gives those of all policies, by the files of a host. Patterns
// name no file.
func (s *Set) MissingProfiles(host Host) []MissingProfile {
	var out []MissingProfile
	for _, p := range s.policies {
		for _, named := range p.seccompProfiles() {
			data, err := host.SeccompProfile(named.file())
			if err == nil {
				_, err = ParseSeccompProfile(data, unknownCapabilities())
			}
			if err != nil {
				out = append(out, MissingProfile{p.name, named, err})
			}
		}
	}
	return out
}

func (m MissingProfile) String() string {
	return fmt.Sprintf("policy %q names the seccomp profile %s, which cannot be used on this node: %v", m.Policy, m.Profile, m.Err)
}

// seccompProfiles are the files that the policy's rule seccompProfile names, each
// once.
func (p *compiled) seccompProfiles() []SeccompPattern {
	var out []SeccompPattern
	for _, r := range p.rules {
		rule, ok := r.Rule.(*SeccompProfile)
		if !ok {
			continue
		}
		names := append([]SeccompPattern{rule.Apply}, rule.Allowed...)
		for _, x := range r.excuses {
			if x.wide != nil {
				names = append(names, x.by.allows[r.name].(*SeccompProfile).Allowed...)
			}
		}
		for _, named := range names {
			if named.file() != "" && !slices.Contains(out, named) {
				out = append(out, named)
			}
		}
	}
	return out
}
