package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/specguard/specguard/internal/strict"
)

// Sysctls limits the kernel parameters that are set for a container and for its pod. The
// parameters that Kubernetes calls safe are allowed, because they affect only the pod. The parts
// of a name are separated by dots or by slashes. A name that has both, or characters other than
// letters, digits, - and _, always breaks the rule. A value with a + or a control character also
// does: a runtime that passes values on as text could be tricked into setting other parameters
// (CVE-2022-0811).
//
// Reads: linux.sysctl (OCI runtime spec, config-linux.md, "Sysctl"), and the sysctls of the pod's
// sandbox, where Kubernetes sets a pod's sysctls. If the agent cannot see the sandbox, the rule
// judges only the container's.
// Adjusts: removes sysctls from the container's spec. The sandbox's are already set, so one that
// is not allowed leads to a denial.
// Source: Pod Security Standards, Baseline, "Sysctls"; CVE-2022-0811 (CRI-O).
// Example: {allowed: [net.core.somaxconn, "net.ipv4.tcp_*"]}
type Sysctls struct {
	Base `yaml:",inline"`

	// Allowed lists names that may be set besides the safe ones. An entry that ends in * covers
	// all names with that beginning.
	// Default: none.
	Allowed []SysctlPattern `yaml:"allowed"`

	// Version is the version of the Pod Security Standards whose safe sysctls are allowed, from
	// v1.25 on.
	// Default: latest, which is v1.37.
	Version StandardVersion `yaml:"version"`
}

// SysctlPattern is the name of a sysctl, or the beginning of one and a *, as in the kubelet's
// --allowed-unsafe-sysctls.
type SysctlPattern string

// UnmarshalText reads a pattern; one that is no name is an error.
func (p *SysctlPattern) UnmarshalText(text []byte) error {
	name, wild := strings.CutSuffix(sysctlName(string(text)), "*")
	if wild {
		name = strings.TrimSuffix(name, ".")
	}
	if !plainSysctl(name) {
		return fmt.Errorf("%q is not a sysctl (allowed: a name such as net.core.somaxconn or net.ipv4.tcp_*)", text)
	}
	*p = SysctlPattern(text)
	return nil
}

// JSONSchema requires a name, or the beginning of one and a *.
func (SysctlPattern) JSONSchema() map[string]any {
	return strict.Named("sysctl", strict.Pattern(`^[^\s*+]+\*?$`))
}

func (p SysctlPattern) covers(name string) bool {
	if start, ok := strings.CutSuffix(sysctlName(string(p)), "*"); ok {
		return strings.HasPrefix(name, start)
	}
	return sysctlName(string(p)) == name
}

// Check finds sysctls that are not allowed.
func (y *Sysctls) Check(s *Subject) []Finding {
	var out []Finding
	if s.Spec.Linux != nil {
		out = append(out, y.findings("sysctl", s.Spec.Linux.Sysctl)...)
	}
	if s.Pod.Sandbox != nil {
		out = append(out, y.findings("pod's sysctl", s.Pod.Sandbox.Sysctls)...)
	}
	return out
}

// findings are what is wrong with sysctls of one kind, by name.
func (y *Sysctls) findings(what string, sysctls map[string]string) []Finding {
	if len(sysctls) == 0 {
		return nil
	}
	var names []string
	var out []Finding
	for _, raw := range slices.Sorted(maps.Keys(sysctls)) {
		switch {
		case !y.allows(raw):
			names = append(names, raw)
		case !plainValue(sysctls[raw]):
			out = append(out, Finding{Found: what + " " + raw + " has a + or a control character in its value"})
		}
	}
	if len(names) > 0 {
		out = append(out, listing(what+" ", names, " not allowed").with(y.list(), "remove them from spec.securityContext.sysctls"))
	}
	return out
}

// Adjust removes them from the container's spec.
func (y *Sysctls) Adjust(s *Subject) []string {
	if s.Spec.Linux == nil {
		return nil
	}
	var done []string
	sysctls := s.Spec.Linux.Sysctl
	for _, raw := range slices.Sorted(maps.Keys(sysctls)) {
		if !y.allows(raw) || !plainValue(sysctls[raw]) {
			delete(sysctls, raw)
			done = append(done, "removed sysctl "+raw)
		}
	}
	return done
}

func (y *Sysctls) allows(raw string) bool {
	name := sysctlName(raw)
	return plainSysctl(name) && (y.Version.safe(name) ||
		slices.ContainsFunc(y.Allowed, func(p SysctlPattern) bool { return p.covers(name) }))
}

func (y *Sysctls) list() string {
	if len(y.Allowed) == 0 {
		return y.Version.safeSysctls()
	}
	return y.Version.safeSysctls() + ", " + few(y.Allowed)
}

// sysctlName is the name with dots between its parts. A name with both dots and
// slashes stays as it is, and is refused: programs differ in which of them are
// separators.
func sysctlName(raw string) string {
	if strings.Contains(raw, ".") {
		return raw
	}
	return strings.ReplaceAll(raw, "/", ".")
}

// plainSysctl reports whether the name leads nowhere but to a parameter: no empty
// parts (which .. would make), and nothing but letters, digits, - and _.
func plainSysctl(name string) bool {
	odd := func(r rune) bool {
		return r != '-' && r != '_' && (r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r))
	}
	for part := range strings.SplitSeq(name, ".") {
		if part == "" || strings.ContainsFunc(part, odd) {
			return false
		}
	}
	return true
}

// plainValue reports whether the value holds no + and no control character, of
// which a tab, between numbers, is none.
func plainValue(value string) bool {
	return !strings.ContainsFunc(value, func(r rune) bool { return r == '+' || unicode.IsControl(r) && r != '\t' })
}
