package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

func TestEvaluateOutcomes(t *testing.T) {
	doc := func(name, action, mode string) string {
		d := policyDoc(name, `capabilities: {onViolation: `+action+`, drop: [NET_RAW]}`)
		return strings.Replace(d, "spec:\n", "spec:\n  mode: "+mode+"\n", 1)
	}
	tests := []struct {
		name       string
		docs       []string
		want       Outcome
		violations int
		audit      int
		enforced   bool
	}{
		{"no policy", nil, Allowed, 0, 0, false},
		{"reject", []string{doc("a", "reject", "enforce")}, Denied, 1, 0, true},
		{"adjust", []string{doc("a", "adjust", "enforce")}, Adjusted, 0, 0, true},
		{"audit", []string{doc("a", "audit", "enforce")}, Allowed, 0, 1, true},
		{"reject in mode audit", []string{doc("a", "reject", "audit")}, Allowed, 0, 1, false},
		{"adjust in mode audit", []string{doc("a", "adjust", "audit")}, Allowed, 0, 1, false},
		{"one adjusts what another rejects", []string{doc("a", "reject", "enforce"), doc("b", "adjust", "enforce")}, Adjusted, 0, 0, true},
		{"audit sees what is left", []string{doc("a", "audit", "enforce"), doc("b", "adjust", "enforce")}, Adjusted, 0, 0, true},
		{"two reject", []string{doc("a", "reject", "enforce"), doc("b", "reject", "enforce")}, Denied, 2, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			spec := newSpec()
			d := compileDocs(t, tt.docs...).Evaluate(subject(spec), Complete)
			if d.Outcome() != tt.want || len(d.Violations) != tt.violations || len(d.Audit) != tt.audit || d.Enforced != tt.enforced {
				t.Errorf("outcome %s, violations %v, audit %v, enforced %v", d.Outcome(), d.Violations, d.Audit, d.Enforced)
			}
			if edited := d.Spec != spec; edited != (tt.want == Adjusted) {
				t.Errorf("the decision's spec is another one: %v", edited)
			}
			if !slices.Contains(spec.Process.Capabilities.Bounding, "CAP_NET_RAW") {
				t.Error("the spec that was judged has been edited")
			}
		})
	}
}

func TestEvaluateEarly(t *testing.T) {
	set := compileDocs(t,
		policyDoc("a", `capabilities: {allow: [KILL]}`, `hostNamespaces: {}`),
		strings.Replace(policyDoc("b", `hostNamespaces: {}`), "spec:\n", "spec:\n  match: {images: [\"other/**\"]}\n", 1),
	)
	sub := subject(newSpec())
	sub.Pod.LinuxNamespaces = []string{"ipc", "pid"} // the network is the host's
	sub.Container.Image = ""
	if d := set.Evaluate(sub, Partial); len(d.Violations) != 1 || d.Violations[0].Rule != "hostNamespaces" || d.Violations[0].Policy != "a" {
		t.Errorf("early: %v", d.Violations)
	}
	if d := set.Evaluate(sub, Complete); len(d.Violations) != 3 {
		t.Errorf("final, image not known: %v", d.Violations)
	}
	sub.Container.Image = "registry.example.com/team/web:1"
	if d := set.Evaluate(sub, Complete); len(d.Violations) != 2 {
		t.Errorf("final: %v", d.Violations)
	}
}

func TestEvaluatePriority(t *testing.T) {
	doc := func(name, priority, user string) string {
		d := policyDoc(name, `runAsNonRoot: {onViolation: adjust, runAsUser: `+user+`}`)
		return strings.Replace(d, "spec:\n", "spec:\n  priority: "+priority+"\n", 1)
	}
	for _, tt := range []struct {
		docs []string
		want uint32
	}{
		{[]string{doc("a", "0", "1"), doc("b", "5", "2")}, 2},
		{[]string{doc("b", "0", "2"), doc("a", "0", "1")}, 1},
		{[]string{doc("a", "-1", "1"), doc("b", "0", "2")}, 2},
	} {
		d := compileDocs(t, tt.docs...).Evaluate(subject(newSpec()), Complete)
		if got := d.Spec.Process.User.UID; got != tt.want {
			t.Errorf("uid %d, want %d", got, tt.want)
		}
	}
}

