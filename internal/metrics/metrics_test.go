package metrics_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/specguard/specguard/internal/metrics"
	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/recordsize"
	"github.com/specguard/specguard/policy"
)

// expect compares the samples of those metrics, without HELP and TYPE.
func expect(t *testing.T, reg *prometheus.Registry, want string, names ...string) {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	header := ""
	for _, f := range families {
		header += "# HELP " + f.GetName() + " " + f.GetHelp() + "\n# TYPE " + f.GetName() + " " + strings.ToLower(f.GetType().String()) + "\n"
		for line := range strings.Lines(want) {
			if strings.HasPrefix(line, f.GetName()+"{") || strings.HasPrefix(line, f.GetName()+" ") {
				header += line
			}
		}
	}
	if err := testutil.GatherAndCompare(reg, strings.NewReader(header), names...); err != nil {
		t.Error(err)
	}
}

func event(e judge.Event, d policy.Decision) judge.Record {
	return judge.Record{Event: e, Decision: &d, Evaluation: 100 * time.Microsecond, Total: 3 * time.Millisecond}
}

func violation(rule string) []policy.Violation {
	return []policy.Violation{{Policy: "p", Rule: rule}}
}

func change(rules ...string) []policy.Adjustment {
	var out []policy.Adjustment
	for _, r := range rules {
		out = append(out, policy.Adjustment{Policy: "p", Rule: r, Change: "x"})
	}
	return out
}

// begun adds the samples that are still 0.
func begun(name string, outcomes []policy.Outcome, samples string) string {
	var all []string
	for _, s := range judge.Events() {
		all = append(all, fmt.Sprintf(`{stage="%s"}`, s))
		if outcomes != nil {
			all = all[:len(all)-1]
		}
		for _, o := range outcomes {
			all = append(all, fmt.Sprintf(`{outcome="%s",stage="%s"}`, o, s))
		}
	}
	for _, labels := range all {
		if sample := "specguard_" + name + labels; !strings.Contains(samples, sample) {
			samples += sample + " 0\n"
		}
	}
	return samples
}

func TestRecorder(t *testing.T) {
	reg := prometheus.NewRegistry()
	r := metrics.New(reg)
	r.Decided(event(judge.EventOpen, policy.Decision{}))
	r.Decided(event(judge.EventOpen, policy.Decision{Adjustments: change("a", "a", "b"), Audit: violation("c")}))
	r.Decided(event(judge.EventOpen, policy.Decision{Adjustments: change("a"), Violations: violation("b")}))
	r.Decided(event(judge.EventCreate, policy.Decision{Violations: violation("b")}))
	r.Decided(event(judge.EventExisting, policy.Decision{Adjustments: change("a")}))
	r.Failed(judge.EventOpen, policy.Pod{}, policy.Container{}, errors.New("x"))
	large := &recordsize.TooLarge{}
	r.Failed(judge.EventCreate, policy.Pod{}, policy.Container{}, large)
	r.Failed(judge.EventCreate, policy.Pod{}, policy.Container{}, large.Reported("x"))
	r.Failed(judge.EventCreate, policy.Pod{}, policy.Container{}, large.Reported("x"))
	expect(t, reg, "specguard_oversized_total{outcome=\"refused\"} 1\nspecguard_oversized_total{outcome=\"reported\"} 2\n", "specguard_oversized_total")
	expect(t, reg, begun("decisions_total", policy.Outcomes(), `specguard_decisions_total{outcome="adjusted",stage="existing"} 1
specguard_decisions_total{outcome="adjusted",stage="open"} 1
specguard_decisions_total{outcome="allowed",stage="open"} 1
specguard_decisions_total{outcome="denied",stage="create"} 1
specguard_decisions_total{outcome="denied",stage="open"} 1
`), "specguard_decisions_total")
	expect(t, reg, `specguard_rule_results_total{outcome="adjusted",policy="p",rule="a"} 3
specguard_rule_results_total{outcome="adjusted",policy="p",rule="b"} 1
specguard_rule_results_total{outcome="audited",policy="p",rule="c"} 1
specguard_rule_results_total{outcome="denied",policy="p",rule="b"} 2
`, "specguard_rule_results_total")
	expect(t, reg, `specguard_adjustments_total{policy="p",rule="a"} 2
specguard_adjustments_total{policy="p",rule="b"} 1
`, "specguard_adjustments_total")
	expect(t, reg, begun("failures_total", nil, `specguard_failures_total{stage="open"} 1
`), "specguard_failures_total")
}

