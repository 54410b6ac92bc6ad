package policy

import (
	"fmt"
	"slices"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"pgregory.net/rapid"
)

// withSysctls sets sysctls, given as name and value in turns.
func withSysctls(pairs ...string) option {
	return func(s *specs.Spec) {
		if s.Linux.Sysctl == nil {
			s.Linux.Sysctl = make(map[string]string)
		}
		for pair := range slices.Chunk(pairs, 2) {
			s.Linux.Sysctl[pair[0]] = pair[1]
		}
	}
}

func TestSysctls(t *testing.T) {
	for name, tt := range map[string]struct {
		rule, sysctl, value string
		want                string
	}{
		"safe":             {"", "net.ipv4.tcp_syncookies", "1", ""},
		"safe, slashes":    {"", "net/ipv4/tcp_syncookies", "1", ""},
		"two numbers":      {"", "net.ipv4.ip_local_port_range", "1024\t65535", ""},
		"unsafe":           {"", "kernel.msgmax", "1", "sysctl kernel.msgmax not allowed (allowed: safe sysctls)"},
		"core_pattern":     {"", "kernel.core_pattern", "|/x", "sysctl kernel.core_pattern not allowed (allowed: safe sysctls)"},
		"allowed":          {`allowed: [kernel.msgmax]`, "kernel.msgmax", "1", ""},
		"allowed, slashes": {`allowed: [kernel/msgmax]`, "kernel.msgmax", "1", ""},
		"prefix":           {`allowed: ["kernel.msg*"]`, "kernel.msgmax", "1", ""},
		"subtree":          {`allowed: ["net.ipv4.*"]`, "net.ipv4.conf.all.rp_filter", "1", ""},
		"not the subtree":  {`allowed: ["net.ipv4.*"]`, "net.ipv6.x", "1", "sysctl net.ipv6.x not allowed (allowed: safe sysctls, net.ipv4.*)"},
		"mixed":            {`allowed: ["net.*"]`, "net.ipv4/../../kernel/core_pattern", "1", "sysctl net.ipv4/../../kernel/core_pattern not allowed (allowed: safe sysctls, net.*)"},
		"climbs":           {`allowed: ["net.*"]`, "net/../kernel/core_pattern", "1", "sysctl net/../kernel/core_pattern not allowed (allowed: safe sysctls, net.*)"},
		"empty part":       {`allowed: ["net.*"]`, "net..x", "1", "sysctl net..x not allowed (allowed: safe sysctls, net.*)"},
		"plus in the name": {`allowed: ["net.*"]`, "net.x+kernel.core_pattern", "1", "sysctl net.x+kernel.core_pattern not allowed (allowed: safe sysctls, net.*)"},
		"CVE-2022-0811":    {"", "kernel.shm_rmid_forced", "1+kernel.core_pattern=|/x #", "sysctl kernel.shm_rmid_forced has a + or a control character in its value"},
		"newline":          {"", "kernel.shm_rmid_forced", "1\nkernel.core_pattern=|/x", "sysctl kernel.shm_rmid_forced has a + or a control character in its value"},
	} {
		t.Run(name, func(t *testing.T) {
			var want, podWant []string
			if tt.want != "" {
				want, podWant = []string{"sysctls: " + tt.want}, []string{"sysctls: pod's " + tt.want}
			}
			spec := newSpec(withSysctls(tt.sysctl, tt.value))
			if got := findings(decide(t, spec, "sysctls: {"+tt.rule+"}")); !slices.Equal(got, want) {
				t.Errorf("container: %q, want %q", got, want)
			}
			rule := "sysctls: {onViolation: adjust, " + tt.rule + "}"
			d := decide(t, spec, rule)
			if _, left := d.Spec.Linux.Sysctl[tt.sysctl]; left != (tt.want == "") || d.Outcome() == Denied {
				t.Errorf("adjusted: %v, %s", d.Spec.Linux.Sysctl, d.Message())
			}
			sub := subject(newSpec())
			sub.Pod.Sandbox = &Sandbox{Sysctls: map[string]string{tt.sysctl: tt.value}}
			if got := findings(compileDocs(t, policyDoc("test", rule)).Evaluate(sub, Complete)); !slices.Equal(got, podWant) {
				t.Errorf("pod: %q, want %q", got, podWant)
			}
		})
	}
}

// TestSysctlsMany names some and counts the rest.
func TestSysctlsMany(t *testing.T) {
	var pairs []string
	for i := range 9 {
		pairs = append(pairs, fmt.Sprintf("kernel.x%d", i), "1")
	}
	want := []string{"sysctls: sysctl kernel.x0, kernel.x1, kernel.x2, kernel.x3, kernel.x4, kernel.x5 and 3 more not allowed (allowed: safe sysctls)"}
	if got := findings(decide(t, newSpec(withSysctls(pairs...)), "sysctls: {}")); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestSysctlsErrors(t *testing.T) {
	const allowed = "is not a sysctl (allowed: a name such as net.core.somaxconn or net.ipv4.tcp_*)"
	for pattern, ok := range map[string]bool{
		"net.core.somaxconn": true, "net/core/somaxconn": true, "net.*": true, "net.ipv4.tcp_*": true, "net/*": true,
		"*": false, "net.*.x": false, "net..x": false, ".net": false, "net+x": false, "a/b.c": false, "": false, "net.": false,
	} {
		want := ""
		if !ok {
			want = fmt.Sprintf("0.yaml:6:25: spec.rules.sysctls.allowed[0]: %q %s", pattern, allowed)
		}
		if got := loadError(fmt.Sprintf("sysctls: {allowed: [%q]}", pattern)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func drawSysctls(t *rapid.T, _ Action) []string {
	return some(t, "field", `allowed: ["kernel.msg*"]`, "version: v1.30")
}

func drawSysctlsEdit(t *rapid.T) option {
	return withSysctls(pick(t, "sysctl", "kernel.msgmax", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_rmem", "kernel/core_pattern", "net..x"), pick(t, "value", "1", "1+2"))
}
