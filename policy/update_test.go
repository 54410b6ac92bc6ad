package policy

import (
	"slices"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

func TestEvaluateUpdate(t *testing.T) {
	const bounds = "memory: {max: 1Gi}, cpu: {max: 2}, pids: {max: 512}, swap: {max: 0}, hugepages: {max: 2Mi}"
	const halved = "CPU quota and period can only be changed together (allowed: at most 2)"
	for _, tt := range []struct {
		name, in string
		want     []string // findings where the rule rejects
		out      string   // the limits where it adjusts
	}{
		{"nothing", `{}`, nil, `{}`},
		{"others", `{"cpu":{"cpus":"0-1","shares":512}}`, nil, `{"cpu":{"cpus":"0-1","shares":512}}`},
		{"fine", `{"memory":{"limit":4096},"cpu":{"quota":100000,"period":100000},"pids":{"limit":5}}`, nil, `{"memory":{"limit":4096},"cpu":{"quota":100000,"period":100000},"pids":{"limit":5}}`},
		{"unchanged", `{"memory":{"limit":0},"cpu":{"quota":0},"pids":{"limit":0}}`, nil, `{"memory":{"limit":0},"cpu":{"quota":0},"pids":{"limit":0}}`},
		{"too high", `{"memory":{"limit":2147483648}}`, []string{"memory limit 2Gi is too high (allowed: at most 1Gi)"}, `{"memory":{"limit":1073741824}}`},
		{"taken away", `{"memory":{"limit":-1}}`, []string{"no memory limit (allowed: at most 1Gi)"}, `{"memory":{"limit":1073741824}}`},
		{"swap", `{"memory":{"limit":4096,"swap":8192}}`, []string{"swap limit 4Ki is too high (allowed: at most 0)"}, `{"memory":{"limit":4096,"swap":4096}}`},
		{"swap unified", `{"unified":{"memory.swap.max":"max"}}`, []string{"no swap limit (allowed: at most 0)"}, `{"unified":{"memory.swap.max":"0"}}`},
		{"huge pages", `{"hugepageLimits":[{"pageSize":"2MB","limit":4194304}]}`, []string{"limit 4Mi of huge pages of 2MB is too high (allowed: at most 2Mi)"}, `{"hugepageLimits":[{"pageSize":"2MB","limit":2097152}]}`},
		{"pids taken away", `{"pids":{"limit":-1}}`, []string{"no pids limit (allowed: at most 512)"}, `{"pids":{"limit":512}}`},
		{"cpu taken away", `{"cpu":{"quota":-1,"period":100000}}`, []string{"no cpu limit (allowed: at most 2)"}, `{"cpu":{"quota":200000,"period":100000}}`},
		{"cpu taken away, no period", `{"cpu":{"quota":-1}}`, []string{"no cpu limit (allowed: at most 2)"}, `{"cpu":{"quota":200000,"period":100000}}`},
		{"quota without a period", `{"cpu":{"quota":900000}}`, []string{halved}, `{"cpu":{"quota":200000,"period":100000}}`},
		{"period without a quota", `{"cpu":{"period":1000,"shares":2}}`, []string{halved}, `{"cpu":{"period":0,"shares":2}}`},
		// NRI puts the answer over the update: what is missing in it stays.
		{"unified", `{"unified":{"memory.max":"max"}}`, []string{"no memory limit (allowed: at most 1Gi)"}, `{"memory":{"limit":1073741824},"unified":{"memory.max":"1073741824"}}`},
		{"unified pids", `{"unified":{"pids.max":"9000"}}`, []string{"pids limit 9000 is too high (allowed: at most 512)"}, `{"pids":{"limit":512},"unified":{"pids.max":"512"}}`},
		{"unified cpu", `{"unified":{"cpu.max":"max 100000","cpu.weight":"7"}}`, []string{"no cpu limit (allowed: at most 2)"}, `{"cpu":{"quota":200000,"period":100000},"unified":{"cpu.max":"200000 100000","cpu.weight":"7"}}`},
		{"unified cpu without a period", `{"unified":{"cpu.max":"200000"}}`, []string{`unified cpu.max "200000" cannot be read (allowed: at most 2)`}, `{"cpu":{"quota":200000,"period":100000},"unified":{"cpu.max":"200000 100000"}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			update := resources(t, tt.in)
			var want []string
			for _, w := range tt.want {
				want = append(want, "resources: "+w)
			}
			d := compileDocs(t, policyDoc("test", "resources: {"+bounds+"}")).EvaluateUpdate(subject(nil), update)
			if got := findings(d); !slices.Equal(got, want) {
				t.Errorf("\n got %q\nwant %q", got, want)
			}
			if jsonOf(t, d.Spec.Linux.Resources) != jsonOf(t, update) {
				t.Error("changed by a rule that rejects")
			}

			adjusting := compileDocs(t, policyDoc("test", "resources: {onViolation: adjust, "+bounds+"}"))
			d = adjusting.EvaluateUpdate(subject(nil), update)
			if got := jsonOf(t, d.Spec.Linux.Resources); got != jsonOf(t, resources(t, tt.out)) || len(d.Violations) > 0 {
				t.Errorf("\n got %s %q\nwant %s", got, findings(d), tt.out)
			}
			if (d.Outcome() == Adjusted) != (tt.want != nil) {
				t.Errorf("%s: %q", d.Outcome(), changes(d))
			}
			if jsonOf(t, update) != jsonOf(t, resources(t, tt.in)) {
				t.Error("the update that was judged has changed")
			}
			if again := adjusting.EvaluateUpdate(subject(nil), d.Spec.Linux.Resources); again.Outcome() != Allowed {
				t.Errorf("adjusted twice: %q", changes(again))
			}
		})
	}
}

// TestEvaluateUpdateRules: only the rule resources judges an update, of the
// policies that match.
func TestEvaluateUpdateRules(t *testing.T) {
	rules := "hostPaths: {}\n    readOnlyRootFilesystem: {}\n    hostNamespaces: {}\n    resources: {memory: {max: 1Gi}}"
	doc := policyDoc("test", rules)
	set := compileDocs(t, doc)
	high := &specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: new(int64(1 << 40))}}
	sub := subject(nil)
	want := `specguard: denied by policy "test": resources: memory limit 1Ti is too high (allowed: at most 1Gi). In the pod: set resources.limits.memory to at most 1Gi`
	if got := set.EvaluateUpdate(sub, high).Message(); got != want {
		t.Errorf("got %s", got)
	}
	for _, nothing := range []*specs.LinuxResources{nil, {}} {
		if d := set.EvaluateUpdate(sub, nothing); d.Outcome() != Allowed || !d.Enforced {
			t.Errorf("%v: %q", d.Outcome(), findings(d))
		}
	}
	sub.Pod.Namespace = "kube-system"
	if d := set.EvaluateUpdate(sub, high); d.Outcome() != Allowed || d.Enforced {
		t.Errorf("no policy matches: %q", findings(d))
	}
}