// TestDurations are in seconds.
func TestDurations(t *testing.T) {
	reg := prometheus.NewRegistry()
	r := metrics.New(reg)
	r.Decided(event(judge.EventOpen, policy.Decision{}))
	r.Decided(event(judge.EventOpen, policy.Decision{}))
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{"specguard_evaluation_duration_seconds": 0.0002, "specguard_request_duration_seconds": 0.006}
	for _, f := range families {
		if sum, ok := want[f.GetName()]; ok {
			h := f.GetMetric()[0].GetHistogram()
			if h.GetSampleCount() != 2 || h.GetSampleSum() < sum*0.999 || h.GetSampleSum() > sum*1.001 {
				t.Errorf("%s: %v", f.GetName(), h)
			}
			delete(want, f.GetName())
		}
	}
	if len(want) > 0 {
		t.Errorf("missing %v", want)
	}
}

type state struct {
	connected bool
	builtin   bool
	err       error
}

func (s *state) Connected() bool             { return s.connected }
func (s *state) Generation() uint64          { return 7 }
func (s *state) SynchronizeFailures() uint64 { return 2 }
func (s *state) Oversized() int              { return 5 }
func (s *state) PolicyCount() int            { return 3 }
func (s *state) ReloadError() error          { return s.err }
func (s *state) Builtin() bool               { return s.builtin }
func (s *state) Opener() string              { return "verify" }

func (s *state) Exceptions() []policy.Exception {
	return []policy.Exception{
		{Name: "old", Owner: "a", Ends: time.Unix(1000, 0)},
		{Name: "long", Owner: "b", Ends: time.Unix(1e11, 0)},
		{Name: "endless", Owner: "b"},
	}
}

func TestExceptions(t *testing.T) {
	reg := prometheus.NewRegistry()
	metrics.RegisterState(reg, &state{})
	expect(t, reg, `specguard_exception_end_timestamp_seconds{exception="endless",owner="b"} +Inf
specguard_exception_end_timestamp_seconds{exception="long",owner="b"} 1e+11
specguard_exception_end_timestamp_seconds{exception="old",owner="a"} 1000
specguard_exceptions_expired 1
specguard_exceptions_without_end 1
`, "specguard_exception_end_timestamp_seconds", "specguard_exceptions_expired", "specguard_exceptions_without_end")
}

// TestAuditMode counts what audit-mode policies would do, and what exceptions
// excuse.
func TestAuditMode(t *testing.T) {
	reg := prometheus.NewRegistry()
	r := metrics.New(reg)
	r.Decided(event(judge.EventOpen, policy.Decision{
		IfEnforced: &policy.Decision{Violations: violation("a")},
		Excepted:   []policy.Excepted{{Violation: violation("b")[0], Exception: "x"}},
	}))
	expect(t, reg, begun("decisions_if_enforced_total", policy.Outcomes(), `specguard_decisions_if_enforced_total{outcome="denied",stage="open"} 1
`), "specguard_decisions_if_enforced_total")
	expect(t, reg, `specguard_rule_results_total{outcome="excepted",policy="p",rule="b"} 1
`, "specguard_rule_results_total")
}

func TestState(t *testing.T) {
	reg := prometheus.NewRegistry()
	s := &state{connected: true}
	metrics.RegisterState(reg, s)
	expect(t, reg, "specguard_nri_synchronize_failures_total 2\nspecguard_oversized_containers 5\n", "specguard_nri_synchronize_failures_total", "specguard_oversized_containers")
	all := []string{"specguard_connected", "specguard_policies", "specguard_policy_generation", "specguard_policy_reload_success", "specguard_builtin_policy"}
	expect(t, reg, "specguard_builtin_policy 0\nspecguard_connected 1\nspecguard_policies 3\nspecguard_policy_generation 7\nspecguard_policy_reload_success 1\n", all...)
	s.connected, s.builtin, s.err = false, true, errors.New("x")
	expect(t, reg, "specguard_builtin_policy 1\nspecguard_connected 0\nspecguard_policies 3\nspecguard_policy_generation 7\nspecguard_policy_reload_success 0\n", all...)
}

// TestLint asks Prometheus about the names and help texts.
func TestLint(t *testing.T) {
	reg := prometheus.NewRegistry()
	r := metrics.New(reg)
	metrics.RegisterState(reg, &state{})
	r.Decided(event(judge.EventOpen, policy.Decision{Adjustments: change("a"), Audit: violation("c")}))
	r.Failed(judge.EventOpen, policy.Pod{}, policy.Container{}, errors.New("x"))
	problems, err := testutil.GatherAndLint(reg)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}
