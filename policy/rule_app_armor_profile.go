package policy

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/specguard/specguard/internal/strict"
)

// AppArmorProfile limits which AppArmor profiles can confine the container.
//
// On a node whose kernel has no AppArmor, a container without a profile complies, unless the rule
// requires AppArmor. If the node shows which profiles are loaded, a profile that is not loaded
// breaks the rule. A profile in mode complain or unconfined also breaks it, because it confines
// nothing. RuntimeDefault is the default profile of containerd or CRI-O, whichever is loaded.
// containerd loads its own when the first container asks for it. CRI-O loads its own when it
// starts. The command specguard apparmor loads containerd's at once.
//
// Reads: process.apparmorProfile (OCI runtime spec, config.md, "Linux Process").
// Adjusts: replaces a profile that is not allowed with the profile to apply. If several policies
// have one, they apply one that all of them allow: that of the highest priority among those that want
// the profile replaced, or else among the others; with the same priority, the first by name.
// Source: Pod Security Standards, Baseline, "AppArmor"; the names of the runtimes' own profiles
// from containerd (internal/cri/server), CRI-O (internal/config/apparmor) and containers/common
// (pkg/apparmor).
// Example: {onViolation: adjust, allowed: [RuntimeDefault, "Localhost/web-*"], apply: RuntimeDefault}
type AppArmorProfile struct {
	Base `yaml:",inline"`

	// Allowed lists the allowed profiles.
	// Default: the one to apply; without one, all but Unconfined.
	Allowed []AppArmorPattern `yaml:"allowed"`

	// Apply is the profile that replaces one that is not allowed: RuntimeDefault, or Localhost/
	// and a name. Adjusting needs it.
	// Default: none.
	Apply AppArmorPattern `yaml:"apply"`

	// Required: the container is denied on a node whose kernel has no AppArmor.
	Required bool `yaml:"required"`

	force force[*AppArmorProfile] // with those of other policies, while it adjusts
}

// AppArmorPattern is RuntimeDefault, Unconfined, or Localhost/ with the name of a profile that is
// loaded on the node, or with a pattern for such names.
type AppArmorPattern string

// The profiles that have names of their own, as in Kubernetes.
const (
	appArmorDefault    AppArmorPattern = "RuntimeDefault"
	appArmorUnconfined AppArmorPattern = "Unconfined"
	appArmorLocalhost                  = "Localhost/"
)

// The names of the runtimes' own profiles.
const (
	appArmorContainerd = "cri-containerd.apparmor.d"
	appArmorCRIO       = "crio-default"
	appArmorContainers = "containers-default-" // and a version
)

// UnmarshalText reads a pattern; anything else is an error.
func (p *AppArmorPattern) UnmarshalText(text []byte) error {
	name, local := strings.CutPrefix(string(text), appArmorLocalhost)
	if err := readPattern([]byte(name)); local && name != "" && err != nil {
		return err
	}
	words := []AppArmorPattern{appArmorDefault, appArmorUnconfined}
	if named := local && name != ""; !named && !slices.Contains(words, AppArmorPattern(text)) {
		return fmt.Errorf("%q is not an AppArmor profile (allowed: RuntimeDefault, Unconfined, Localhost/<name or pattern>)", text)
	}
	if kind := appArmorKind(name); local && kind != AppArmorPattern(text) {
		return fmt.Errorf("%q is %s: write %[2]s", text, kind)
	}
	*p = AppArmorPattern(text)
	return nil
}

// Doubt tells of a pattern that covers fewer profiles than it seems to.
func (AppArmorPattern) Doubt(text string) error { return doubtFolders(text) }

// JSONSchema requires one of the two words, or what begins with Localhost/.
func (AppArmorPattern) JSONSchema() map[string]any {
	return strict.Named("AppArmor profile", map[string]any{"anyOf": []any{
		strict.Enum(appArmorDefault, appArmorUnconfined), strict.Pattern("^" + appArmorLocalhost + "."),
	}})
}

// match reports whether the pattern stands for a profile, given in the same
// form.
func (p AppArmorPattern) match(profile AppArmorPattern) bool {
	glob, local := strings.CutPrefix(string(p), appArmorLocalhost)
	name, named := strings.CutPrefix(string(profile), appArmorLocalhost)
	if local && named {
		return Glob(glob).Match(name)
	}
	return p == profile
}

