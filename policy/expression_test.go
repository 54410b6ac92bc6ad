package policy

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// customRule is rule custom with one validation.
func customRule(expression string) string {
	return fmt.Sprintf("custom: {validations: [{name: v, message: is wrong, expression: %q}]}", expression)
}

func TestExpressionLoad(t *testing.T) {
	for _, tt := range []struct{ expression, want string }{
		{"!spec.process.terminal", ""},
		{"spec.process.foo", "column 13: undefined field 'foo'"},
		{"pod.labels.tier == 1", "column 17: found no matching overload for '_==_' applied to '(string, int)'"},
		{"spec.process.user.uid == 0u", "column 23: found no matching overload for '_==_' applied to '(int, uint)'"},
		{"spec == pod", "column 6: found no matching overload for '_==_' applied to '(Spec, Pod)'"},
		{"spec.windows == null", "column 5: undefined field 'windows'"},
		{"spec.process.user.username == ''", "column 18: undefined field 'username'"},
		{"object.spec == 1", "column 1: undeclared reference to 'object'"},
		{"has(pod)", "column 5: invalid argument to has() macro"},
		{"spec.mounts.size() <", "column 21: Syntax error: mismatched input '<EOF>'"},
		{"pod.name ?? 1", "column 11: Syntax error: extraneous input '?'"},
		{"\tpod.name == \x1b1", "column 14: Syntax error: token recognition error at: ' '"},
		{"pod.name == '' ||\n  spec.foo", "line 2, column 7: undefined field 'foo'"},
		{"spec.foo\n", "column 5: undefined field 'foo'"},
		{"pod.name", "is of type string (allowed: bool)"},
		{"spec.process.env", "is of type list(string) (allowed: bool)"},
		{"dyn(pod.name)", "is of type dyn (allowed: bool)"},
		{"", "is empty"},
		{" \n", "is empty"},
		{"true", "is always true: it checks nothing"},
		{"1 < 2 || pod.name == 'x'", "is always true: it checks nothing"},
		{"false", ""},
		{"pod.name.matches('(')", "column 18: invalid matches argument"},
		{"['a', 1] == []", "column 7: expected type 'string' but found 'int'"},
		{"type(pod) == Pod", "reference to undefined type: Pod"},
		{"lists.range(1000).map(a, lists.range(1000).map(b, a + b)).size() > 0", "takes at least 16035024 steps (allowed: 500000)"},
		{"1 == " + strings.Repeat("1 + ", 5000) + "1", "expression code point size exceeds limit: size: 20006, limit 16384"},
		{strings.Repeat("(", 300) + "true" + strings.Repeat(")", 300), "expression recursion limit exceeded: 250"},
	} {
		want := tt.want
		if want != "" {
			want = "0.yaml:6:69: spec.rules.custom.validations[0].expression: " + want
		}
		if got := loadError(customRule(tt.expression)); got != want {
			t.Errorf("%.60q\n got %s\nwant %s", tt.expression, got, want)
		}
	}
}

// compiledExpression is an expression of rule custom, and its environment.
func compiledExpression(t testing.TB, text string) (*expression, *environment) {
	t.Helper()
	x := &expressions{}
	e := &expression{text: text}
	if errs := e.compile(x.validations()); errs != nil {
		t.Fatalf("%s: %v", text, errs)
	}
	return e, x.validations()
}

