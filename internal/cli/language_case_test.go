package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/specguard/specguard/internal/decisionlog"
	"github.com/specguard/specguard/policy"
)

// manifest is the case's pod.
func (c *languageCase) manifest(t *testing.T) string {
	t.Helper()
	app := merged(object{"name": "app", "image": "registry.example.com/app:1"}, c.Container)
	return inYAML(t, object{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": merged(object{"name": "web", "namespace": "team-a"}, c.Metadata),
		"spec":     merged(object{"containers": []any{app}}, c.Pod),
	})
}

// config is the case's OCI spec: one that breaks no rule.
func (c *languageCase) config(t *testing.T) string {
	t.Helper()
	return inJSON(t, merged(object{
		"ociVersion": "1.2.1",
		"root":       object{"path": "rootfs"},
		"process": object{
			"args": []any{"sh"}, "cwd": "/", "user": object{"uid": 1, "gid": 1}, "capabilities": object{}, "oomScoreAdj": 1000,
		},
		"linux": object{
			"cgroupsPath": "/kubepods/besteffort/pod1/1",
			"resources":   object{"devices": []any{object{"allow": false, "access": "rwm"}}},
			"namespaces":  []any{object{"type": "pid"}, object{"type": "ipc"}, object{"type": "network"}, object{"type": "mount"}, object{"type": "uts"}},
		},
		"annotations": object{
			"io.kubernetes.cri.sandbox-name": "web", "io.kubernetes.cri.sandbox-namespace": "team-a", "io.kubernetes.cri.sandbox-uid": "1",
			"io.kubernetes.cri.container-name": "app", "io.kubernetes.cri.image-name": "registry.example.com/app:1",
		},
	}, c.Config))
}

// merged is the object with the members of the other one, of which null removes one.
func merged(to, from object) object {
	out := maps.Clone(to)
	for key, value := range from {
		inner, ok := out[key].(object)
		more, both := value.(object)
		switch {
		case value == nil:
			delete(out, key)
		case ok && both:
			out[key] = merged(inner, more)
		default:
			out[key] = value
		}
	}
	return out
}

// write writes the case's container into the folder and returns the file's name.
func (c *languageCase) write(t *testing.T, dir string, i int) string {
	t.Helper()
	name, text := fmt.Sprintf("%d.yaml", i), ""
	if c.Config != nil {
		name, text = fmt.Sprintf("%d.json", i), c.config(t)
	} else {
		text = c.manifest(t)
	}
	write(t, dir, name, text)
	return name
}

// checked asks check about each case.
func (r *languageRow) checked(t *testing.T, dir string) {
	t.Helper()
	for i := range r.Cases {
		faults, stderr := r.check(t, dir, i)
		if len(faults) > 0 {
			t.Errorf("check, case %d %s: %s", i, r.Cases[i].Name, strings.Join(faults, "\n  "))
		}
		warned(t, stderr, slices.Concat(r.Warns, r.Expired))
	}
}

// check asks check about one case, and tells of the differences and what it wrote to stderr.
func (r *languageRow) check(t *testing.T, dir string, i int) (faults []string, stderr string) {
	t.Helper()
	c := &r.Cases[i]
	args := []string{"check", "--output", "json", "--policy-dir", dir + "/policies", dir + "/" + c.write(t, dir, i)}
	if r.Seccomp != nil {
		args = append(args, "--seccomp-dir", dir+"/seccomp")
	}
	got := inProcess(args...)
	var said report
	if err := json.Unmarshal([]byte(got.stdout), &said); err != nil {
		return []string{fmt.Sprintf("%v in %+v", err, got)}, ""
	}
	wantCode := 0
	if c.outcome() == policy.Denied {
		wantCode = 2
	}
	faults = c.faults(said.Outcome, said.Policies, &said.Results)
	if got.code != wantCode {
		faults = append(faults, fmt.Sprintf("exit status %d", got.code))
	}
	switch then := said.IfEnforced; {
	case c.IfEnforced == nil:
	case then == nil:
		faults = append(faults, "no policy in mode audit matches")
	default:
		faults = append(faults, c.IfEnforced.faults(then.Outcome, nil, &then.Results)...)
	}
	return faults, got.stderr
}

// outcome is the outcome that comes of all that rules found and did.
func (v *verdict) outcome() policy.Outcome {
	switch {
	case v.Violations != nil:
		return policy.Denied
	case v.Changes != nil:
		return policy.Adjusted
	default:
		return policy.Allowed
	}
}