func TestDecisionMessage(t *testing.T) {
	d := compileDocs(t,
		policyDoc("tenants", `capabilities: {allow: [NET_BIND_SERVICE]}`, `allowPrivilegeEscalation: {}`),
		policyDoc("zone", `runAsNonRoot: {}`),
	).Evaluate(subject(newSpec(noCaps, withCaps("CAP_NET_ADMIN", "CAP_SYS_TIME"))), Complete)
	want := `specguard: denied by policy "tenants": capabilities: NET_ADMIN, SYS_TIME not allowed (allowed: NET_BIND_SERVICE); ` +
		`allowPrivilegeEscalation: privilege escalation is possible (noNewPrivileges is not set); ` +
		`policy "zone": runAsNonRoot: runs as root (uid 0) (allowed: any uid but 0). ` +
		`In the pod: remove NET_ADMIN, SYS_TIME from securityContext.capabilities.add; ` +
		`set securityContext.allowPrivilegeEscalation: false; set securityContext.runAsUser: 65532`
	if got := d.Message(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := (&Decision{}).Message(); got != "" {
		t.Errorf("an allowed container: %s", got)
	}
	many := &Decision{}
	for range 9 {
		many.Violations = append(many.Violations, Violation{Policy: "p", Rule: "r", Finding: Finding{Found: "f"}})
	}
	if got := many.Message(); !strings.HasSuffix(got, "; r: f; and 3 more") {
		t.Errorf("many: %s", got)
	}
}

// TestMessagesAreOneLine has a pod whose words are lines and escapes.
func TestMessagesAreOneLine(t *testing.T) {
	mount := withMount(bind("/data\x1b[2J", "/srv\nspecguard: allowed\u2028\u202e", "rbind"))
	d := decide(t, newSpec(mount), "hostPaths: {}")
	want := `specguard: denied by policy "test": hostPaths: host path /srv specguard: allowed   at /data [2J is not allowed (allowed: none). ` +
		`In the pod: remove the hostPath volume that is mounted at /data [2J, or mount an allowed path there`
	if d.Message() != want {
		t.Errorf("got  %q\nwant %q", d.Message(), want)
	}
	d = decide(t, newSpec(mount), "hostPaths: {onViolation: adjust, remove: writable}")
	if got := changes(d); !slices.Equal(got, []string{"hostPaths: removed host path /srv specguard: allowed   at /data [2J"}) {
		t.Errorf("got %q", got)
	}
}

// TestMessagesAreBounded: a pod with very many mounts does not fill logs.
func TestMessagesAreBounded(t *testing.T) {
	spec := newSpec()
	for i := range 1000 {
		withMount(bind(fmt.Sprintf("/data/%d", i), "/srv", "rbind"))(spec)
	}
	if got := findings(decide(t, spec, "hostPaths: {}")); len(got) != 16 || got[15] != "hostPaths: and 985 more" {
		t.Errorf("%d findings: %q", len(got), got)
	}
	d := decide(t, spec, "hostPaths: {onViolation: adjust, remove: writable}")
	if got := changes(d); len(got) != 16 || got[15] != "hostPaths: and 985 more changes" || d.Outcome() != Adjusted {
		t.Errorf("%s, %d changes: %q", d.Outcome(), len(got), got)
	}
	for n, want := range map[int]int{15: 15, 16: 16, 17: 16} {
		spec := newSpec()
		for i := range n {
			withMount(bind(fmt.Sprintf("/data/%d", i), "/srv", "rbind"))(spec)
		}
		if got := findings(decide(t, spec, "hostPaths: {}")); len(got) != want || strings.Contains(got[want-1], "more") != (n > 16) {
			t.Errorf("%d mounts: %q", n, got)
		}
		if got := changes(decide(t, spec, "hostPaths: {onViolation: adjust, remove: writable}")); len(got) != want || strings.Contains(got[want-1], "more") != (n > 16) {
			t.Errorf("%d mounts: %q", n, got)
		}
	}
}

// TestMessagesKeepSecrets: nothing that a rule says about a spec holds an
// environment value or an argument.
func TestMessagesKeepSecrets(t *testing.T) {
	var rules []string
	for _, k := range kinds() {
		rules = append(rules, example(k))
	}
	for _, spec := range []*specs.Spec{newSpec(privileged), newSpec(), {}} {
		for _, action := range []string{"onViolation: adjust", "onViolation: reject"} {
			doc := strings.ReplaceAll(policyDoc("all", rules...), "onViolation: adjust", action)
			d := compileDocs(t, doc).Evaluate(subject(spec), Complete)
			if len(d.Violations) == 0 {
				t.Error("nothing is found")
			}
			for _, said := range append(findings(d), changes(d)...) {
				if strings.Contains(said, "not-to-be-printed") || strings.Contains(said, "/bin/sh") {
					t.Errorf("%s", said)
				}
			}
		}
	}
}

// example is a rule of that kind that asks for much, and adjusts if it can.
func example(k kind) string {
	fields := map[string]string{
		"capabilities":    "drop: [ALL]",
		"appArmorProfile": "apply: RuntimeDefault",
		"seLinuxOptions":  "type: container_t",
		"resources":       "memory: {max: 1Mi}, cpu: {max: 100m}, pids: {max: 5}",
		"images":          "requireDigest: true",
		"env":             `forbid: ["**"]`,
		"rlimits":         "limits: [{type: RLIMIT_NOFILE, max: 1}]",
		"runtimeHandlers": "allowed: [gvisor]",
		"volumeTypes":     "allowed: [projected]",
		"mountOptions":    "require: [{volumeTypes: [emptyDir], paths: [/cache], options: [noexec]}]",
		"custom":          `validations: [{name: env, message: has it, expression: 'spec.process.env.exists(e, int(e) == 1)'}]`,
	}
	action := Reject
	if k.canAdjust() {
		action = Adjust
	}
	return fmt.Sprintf("%s: {onViolation: %s, %s}", k.name, action, fields[k.name])
}

// TestEarlyShowsMore adjusts early by what newer NRIs show, and denies nothing
// by that: another rule may still mend it.
func TestEarlyShowsMore(t *testing.T) {
	sub := subject(newSpec())
	sub.Spec.Linux.Seccomp, sub.Spec.Linux.Sysctl = nil, map[string]string{"kernel.core_pattern": "x"}
	sub.Spec.Process = nil // not shown
	for rules, want := range map[string]Outcome{
		"seccompProfile: {onViolation: adjust}": Adjusted,
		"sysctls: {onViolation: adjust}":        Adjusted,
		"seccompProfile: {}":                    Allowed,
		"sysctls: {}":                           Allowed,
		"rlimits: {onViolation: adjust, limits: [{type: RLIMIT_NOFILE, max: 9}]}": Allowed,
	} {
		set := compileDocs(t, policyDoc("test", rules))
		for _, more := range []bool{false, true} {
			sub.ShowsMore = more
			expect := Allowed
			if more {
				expect = want
			}
			d := set.Evaluate(sub, Partial)
			if d.Outcome() != expect || len(d.Violations)+len(d.Audit) > 0 {
				t.Errorf("%s, shows more %v: %s %v", rules, more, d.Outcome(), d.Violations)
			}
			if d.Outcome() == Adjusted && d.Spec.Linux.Seccomp == nil && len(d.Spec.Linux.Sysctl) > 0 {
				t.Errorf("%s: nothing is adjusted", rules)
			}
		}
	}
}