// TestExpressionResult: what is not there cannot be read, which is told from
// false.
func TestExpressionResult(t *testing.T) {
	const absent, noKey = " is not there", "a key does not exist"
	for _, tt := range []struct {
		expression string
		want       answer
		why        string
	}{
		{"!spec.process.terminal", yes, ""},
		{"spec.process.user.uid == 0 && spec.process.user.additionalGids == [0, 10]", yes, ""},
		{"spec.process.apparmorProfile == ''", yes, ""},
		{"has(spec.process.apparmorProfile) || has(spec.process.terminal) || has(spec.hooks) || has(spec.linux.sysctl)", no, ""},
		{"has(spec.process.user) && has(spec.process.user.uid) && has(spec.mounts)", yes, ""},
		{"spec.linux.sysctl == {} && spec.linux.devices == [] && size(spec.process.capabilities.ambient) == 0", yes, ""},
		{"spec.linux.sysctl['a'] == ''", unknown, noKey},
		{"spec.process.env[7] == ''", unknown, ""},
		{"has(spec.linux.seccomp) || has(spec.linux.seccomp.defaultAction)", no, ""},
		{"spec.linux.seccomp == null && null == spec.linux.seccomp && spec.linux.resources.pids == null", yes, ""},
		{"spec.linux.seccomp != null", no, ""},
		{"spec.process != null", yes, ""},
		{"spec.linux.seccomp.defaultAction == 'x'", unknown, "defaultAction" + absent},
		{"spec.linux.seccomp.syscalls.all(s, s.action == 'x')", unknown, "syscalls" + absent},
		{"spec.linux.resources.memory.limit <= 512", unknown, "limit" + absent},
		{"spec.linux.resources.memory.limit != 0", unknown, "limit" + absent},
		{"spec.linux.resources.pids.limit < 0", unknown, "limit" + absent},
		{"dyn(spec).linux.resources.pids.limit < 0", unknown, noKey},
		{"dyn(spec).linux.resources.memory.limit < 0", unknown, "limit" + absent},
		{"dyn(spec).linux.resources.cpu.shares == 2 && !has(dyn(spec).linux.seccomp)", yes, ""},
		{"dyn(spec).foo == 1", unknown, ""},
		{"has(dyn(spec).foo)", unknown, ""},
		{"dyn(spec) == 1 || dyn(spec) == pod", no, ""},
		{"spec == spec && spec.mounts == spec.mounts && spec.mounts[0] != spec.mounts[1]", yes, ""},
		{"type(spec) == type(pod)", no, ""},
		{"has(spec.linux.resources.memory.limit) && spec.linux.resources.memory.limit <= 512", no, ""},
		{"spec.linux.resources.cpu.shares == 2 && spec.linux.resources.cpu.period == 100000", yes, ""},
		{"spec.process.rlimits.all(r, r.hard == 9223372036854775807 && r.soft == 1024)", yes, ""},
		{"spec.mounts.exists(m, m.destination == '/sys' && 'ro' in m.options)", yes, ""},
		{"spec.linux.namespaces.exists_one(n, n.type == 'network' && has(n.path))", yes, ""},
		{"spec.process.capabilities.bounding.hasAny(['CAP_SYS_ADMIN']) || sets.intersects(spec.process.capabilities.bounding, ['CAP_BPF'])", no, ""},
		{"spec.hostname.split('-') == ['web', '0'] && spec.hostname.matches('^[a-z]+-[0-9]$')", yes, ""},
		{"spec.linux.resources.blockIO.weightDevice[0].major == 8 && spec.linux.resources.blockIO.weightDevice[0].weight == 10", yes, ""},
		{"spec.linux.resources.devices.all(d, !d.allow)", yes, ""},
		{"pod.name == 'web-0' && pod.namespace == 'team-a' && pod.uid == '3f2a' && pod.runtimeHandler == ''", yes, ""},
		{"pod.labels == {'tier': 'web'} && pod.labels.tier == 'web' && 'tier' in pod.labels && has(pod.labels.tier)", yes, ""},
		{"pod.labels.team == 'x'", unknown, noKey},
		{"'network' in pod.linuxNamespaces && !('user' in pod.linuxNamespaces)", yes, ""},
		{"container.name == 'app' && container.image == 'registry.example.com/team/web:1' && container.images == [container.image, 'other/web:1']", yes, ""},
		{"spec.process.user.uid / 0 == 1", unknown, ""},
		{"int(spec.process.env[1]) == 1", unknown, ""},
		{"spec.process.user.uid == 0 || spec.linux.seccomp.defaultAction == 'x'", yes, ""},
		{"lists.range(1000).all(a, lists.range(1000).all(b, a + b + spec.process.user.uid < 3000))", unknown, "takes too many steps"},
		{"lists.range(spec.process.user.uid + 1001).all(a, a > 2)", unknown, ""},
	} {
		e, env := compiledExpression(t, tt.expression)
		sub := subject(newSpec(func(s *specs.Spec) {
			s.Process.Rlimits = []specs.POSIXRlimit{{Type: "RLIMIT_NOFILE", Hard: 1<<64 - 1, Soft: 1024}}
			d := specs.LinuxWeightDevice{Weight: new(uint16(10))}
			d.Major = 8
			s.Linux.Resources.BlockIO = &specs.LinuxBlockIO{WeightDevice: []specs.LinuxWeightDevice{d}}
		}))
		sub.Container.OtherImages = []string{"other/web:1"}
		if got, why := e.ask(env.variables(&sub)); got != tt.want || why != tt.why {
			t.Errorf("%s: %v %q, want %v %q", tt.expression, got, why, tt.want, tt.why)
		}
	}
}