// faults tells of the differences to what check says.
func (v *verdict) faults(outcome policy.Outcome, policies []string, got *decisionlog.Results) []string {
	var out []string
	if outcome != v.outcome() {
		out = append(out, fmt.Sprintf("outcome %s, want %s", outcome, v.outcome()))
	}
	if want, ok := v.Matched.([]any); ok && fmt.Sprint(policies) != fmt.Sprint(want) {
		out = append(out, fmt.Sprintf("policies %v, want %v", policies, want))
	}
	fields := make([]found, len(got.Fields))
	for i, f := range got.Fields {
		fields[i] = found{f.Policy, f.Field, f.Now}
	}
	for _, l := range []struct {
		what string
		want object
		got  []found
	}{
		{"violations", v.Violations, violationsFound(got.Violations)},
		{"audit", v.Audit, violationsFound(got.Audit)},
		{"excepted", v.Excepted, exceptedFound(got.Excepted)},
		{"changes", v.Changes, changesFound(got.Changes)},
		{"fields", v.Fields, fields},
	} {
		want := wanted(l.want)
		for _, w := range want {
			if !slices.ContainsFunc(l.got, w.is) {
				out = append(out, fmt.Sprintf("%s: no %v", l.what, w))
			}
		}
		for _, g := range l.got {
			if !slices.ContainsFunc(want, func(w found) bool { return w.is(g) }) {
				out = append(out, fmt.Sprintf("%s: %v is not expected", l.what, g))
			}
		}
	}
	return out
}

// found is a text about what a rule of a policy found or did; the policy may be missing.
type found struct{ policy, rule, text string }

// is reports whether the other one is what is wanted.
func (w found) is(g found) bool {
	return (w.policy == "" || w.policy == g.policy) && w.rule == g.rule && fits(w.text, g.text)
}

// wanted reads texts, or lists of them, by rule, or by policy and rule.
func wanted(all object) []found {
	var out []found
	for _, key := range slices.Sorted(maps.Keys(all)) {
		of, rule, ok := strings.Cut(key, " ")
		if !ok {
			of, rule = "", key
		}
		texts, ok := all[key].([]any)
		if !ok {
			texts = []any{all[key]}
		}
		for _, text := range texts {
			out = append(out, found{of, rule, fmt.Sprint(text)})
		}
	}
	return out
}

func violationsFound(list []policy.Violation) []found {
	out := make([]found, len(list))
	for i, v := range list {
		out[i] = found{v.Policy, v.Rule, v.Found}
	}
	return out
}

func exceptedFound(list []policy.Excepted) []found {
	out := make([]found, len(list))
	for i, x := range list {
		out[i] = found{x.Policy, x.Rule, x.Found + " (" + x.Exception + ")"}
	}
	return out
}

func changesFound(list []policy.Adjustment) []found {
	out := make([]found, len(list))
	for i, a := range list {
		out[i] = found{a.Policy, a.Rule, a.Change}
	}
	return out
}

// tested makes a policy test of the cases and has test run it.
func (r *languageRow) tested(t *testing.T, dir string) {
	t.Helper()
	var cases []object
	for i := range r.Cases {
		c := &r.Cases[i]
		expect := c.expect()
		if c.IfEnforced != nil {
			expect["ifEnforced"] = c.IfEnforced.expect()
		}
		cases = append(cases, object{"name": fmt.Sprint(i, " ", c.Name), "given": object{"file": c.write(t, dir, i)}, "expect": expect})
	}
	write(t, dir, "x_test.yaml", r.policyTest(t, cases...))
	got := inProcess("test", dir+"/x_test.yaml")
	warned(t, got.stderr, r.Warns)
	if got.code != 0 || !strings.HasPrefix(got.stdout, "ok ") {
		t.Errorf("test: %d\n%s", got.code, got.stdout)
	}
}

// policyTest is a policy test of the row's policies.
func (r *languageRow) policyTest(t *testing.T, cases ...object) string {
	t.Helper()
	spec := object{"policies": []any{"policies"}, "cases": cases}
	if r.Seccomp != nil {
		spec["seccompDir"] = "seccomp"
	}
	return inYAML(t, object{"apiVersion": "specguard.dev/v1beta1", "kind": "PolicyTest", "metadata": object{"name": "t"}, "spec": spec})
}

// expect is the verdict in the words of a policy test.
func (v *verdict) expect() object {
	entries := func(all object, text string) []object {
		out := []object{}
		for _, w := range wanted(all) {
			e := object{text: w.text}
			if slices.Contains(policy.RuleNames(), w.rule) { // and not what holds for every policy
				e["rule"] = w.rule
			}
			if w.policy != "" {
				e["policy"] = w.policy
			}
			out = append(out, e)
		}
		return out
	}
	out := object{
		"outcome": string(v.outcome()), "violations": entries(v.Violations, "found"), "audit": entries(v.Audit, "found"),
		"changes": entries(v.Changes, "change"),
	}
	excepted := entries(v.Excepted, "found")
	for _, e := range excepted {
		text := e["found"].(string)
		at := strings.LastIndex(text, " (")
		e["found"], e["exception"] = text[:at], strings.TrimSuffix(text[at+2:], ")")
	}
	out["excepted"] = excepted
	if v.Spec != nil {
		out["spec"] = v.Spec
	}
	if v.Matched != nil {
		out["policies"] = v.Matched
	}
	return out
}
