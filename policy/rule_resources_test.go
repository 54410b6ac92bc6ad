package policy

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// resources decodes linux.resources of a spec.
func resources(t testing.TB, text string) *specs.LinuxResources {
	t.Helper()
	r := &specs.LinuxResources{}
	if err := json.Unmarshal([]byte(text), r); err != nil {
		t.Fatal(err)
	}
	return r
}

func withResources(r *specs.LinuxResources) option {
	return func(s *specs.Spec) { s.Linux.Resources = r }
}

func jsonOf(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestResources(t *testing.T) {
	const memory, cpu, pids = "{memory: {max: 1Gi}}", "{cpu: {max: 2}}", "{pids: {max: 512}}"
	const swap, huge, noSwap = "{swap: {max: 1Gi}}", "{hugepages: {max: 4Mi}}", "no swap limit (allowed: at most 1Gi)"
	const noMemory, noCPU, noPids = "no memory limit (allowed: at most 1Gi)", "no cpu limit (allowed: at most 2)", "no pids limit (allowed: at most 512)"
	for _, tt := range []struct {
		name, rule, in string
		want           []string
	}{
		{"memory", memory, `{"memory":{"limit":1073741824}}`, nil},
		{"memory too high", memory, `{"memory":{"limit":1073741825}}`, []string{"memory limit 1073741825 is too high (allowed: at most 1Gi)"}},
		{"memory missing", memory, `{}`, []string{noMemory}},
		{"memory 0", memory, `{"memory":{"limit":0}}`, []string{noMemory}},
		{"memory -1", memory, `{"memory":{"limit":-1}}`, []string{noMemory}},
		{"memory as cgroup v1 shows none", "{memory: {required: true}}", `{"memory":{"limit":9223372036854771712}}`, []string{"no memory limit (allowed: any limit)"}},
		{"memory required", "{memory: {required: true}}", `{"memory":{"limit":1099511627776}}`, nil},
		{"memory unified", memory, `{"memory":{"limit":2147483648},"unified":{"memory.max":"1073741824"}}`, nil},
		{"memory unified too high", memory, `{"memory":{"limit":1},"unified":{"memory.max":"2147483648"}}`, []string{"memory limit 2Gi is too high (allowed: at most 1Gi)"}},
		{"memory unified none", memory, `{"memory":{"limit":1},"unified":{"memory.max":"max"}}`, []string{noMemory}},
		{"memory unified unreadable", memory, `{"memory":{"limit":1},"unified":{"memory.max":"1G"}}`, []string{`unified memory.max "1G" cannot be read (allowed: at most 1Gi)`}},
		{"memory unified negative", memory, `{"unified":{"memory.max":"-1"}}`, []string{`unified memory.max "-1" cannot be read (allowed: at most 1Gi)`}},
		{"cpu", cpu, `{"cpu":{"quota":200000,"period":100000}}`, nil},
		{"cpu, usual period", cpu, `{"cpu":{"quota":200000}}`, nil},
		{"cpu too high", cpu, `{"cpu":{"quota":200001}}`, []string{"cpu limit 2001m is too high (allowed: at most 2)"}},
		{"cpu, short period", cpu, `{"cpu":{"quota":200000,"period":10000}}`, []string{"cpu limit 20 is too high (allowed: at most 2)"}},
		{"cpu missing", cpu, `{"cpu":{"period":100000}}`, []string{noCPU}},
		{"cpu -1", cpu, `{"cpu":{"quota":-1,"period":100000}}`, []string{noCPU}},
		{"cpu immense", cpu, `{"cpu":{"quota":9223372036854775806,"period":1}}`, []string{noCPU}},
		{"cpu unified", cpu, `{"cpu":{"quota":-1},"unified":{"cpu.max":"200000 100000"}}`, nil},
		{"cpu unified, period of the typed member", cpu, `{"cpu":{"period":1000},"unified":{"cpu.max":"200000"}}`, []string{`unified cpu.max "200000" cannot be read (allowed: at most 2)`}},
		{"cpu unified none, no period", cpu, `{"unified":{"cpu.max":"max"}}`, []string{noCPU}},
		{"cpu unified too high", cpu, `{"cpu":{"quota":1000},"unified":{"cpu.max":"30000 10000"}}`, []string{"cpu limit 3 is too high (allowed: at most 2)"}},
		{"cpu unified none", cpu, `{"unified":{"cpu.max":"max 100000"}}`, []string{noCPU}},
		{"cpu unified unreadable", cpu, `{"unified":{"cpu.max":"1 2 3"}}`, []string{`unified cpu.max "1 2 3" cannot be read (allowed: at most 2)`}},
		{"cpu unified, period 0", cpu, `{"unified":{"cpu.max":"1000 0"}}`, []string{"cpu limit 1000 is too high (allowed: at most 2)"}},
		{"pids", pids, `{"pids":{"limit":512}}`, nil},
		{"pids too high", pids, `{"pids":{"limit":513}}`, []string{"pids limit 513 is too high (allowed: at most 512)"}},
		{"pids missing", pids, `{}`, []string{noPids}},
		{"pids 0", pids, `{"pids":{"limit":0}}`, []string{noPids}},
		{"pids unified", pids, `{"pids":{"limit":512},"unified":{"pids.max":"max"}}`, []string{noPids}},
		{"all", "{memory: {max: 1Gi}, cpu: {max: 2}, pids: {max: 512}}", `{}`, []string{noMemory, noCPU, noPids}},
		{"swap", swap, `{"memory":{"limit":1073741824,"swap":2147483648}}`, nil},
		{"swap 0", "{swap: {max: 0}}", `{"memory":{"limit":1073741824,"swap":1073741824}}`, nil},
		{"swap too high", swap, `{"memory":{"limit":1073741824,"swap":2147483649}}`, []string{"swap limit 1073741825 is too high (allowed: at most 1Gi)"}},
		{"swap missing", swap, `{"memory":{"limit":1073741824}}`, []string{noSwap}},
		{"swap -1", swap, `{"memory":{"limit":1073741824,"swap":-1}}`, []string{noSwap}},
		{"swap as cgroup v1 shows none", swap, `{"memory":{"swap":9223372036854771712}}`, []string{noSwap}},
		{"swap without memory", swap, `{"memory":{"swap":1073741824}}`, nil},
		{"swap without memory too high", swap, `{"memory":{"limit":-1,"swap":2147483648}}`, []string{"swap limit 2Gi is too high (allowed: at most 1Gi)"}},
		{"swap unified", swap, `{"unified":{"memory.swap.max":"1073741824"}}`, nil},
		{"swap unified 0", "{swap: {max: 0}}", `{"unified":{"memory.swap.max":"0"}}`, nil},
		{"swap unified too high", swap, `{"memory":{"limit":1,"swap":1},"unified":{"memory.swap.max":"2147483648"}}`, []string{"swap limit 2Gi is too high (allowed: at most 1Gi)"}},
		{"swap unified none", swap, `{"memory":{"limit":1,"swap":1},"unified":{"memory.swap.max":"max"}}`, []string{noSwap}},
		{"swap unified unreadable", swap, `{"unified":{"memory.swap.max":"1G"}}`, []string{`unified memory.swap.max "1G" cannot be read (allowed: at most 1Gi)`}},
		{"huge pages", huge, `{"hugepageLimits":[{"pageSize":"2MB","limit":4194304},{"pageSize":"1GB","limit":0}],"unified":{"hugetlb.2MB.max":"0"}}`, nil},
		{"huge pages, no limit", huge, `{}`, nil},
		{"huge pages too high", huge, `{"hugepageLimits":[{"pageSize":"2MB","limit":4194305},{"pageSize":"1GB","limit":18446744073709551615}]}`,
			[]string{"limit 4194305 of huge pages of 2MB is too high (allowed: at most 4Mi)", "limit unlimited of huge pages of 1GB is too high (allowed: at most 4Mi)"}},
		{"huge pages unified", huge, `{"unified":{"hugetlb.1GB.max":"1073741824","hugetlb.2MB.rsvd.max":"max","hugetlb.2MB.max":"x","hugetlb.2MB.current":"x"}}`,
			[]string{"limit 1Gi of huge pages of 1GB is too high (allowed: at most 4Mi)", `unified hugetlb.2MB.max "x" cannot be read (allowed: at most 4Mi)`,
				"limit unlimited of huge pages of 2MB is too high (allowed: at most 4Mi)"}},
		{"others are nobody's business", memory, `{"memory":{"limit":1},"unified":{"io.max":"x"}}`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec := newSpec(withResources(resources(t, tt.in)))
			var want []string
			for _, w := range tt.want {
				want = append(want, "resources: "+w)
			}
			set := compileDocs(t, policyDoc("test", "resources: "+tt.rule))
			for _, visible := range []Visibility{Partial, Complete} {
				if got := findings(set.Evaluate(subject(spec), visible)); !slices.Equal(got, want) {
					t.Errorf("\n got %q\nwant %q", got, want)
				}
			}
		})
	}
	for name, edit := range map[string]option{
		"no linux part":     func(s *specs.Spec) { s.Linux = nil },
		"no resources part": func(s *specs.Spec) { s.Linux.Resources = nil },
	} {
		if got, want := findings(decide(t, newSpec(edit), "resources: "+memory)), []string{"resources: " + noMemory}; !slices.Equal(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestResourcesAdjust(t *testing.T) {
	for _, tt := range []struct {
		name, rule, in, out string
		changes             []string
		denied              bool
	}{
		{"default", "memory: {default: 256Mi, max: 1Gi}", `{}`, `{"memory":{"limit":268435456}}`, []string{"set memory limit to 256Mi"}, false},
		{"default only", "memory: {default: 256Mi}", `{"memory":{"limit":-1}}`, `{"memory":{"limit":268435456}}`, []string{"set memory limit to 256Mi"}, false},
		{"default only, given", "memory: {default: 256Mi}", `{"memory":{"limit":1073741824}}`, `{"memory":{"limit":1073741824}}`, nil, false},
		{"no default", "memory: {max: 1Gi}", `{}`, `{"memory":{"limit":1073741824}}`, []string{"set memory limit to 1Gi"}, false},
		{"too high", "memory: {default: 256Mi, max: 1Gi}", `{"memory":{"limit":2147483648}}`, `{"memory":{"limit":1073741824}}`, []string{"set memory limit to 1Gi"}, false},
		{"fine", "memory: {max: 1Gi}", `{"memory":{"limit":1,"swap":2}}`, `{"memory":{"limit":1,"swap":2}}`, nil, false},
		{"required only", "memory: {required: true}", `{}`, `{}`, nil, true},
		{"swap above", "memory: {max: 1Gi}", `{"memory":{"limit":2147483648,"swap":4294967296}}`, `{"memory":{"limit":1073741824,"swap":1073741824}}`, []string{"set memory limit to 1Gi"}, false},
		{"swap unlimited", "memory: {max: 1Gi}", `{"memory":{"limit":-1,"swap":-1}}`, `{"memory":{"limit":1073741824,"swap":1073741824}}`, []string{"set memory limit to 1Gi"}, false},
		{"swap below: not raised", "memory: {max: 1Gi}", `{"memory":{"swap":4096}}`, `{"memory":{"limit":4096,"swap":4096}}`, []string{"set memory limit to 4Ki"}, false},
		{"unified", "memory: {max: 1Gi}", `{"unified":{"memory.max":"max","memory.high":"5"}}`, `{"memory":{"limit":1073741824},"unified":{"memory.high":"5"}}`, []string{"set memory limit to 1Gi"}, false},
		{"unified too high, typed lower", "memory: {max: 1Gi}", `{"memory":{"limit":4096},"unified":{"memory.max":"2147483648"}}`, `{"memory":{"limit":4096}}`, []string{"set memory limit to 4Ki"}, false},
		{"unified unreadable", "memory: {max: 1Gi}", `{"unified":{"memory.max":"a lot"}}`, `{"memory":{"limit":1073741824}}`, []string{"set memory limit to 1Gi"}, false},
		{"unified unreadable, required only", "memory: {required: true}", `{"unified":{"memory.max":"a lot"}}`, `{"unified":{"memory.max":"a lot"}}`, nil, true},
		{"unified fine", "memory: {max: 1Gi}", `{"unified":{"memory.max":"4096"}}`, `{"unified":{"memory.max":"4096"}}`, nil, false},
		{"cpu", "cpu: {default: 500m, max: 2}", `{"cpu":{"shares":2}}`, `{"cpu":{"shares":2,"quota":50000,"period":100000}}`, []string{"set cpu limit to 500m"}, false},
		{"cpu too high", "cpu: {max: 2}", `{"cpu":{"quota":40000,"period":10000}}`, `{"cpu":{"quota":20000,"period":10000}}`, []string{"set cpu limit to 2"}, false},
		{"cpu, period that is none", "cpu: {max: 2}", `{"cpu":{"quota":40000,"period":10}}`, `{"cpu":{"quota":200000,"period":100000}}`, []string{"set cpu limit to 2"}, false},
		{"cpu, little", "cpu: {max: 5m}", `{"cpu":{"quota":1000,"period":100000}}`, `{"cpu":{"quota":5000,"period":1000000}}`, []string{"set cpu limit to 5m"}, false},
		{"cpu, least", "cpu: {max: 1m}", `{}`, `{"cpu":{"quota":1000,"period":1000000}}`, []string{"set cpu limit to 1m"}, false},
		{"cpu, burst", "cpu: {max: 1}", `{"cpu":{"quota":200000,"burst":200000}}`, `{"cpu":{"quota":100000,"burst":100000,"period":100000}}`, []string{"set cpu limit to 1"}, false},
		{"cpu unified", "cpu: {max: 1}", `{"unified":{"cpu.max":"max"}}`, `{"cpu":{"quota":100000,"period":100000}}`, []string{"set cpu limit to 1"}, false},
		{"pids", "pids: {default: 64, max: 512}", `{"pids":{"limit":0}}`, `{"pids":{"limit":64}}`, []string{"set pids limit to 64"}, false},
		{"pids too high", "pids: {max: 512}", `{"pids":{"limit":1000}}`, `{"pids":{"limit":512}}`, []string{"set pids limit to 512"}, false},
		{"cpu, request above the default", "cpu: {default: 100m, max: 2}", `{"cpu":{"shares":512}}`, `{"cpu":{"shares":512,"quota":50000,"period":100000}}`, []string{"set cpu limit to 500m"}, false},
		{"cpu, odd request", "cpu: {default: 100m}", `{"cpu":{"shares":340}}`, `{"cpu":{"shares":340,"quota":33300,"period":100000}}`, []string{"set cpu limit to 333m"}, false},
		{"cpu, request below the default", "cpu: {default: 1, max: 2}", `{"cpu":{"shares":512}}`, `{"cpu":{"shares":512,"quota":100000,"period":100000}}`, []string{"set cpu limit to 1"}, false},
		{"cpu, request above the maximum", "cpu: {default: 100m, max: 200m}", `{"cpu":{"shares":512}}`, `{"cpu":{"shares":512,"quota":20000,"period":100000}}`, []string{"set cpu limit to 200m"}, false},
		{"cpu, immense request", "cpu: {default: 100m}", `{"cpu":{"shares":18446744073709551615}}`, `{"cpu":{"shares":18446744073709551615,"quota":25600000,"period":100000}}`, []string{"set cpu limit to 256"}, false},
		{"memory, protected", "memory: {default: 64Mi, max: 1Gi}", `{"unified":{"memory.min":"134217728","memory.low":"1"}}`, `{"memory":{"limit":134217728},"unified":{"memory.min":"134217728","memory.low":"1"}}`, []string{"set memory limit to 128Mi"}, false},
		{"memory, reserved", "memory: {default: 64Mi}", `{"memory":{"reservation":134217728}}`, `{"memory":{"reservation":134217728,"limit":134217728}}`, []string{"set memory limit to 128Mi"}, false},
		{"memory, protected without end", "memory: {default: 64Mi}", `{"unified":{"memory.min":"max"}}`, `{"memory":{"limit":67108864},"unified":{"memory.min":"max"}}`, []string{"set memory limit to 64Mi"}, false},
		{"swap too high", "swap: {max: 1Mi}", `{"memory":{"limit":4194304,"swap":8388608}}`, `{"memory":{"limit":4194304,"swap":5242880}}`, []string{"set swap limit to 1Mi"}, false},
		{"swap missing", "swap: {max: 0}", `{"memory":{"limit":4194304}}`, `{"memory":{"limit":4194304,"swap":4194304}}`, []string{"set swap limit to 0"}, false},
		{"swap and memory missing", "swap: {max: 1Mi}, memory: {max: 1Mi}", `{}`, `{"memory":{"limit":1048576,"swap":2097152}}`, []string{"set memory limit to 1Mi", "set swap limit to 1Mi"}, false},
		{"swap missing, no memory limit", "swap: {max: 0}", `{}`, `{}`, nil, true},
		{"swap missing, no memory limit, cgroup v2", "swap: {max: 0}", `{"unified":{"memory.high":"5"}}`, `{"unified":{"memory.high":"5","memory.swap.max":"0"}}`, []string{"set swap limit to 0"}, false},
		{"swap unified", "swap: {max: 1Mi}", `{"unified":{"memory.swap.max":"max"}}`, `{"unified":{"memory.swap.max":"1048576"}}`, []string{"set swap limit to 1Mi"}, false},
		{"swap unified, typed too", "swap: {max: 1Mi}", `{"memory":{"limit":4096,"swap":-1},"unified":{"memory.swap.max":"x"}}`, `{"memory":{"limit":4096,"swap":1052672},"unified":{"memory.swap.max":"1048576"}}`, []string{"set swap limit to 1Mi"}, false},
		{"swap immense", "swap: {max: 9223372036854775807}", `{"memory":{"limit":4096}}`, `{"memory":{"limit":4096,"swap":4611686018427387903}}`, []string{"set swap limit to 9223372036854775807"}, false},
		{"huge pages", "hugepages: {max: 2Mi}", `{"hugepageLimits":[{"pageSize":"2MB","limit":4194304},{"pageSize":"1GB","limit":0}],"unified":{"hugetlb.1GB.max":"max"}}`,
			`{"hugepageLimits":[{"pageSize":"2MB","limit":2097152},{"pageSize":"1GB","limit":0}],"unified":{"hugetlb.1GB.max":"2097152"}}`,
			[]string{"set limit of huge pages of 2MB to 2Mi", "set limit of huge pages of 1GB to 2Mi"}, false},
		{"one of them", "memory: {required: true}, pids: {max: 512}", `{}`, `{"pids":{"limit":512}}`, []string{"set pids limit to 512"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set := compileDocs(t, policyDoc("test", "resources: {onViolation: adjust, "+tt.rule+"}"))
			in := resources(t, tt.in)
			sub := subject(newSpec(withResources(in)))
			d := set.Evaluate(sub, Complete)
			if got := jsonOf(t, d.Spec.Linux.Resources); got != jsonOf(t, resources(t, tt.out)) {
				t.Errorf("\n got %s\nwant %s", got, tt.out)
			}
			var want []string
			for _, c := range tt.changes {
				want = append(want, "resources: "+c)
			}
			if !slices.Equal(changes(d), want) || (d.Outcome() == Denied) != tt.denied {
				t.Errorf("%s %q %q", d.Outcome(), changes(d), findings(d))
			}
			if jsonOf(t, in) != jsonOf(t, resources(t, tt.in)) {
				t.Error("the spec that was judged has changed")
			}
			sub.Spec = d.Spec
			if again := set.Evaluate(sub, Complete); len(again.Adjustments) > 0 {
				t.Errorf("adjusted twice: %q", changes(again))
			}
		})
	}
	t.Run("no linux part", func(t *testing.T) {
		spec := newSpec()
		spec.Linux = nil
		d := decide(t, spec, "resources: {onViolation: adjust, pids: {max: 5}}")
		if d.Outcome() != Adjusted || *d.Spec.Linux.Resources.Pids.Limit != 5 {
			t.Error(findings(d))
		}
	})
	t.Run("no resources part", func(t *testing.T) {
		d := decide(t, newSpec(withResources(nil)), "resources: {onViolation: adjust, pids: {max: 5}}")
		if d.Outcome() != Adjusted || *d.Spec.Linux.Resources.Pids.Limit != 5 {
			t.Error(findings(d))
		}
	})
}

func TestResourcesLoad(t *testing.T) {
	const field = "spec.rules.resources"
	for rule, want := range map[string]string{
		"{}":                       "0.yaml:6:16: " + field + ": needs memory, cpu, pids, swap or hugepages",
		"{memory: {}}":             "0.yaml:6:16: " + field + ": needs memory, cpu, pids, swap or hugepages",
		"{memory: {default: 1Gi}}": "0.yaml:6:25: " + field + ".memory: default needs onViolation: adjust",
		"{onViolation: adjust, cpu: {default: 3, max: 2500m}}": "0.yaml:6:43: " + field + ".cpu: default 3 is above max 2500m",
		"{swap: {max: -1}}":       "0.yaml:6:29: " + field + `.swap.max: "-1" is not an amount of memory (allowed: a whole number above 0, with k, M, G, T, Ki, Mi, Gi or Ti), or 0`,
		"{hugepages: {max: 2MB}}": "0.yaml:6:34: " + field + `.hugepages.max: "2MB" is not an amount of memory (allowed: a whole number above 0, with k, M, G, T, Ki, Mi, Gi or Ti), or 0`,
		"{swap: {}}":              "0.yaml:6:16: " + field + ": needs memory, cpu, pids, swap or hugepages",
		"{pids: {max: 0}}":        "0.yaml:6:29: " + field + `.pids.max: "0" is not a valid number (allowed: a whole number from 1 to 4194304)`,
		"{memory: {max: 1g}}":     "0.yaml:6:31: " + field + `.memory.max: "1g" is not an amount of memory (allowed: a whole number above 0, with k, M, G, T, Ki, Mi, Gi or Ti)`,
		"{cpu: {max: [1]}}":       "0.yaml:6:28: " + field + ".cpu.max: must be a single value, not a list",
	} {
		if got := loadError("resources: " + rule); got != want {
			t.Errorf("%s:\n got %s\nwant %s", rule, got, want)
		}
	}
}