// TestExpressionNotKnown: nothing can be told from that something is not known.
func TestExpressionNotKnown(t *testing.T) {
	for _, text := range []string{
		"container.image == ''", "container.images == []", "size(container.images) == 0", "container.images.exists(i, i == '')",
		"container.image.startsWith('x')", "!(container.image in ['x'])", "'network' in pod.linuxNamespaces", "!('network' in pod.linuxNamespaces)",
		"dyn(container).image == ''", "[container].exists(c, c.image == '')", "dyn(container.image) == null",
	} {
		e, env := compiledExpression(t, text)
		sub := subject(newSpec())
		sub.Container.Image, sub.Pod.LinuxNamespaces = "", nil
		if got, _ := e.ask(env.variables(&sub)); got != unknown {
			t.Errorf("%s: %v", text, got)
		}
	}
	for _, text := range []string{"has(container.image) && has(container.images) && has(pod.linuxNamespaces)", "[container].all(c, has(c.image))"} {
		for _, image := range []string{"", "x"} {
			e, env := compiledExpression(t, text)
			sub := subject(newSpec())
			sub.Container.Image, sub.Pod.LinuxNamespaces = image, nil
			if got, _ := e.ask(env.variables(&sub)); got != yes {
				t.Errorf("%s with image %q: %v", text, image, got)
			}
		}
	}
}

// TestExpressionOverLongLists: to name a list costs the same whatever its
// length, which whoever writes the pod chooses.
func TestExpressionOverLongLists(t *testing.T) {
	e, env := compiledExpression(t, "spec.mounts.all(m, m.destination != spec.mounts[0].source)")
	sub := subject(newSpec())
	for range 10_000 {
		sub.Spec.Mounts = append(sub.Spec.Mounts, specs.Mount{Destination: "/a", Source: "/srv"})
	}
	allocs := testing.AllocsPerRun(1, func() {
		if a, why := e.ask(env.variables(&sub)); a != yes {
			t.Error(a, why)
		}
	})
	if most := 50.0 * 10_000; allocs > most {
		t.Errorf("%.0f allocations, want at most %.0f", allocs, most)
	}
}

func TestExpressionsAtTheSameTime(t *testing.T) {
	set := compileDocs(t, strings.Replace(policyDoc("test", customRule("spec.mounts.all(m, m.destination != pod.name) && spec.process.user.uid > 5")),
		"spec:\n", "spec:\n  match: {matchConditions: [{name: a, expression: container.image.startsWith(pod.labels.tier)}]}\n", 1))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 50 {
				uid := uint32(i + j%3)
				sub := subject(newSpec(withUser(uid, uid)))
				sub.Container.Image = []string{"web", "other"}[j%2]
				if d := set.Evaluate(sub, Complete); (d.Outcome() == Denied) != (uid <= 5 && j%2 == 0) {
					t.Errorf("%d, %s: %s", uid, sub.Container.Image, d.Outcome())
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkExpression(b *testing.B) {
	for _, text := range []string{
		"!spec.process.terminal",
		"has(spec.linux.resources.memory.limit) && spec.linux.resources.memory.limit <= 1073741824",
		"spec.mounts.all(m, m.type != 'bind' || 'rbind' in m.options)",
		"spec.process.env.all(e, !e.matches('^AWS_[A-Z_]+='))",
	} {
		b.Run(text, func(b *testing.B) {
			e, env := compiledExpression(b, text)
			sub := subject(newSpec())
			b.ReportAllocs()
			for b.Loop() {
				e.ask(env.variables(&sub))
			}
		})
	}
}

// BenchmarkCompileExpressions compiles 1,000 policies with two expressions
// each.
func BenchmarkCompileExpressions(b *testing.B) {
	var docs []string
	for i := range 1000 {
		doc := policyDoc(fmt.Sprintf("p%d", i), customRule(fmt.Sprintf("spec.mounts.all(m, m.destination != '/data/%d')", i)))
		docs = append(docs, strings.Replace(doc, "spec:\n", "spec:\n  match: {matchConditions: [{name: a, expression: pod.name != 'x'}]}\n", 1))
	}
	files := sources(docs...)
	for b.Loop() {
		if _, err := Compile(files...); err != nil {
			b.Fatal(err)
		}
	}
}
