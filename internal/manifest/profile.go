package manifest

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/moby/profiles/seccomp"

	"github.com/specguard/specguard/policy"
	policyseccomp "github.com/specguard/specguard/policy/seccomp"
)

// appArmorAnnotation is followed by a container's name. It is how the profile
// was given before there was a field.
const appArmorAnnotation = "container.apparmor.security.beta.kubernetes.io/"

// appArmor gives the process its profile: the container's, the annotation's,
// the pod's or containerd's own.
//
// Source: Kubernetes, pkg/security/apparmor; containerd, internal/cri/sputil.
func (b *builder) appArmor(at string) error {
	c, p := &b.container.SecurityContext, &b.pod.Spec.SecurityContext
	chosen := cmp.Or(c.AppArmorProfile, b.annotatedProfile(), p.AppArmorProfile, &profile{Type: runtimeDefault})
	if err := chosen.check(at, "appArmorProfile"); err != nil {
		return err
	}
	switch {
	case chosen.Type == localhost:
		b.spec.Process.ApparmorProfile = strings.TrimPrefix(chosen.LocalhostProfile, "localhost/")
	case chosen.Type == runtimeDefault && !c.Privileged:
		b.spec.Process.ApparmorProfile = "cri-containerd.apparmor.d"
	}
	return nil
}

// annotatedProfile is what the annotation says; nil for none, or a wrong one.
func (b *builder) annotatedProfile() *profile {
	value, ok := b.pod.Metadata.Annotations[appArmorAnnotation+b.container.Name]
	name, local := strings.CutPrefix(value, "localhost/")
	switch {
	case !ok:
		return nil
	case value == "runtime/default":
		return &profile{Type: runtimeDefault}
	case value == "unconfined":
		return &profile{Type: unconfined}
	case local && name != "":
		return &profile{Type: localhost, LocalhostProfile: name}
	default:
		return nil
	}
}

// SeccompNote begins the note about a seccomp profile whose file is not known.
const SeccompNote = "what the seccomp profile "

// seccomp gives the container its profile; one without has none.
func (b *builder) seccomp(at string) error {
	c, p := &b.container.SecurityContext, &b.pod.Spec.SecurityContext
	chosen := cmp.Or(c.SeccompProfile, p.SeccompProfile, &profile{Type: unconfined})
	if err := chosen.check(at, "seccompProfile"); err != nil {
		return err
	}
	b.asked = policy.SeccompPattern(unconfined)
	switch {
	case c.Privileged:
	case chosen.Type == localhost:
		b.asked = policy.SeccompPattern(localhost + "/" + profileType(chosen.LocalhostProfile))
		b.spec.Linux.Seccomp = policyseccomp.Floor(func(string) bool { return false }).Tighten(nil)
		b.note(SeccompNote + chosen.LocalhostProfile + " allows is not known: assumed to deny only what every default profile denies")
	case chosen.Type == runtimeDefault:
		s, err := seccomp.GetDefaultProfile(b.spec)
		if err != nil {
			return fmt.Errorf("the default seccomp profile: %w", err)
		}
		b.spec.Linux.Seccomp, b.asked = s, policy.SeccompPattern(runtimeDefault)
	}
	return nil
}

// check wants a type, and the name that one of the types needs.
func (p *profile) check(at, field string) error {
	switch {
	case p.Type == "":
		return p.At.fault(at, "%s has no type", field)
	case p.Type == localhost && p.LocalhostProfile == "":
		return p.At.fault(at, "%s has no localhostProfile", field)
	}
	return nil
}