// Validate requires a profile to apply that is one, and allowed.
func (a *AppArmorProfile) Validate() error {
	switch {
	case a.Allowed != nil && len(a.Allowed) == 0:
		return strict.Field("allowed", "is an empty list; name at least one profile")
	case a.Apply == appArmorUnconfined:
		return strict.Field("apply", "Unconfined cannot be applied")
	case strings.ContainsAny(string(a.Apply), `*?[]{}\`):
		return strict.Field("apply", "needs the name of one profile, not a pattern")
	case a.Action() == Adjust && a.Apply == "":
		return strict.Field("apply", "is missing: onViolation: adjust needs a profile to apply")
	case a.Apply != "" && !a.permits(a.Apply):
		return strict.Field("apply", "is not among the allowed profiles (allowed: %s)", joined(a.Allowed))
	case a.permits(appArmorUnconfined) && a.permits(appArmorDefault) && slices.Contains(a.Allowed, appArmorLocalhost+"**") &&
		!a.Required && a.Action() != Ignore:
		return strict.Field("allowed", "has every profile: %s", checksNothing)
	}
	return nil
}

// Warnings tells of a profile that is never applied.
func (a *AppArmorProfile) Warnings() []error {
	if a.Apply != "" && a.Allowed != nil && a.Action() != Adjust {
		return []error{strict.Field("apply", withoutAdjust)}
	}
	return nil
}

func (a *AppArmorProfile) permitted() []AppArmorPattern {
	switch {
	case len(a.Allowed) > 0:
		return a.Allowed
	case a.Apply != "":
		return []AppArmorPattern{a.Apply}
	default:
		return []AppArmorPattern{appArmorDefault, appArmorLocalhost + "**"}
	}
}

func (a *AppArmorProfile) permits(profile AppArmorPattern) bool {
	return slices.ContainsFunc(a.permitted(), func(p AppArmorPattern) bool { return p.match(profile) })
}

// Check finds a profile that is not allowed, or that the node does not have.
func (a *AppArmorProfile) Check(s *Subject) []Finding {
	node := s.Host.AppArmor()
	name := appArmorName(s)
	profile := appArmorKind(name)
	var out []Finding
	if node.State == Disabled {
		if a.Required {
			out = append(out, Finding{Found: "the node's kernel has no AppArmor"})
		}
		if !strings.HasPrefix(string(profile), appArmorLocalhost) {
			return out
		}
	}
	if a.permits(profile) {
		switch {
		case profile != appArmorUnconfined && node.lacks(name):
			out = append(out, Finding{Found: fmt.Sprintf("AppArmor profile %q is not loaded on this node%s", name, loader(name))})
		case node.idle(name) && !a.permits(appArmorUnconfined):
			out = append(out, Finding{Found: fmt.Sprintf("AppArmor profile %q %s", name, idleProfile)})
		}
		return out
	}
	out = append(out, Finding{Found: fmt.Sprintf("AppArmor profile %s not allowed", profile), Allowed: joined(a.permitted()), Fix: a.fix()})
	switch target := a.target(node); {
	case a.Action() != Adjust:
	case node.lacks(target):
		out = append(out, Finding{Found: fmt.Sprintf("AppArmor profile %q, which the policy applies, is not loaded on this node%s", target,
			loader(target))})
	case node.idle(target):
		out = append(out, Finding{Found: fmt.Sprintf("AppArmor profile %q, which the policy applies, %s", target, idleProfile)})
	}
	return out
}

// fix is what the pod's author writes.
func (a *AppArmorProfile) fix() string {
	for _, p := range a.permitted() {
		switch {
		case p == appArmorDefault:
			return "set securityContext.appArmorProfile.type: RuntimeDefault"
		case strings.HasPrefix(string(p), appArmorLocalhost):
			return "set securityContext.appArmorProfile.type: Localhost and localhostProfile to an allowed one"
		}
	}
	return ""
}

// Adjust sets the profile to apply where another is not allowed, unless the
// node is known not to have it.
func (a *AppArmorProfile) Adjust(s *Subject) []string {
	node := s.Host.AppArmor()
	if s.Spec.Process == nil || node.State == Disabled || a.permits(appArmorKind(appArmorName(s))) {
		return nil
	}
	name := a.agreedTarget(s, node)
	if node.lacks(name) || node.idle(name) {
		return nil
	}
	s.Spec.Process.ApparmorProfile = name
	return []string{"set AppArmor profile " + name}
}

// unite has a profile replaced by what all rules together apply.
func (a *AppArmorProfile) unite(priority int, others []peer) Rule {
	united := *a
	united.force = forceOf(a, priority, others)
	return &united
}

// agreedTarget is the profile that is applied.
func (a *AppArmorProfile) agreedTarget(s *Subject, node AppArmor) string {
	rules := a.force.or(a)
	came := appArmorUnconfined
	if s.came.Process != nil {
		came = appArmorKind(s.came.Process.ApparmorProfile)
	}
	var offers []offer[string]
	for _, m := range rules {
		if name := m.rule.target(node); m.rule.Action() == Adjust && !node.lacks(name) && !node.idle(name) {
			offers = append(offers, offer[string]{name, !m.rule.permits(came), m.priority})
		}
	}
	return agreed(a.target(node), offers, func(name string) bool {
		return rules.accept(func(o *AppArmorProfile) bool { return o.permits(appArmorKind(name)) })
	})
}

// loader says what loads a profile that is not loaded.
func loader(name string) string {
	switch name {
	case appArmorContainerd:
		return ` ("specguard apparmor" loads it there)`
	case appArmorCRIO:
		return " (CRI-O loads it when it starts)"
	default:
		return ""
	}
}

// idleProfile says what a profile is that is loaded and does not enforce.
const idleProfile = "confines nothing on this node (its mode is complain or unconfined)"

// target is the name of the profile to apply: for RuntimeDefault the runtime's
// that is loaded.
func (a *AppArmorProfile) target(node AppArmor) string {
	if name, ok := strings.CutPrefix(string(a.Apply), appArmorLocalhost); ok {
		return name
	}
	for _, name := range append([]string{appArmorContainerd, appArmorCRIO}, slices.Sorted(maps.Keys(node.Profiles))...) {
		if node.Profiles[name] && appArmorKind(name) == appArmorDefault {
			return name
		}
	}
	return appArmorContainerd
}

// lacks reports whether the profile is known not to be loaded.
func (n AppArmor) lacks(name string) bool {
	_, loaded := n.Profiles[name]
	return n.State == Enabled && n.Profiles != nil && !loaded
}

// idle reports whether the profile is known to be loaded and to confine nothing.
func (n AppArmor) idle(name string) bool {
	confines, loaded := n.Profiles[name]
	return n.State == Enabled && loaded && !confines
}

func appArmorName(s *Subject) string {
	if s.Spec.Process == nil {
		return ""
	}
	return s.Spec.Process.ApparmorProfile
}

// appArmorKind puts a profile's name in Kubernetes' words.
func appArmorKind(name string) AppArmorPattern {
	switch {
	case confinesNothing(name):
		return appArmorUnconfined
	case name == appArmorContainerd || name == appArmorCRIO || containersDefault.MatchString(name):
		return appArmorDefault
	default:
		return appArmorLocalhost + AppArmorPattern(name)
	}
}

// containersDefault is the name of the profile of github.com/containers/common:
// its version is in it. Other names that begin so are profiles of others.
var containersDefault = regexp.MustCompile(`^` + appArmorContainers + `[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}(-dev)?$`)

// confinesNothing reports whether the name, or a part of it, stands for no profile. A
// name may be of several profiles, stacked (a//&b), each with an AppArmor namespace
// before it (":ns:unconfined"). What the kernel strips from a name does not count,
// and it reads no further than to a control character.
func confinesNothing(name string) bool {
	if at := strings.IndexFunc(name, unicode.IsControl); at >= 0 {
		name = name[:at]
	}
	for part := range strings.SplitSeq(name, "&") {
		if strings.ContainsAny(part, `"' `) {
			part = strings.NewReplacer(`"`, "", "'", "", " ", "").Replace(part)
		}
		part = strings.TrimSuffix(part, "//")
		if part == "" || part == appArmorNone || strings.HasSuffix(part, ":"+appArmorNone) || strings.HasSuffix(part, "//"+appArmorNone) {
			return true
		}
	}
	return false
}

// appArmorNone is the kernel's word for no profile.
const appArmorNone = "unconfined"
