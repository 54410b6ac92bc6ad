package policy

import (
	"fmt"
	"slices"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"pgregory.net/rapid"
)

func withRlimit(name string, soft, hard uint64) option {
	return func(s *specs.Spec) {
		s.Process.Rlimits = append(s.Process.Rlimits, specs.POSIXRlimit{Type: name, Soft: soft, Hard: hard})
	}
}

func TestRlimits(t *testing.T) {
	const bound = "{type: RLIMIT_NOFILE, max: 1024}"
	for name, tt := range map[string]struct {
		limit      string
		spec       *specs.Spec
		want       string // the finding, "" for none
		soft, hard uint64 // after adjusting
	}{
		"below":              {bound, newSpec(withRlimit("RLIMIT_NOFILE", 1, 1024)), "", 1, 1024},
		"hard above":         {bound, newSpec(withRlimit("RLIMIT_NOFILE", 10, 1025)), "RLIMIT_NOFILE of 1025 is too high (allowed: at most 1024)", 10, 1024},
		"both above":         {bound, newSpec(withRlimit("RLIMIT_NOFILE", 2000, 3000)), "RLIMIT_NOFILE of 3000 is too high (allowed: at most 1024)", 1024, 1024},
		"soft alone above":   {bound, newSpec(withRlimit("RLIMIT_NOFILE", 2000, 7)), "RLIMIT_NOFILE of 2000 is too high (allowed: at most 1024)", 1024, 7},
		"unlimited":          {bound, newSpec(withRlimit("RLIMIT_NOFILE", 5, infinity)), "RLIMIT_NOFILE of unlimited is too high (allowed: at most 1024)", 5, 1024},
		"twice":              {bound, newSpec(withRlimit("RLIMIT_NOFILE", 1, 1), withRlimit("RLIMIT_NOFILE", 9999, 9999)), "RLIMIT_NOFILE of 9999 is too high (allowed: at most 1024)", 1, 1},
		"twice, high first":  {bound, newSpec(withRlimit("RLIMIT_NOFILE", 9999, 9999), withRlimit("RLIMIT_NOFILE", 1, 1)), "RLIMIT_NOFILE of 9999 is too high (allowed: at most 1024)", 1024, 1024},
		"written in another": {bound, newSpec(withRlimit("nofile", 9999, 9999)), "RLIMIT_NOFILE of 9999 is too high (allowed: at most 1024)", 1024, 1024},
		"another resource":   {bound, newSpec(withRlimit("RLIMIT_NPROC", 9999, 9999)), "", 9999, 9999},
		"zero":               {"{type: RLIMIT_CORE, max: 0}", newSpec(withRlimit("RLIMIT_CORE", 0, 1)), "RLIMIT_CORE of 1 is too high (allowed: at most 0)", 0, 0},
		"the largest":        {"{type: RLIMIT_CORE, max: 18446744073709551614}", newSpec(withRlimit("RLIMIT_CORE", 1, infinity)), "RLIMIT_CORE of unlimited is too high (allowed: at most 18446744073709551614)", 1, infinity - 1},
		"any will do":        {"{type: RLIMIT_CORE, required: true}", newSpec(withRlimit("RLIMIT_CORE", 1, infinity)), "", 1, infinity},
	} {
		t.Run(name, func(t *testing.T) {
			var want []string
			if tt.want != "" {
				want = []string{"rlimits: " + tt.want}
			}
			if got := findings(decide(t, tt.spec, "rlimits: {limits: ["+tt.limit+"]}")); !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
			d := decide(t, tt.spec, "rlimits: {onViolation: adjust, limits: ["+tt.limit+"]}")
			if l := d.Spec.Process.Rlimits[0]; l.Soft != tt.soft || l.Hard != tt.hard || d.Outcome() == Denied || len(changes(d)) != len(want) {
				t.Errorf("adjusted: %v %s %q", l, d.Message(), changes(d))
			}
		})
	}
}

// TestRlimitsMissing: a limit that is not there is neither judged nor set,
// unless it is required.
func TestRlimitsMissing(t *testing.T) {
	for name, spec := range map[string]*specs.Spec{"no limits": newSpec(), "another": newSpec(withRlimit("RLIMIT_NPROC", 1, 1)), "no process": {}} {
		for limit, want := range map[string][]string{
			"{type: RLIMIT_CORE, max: 5}":                 nil,
			"{type: RLIMIT_CORE, max: 5, required: true}": {"rlimits: RLIMIT_CORE is not set (allowed: at most 5)"},
			"{type: RLIMIT_CORE, required: true}":         {"rlimits: RLIMIT_CORE is not set (allowed: any limit)"},
		} {
			d := decide(t, spec, "rlimits: {onViolation: adjust, limits: ["+limit+"]}")
			if got := findings(d); !slices.Equal(got, want) || len(changes(d)) > 0 {
				t.Errorf("%s, %s: %q %q", name, limit, got, changes(d))
			}
		}
	}
}

// TestRlimitsDefault: a default is for what has no limit, and never above what any
// policy allows.
func TestRlimitsDefault(t *testing.T) {
	const rule = "rlimits: {onViolation: adjust, limits: [{type: RLIMIT_NOFILE, default: 512, max: 1024}]}"
	core := specs.POSIXRlimit{Type: "RLIMIT_CORE", Soft: 1, Hard: 1}
	for name, tt := range map[string]struct {
		spec    *specs.Spec
		others  []string
		want    []specs.POSIXRlimit
		changes []string
	}{
		"missing": {newSpec(), nil, []specs.POSIXRlimit{{Type: "RLIMIT_NOFILE", Soft: 512, Hard: 512}}, []string{"rlimits: set RLIMIT_NOFILE to 512"}},
		"another": {newSpec(withRlimit("RLIMIT_CORE", 1, 1)), nil, []specs.POSIXRlimit{core, {Type: "RLIMIT_NOFILE", Soft: 512, Hard: 512}}, []string{"rlimits: set RLIMIT_NOFILE to 512"}},
		"lower":   {newSpec(withRlimit("RLIMIT_NOFILE", 5, 7)), nil, []specs.POSIXRlimit{{Type: "RLIMIT_NOFILE", Soft: 5, Hard: 7}}, nil},
		"higher":  {newSpec(withRlimit("RLIMIT_NOFILE", 5, 1000)), nil, []specs.POSIXRlimit{{Type: "RLIMIT_NOFILE", Soft: 5, Hard: 1000}}, nil},
		"too high": {newSpec(withRlimit("RLIMIT_NOFILE", 5, 5000)), nil, []specs.POSIXRlimit{{Type: "RLIMIT_NOFILE", Soft: 5, Hard: 1024}},
			[]string{"rlimits: lowered RLIMIT_NOFILE from 5000 to 1024"}},
		"in other words": {newSpec(withRlimit("nofile", 5, 7)), nil, []specs.POSIXRlimit{{Type: "nofile", Soft: 5, Hard: 7}}, nil},
		"another policy allows less": {newSpec(), []string{"rlimits: {limits: [{type: RLIMIT_NOFILE, max: 100}]}"},
			[]specs.POSIXRlimit{{Type: "RLIMIT_NOFILE", Soft: 100, Hard: 100}}, []string{"rlimits: set RLIMIT_NOFILE to 100"}},
		"another policy has a larger one": {newSpec(), []string{"rlimits: {onViolation: adjust, limits: [{type: RLIMIT_NOFILE, default: 700}]}"},
			[]specs.POSIXRlimit{{Type: "RLIMIT_NOFILE", Soft: 700, Hard: 700}}, []string{"rlimits: set RLIMIT_NOFILE to 700"}},
		"another policy has a smaller one": {newSpec(), []string{"rlimits: {onViolation: adjust, limits: [{type: RLIMIT_NOFILE, default: 7}]}"},
			[]specs.POSIXRlimit{{Type: "RLIMIT_NOFILE", Soft: 512, Hard: 512}}, []string{"rlimits: set RLIMIT_NOFILE to 512"}},
		"another policy only reports": {newSpec(), []string{"rlimits: {onViolation: audit, limits: [{type: RLIMIT_NOFILE, max: 100}]}"},
			[]specs.POSIXRlimit{{Type: "RLIMIT_NOFILE", Soft: 512, Hard: 512}}, []string{"rlimits: set RLIMIT_NOFILE to 512"}},
	} {
		docs := []string{policyDoc("m", rule)}
		for i, o := range tt.others { // before and after it
			docs = append(docs, policyDoc(fmt.Sprintf("a%d", i), o), policyDoc(fmt.Sprintf("z%d", i), o))
		}
		d := compileDocs(t, docs...).Evaluate(subject(tt.spec), Complete)
		if got := d.Spec.Process.Rlimits; d.Outcome() == Denied || !slices.Equal(got, tt.want) || !slices.Equal(changes(d), tt.changes) {
			t.Errorf("%s: %s %v %q, want %v %q", name, d.Outcome(), got, changes(d), tt.want, tt.changes)
		}
	}
	d := decide(t, &specs.Spec{}, rule)
	if want := []string{"rlimits: RLIMIT_NOFILE is not set (allowed: at most 1024)"}; d.Outcome() != Denied || !slices.Equal(findings(d), want) {
		t.Errorf("no process: %s %q", d.Outcome(), findings(d))
	}
}

func TestRlimitsChanges(t *testing.T) {
	spec := newSpec(withRlimit("RLIMIT_NOFILE", 5, infinity), withRlimit("RLIMIT_CORE", 7, 7))
	d := decide(t, spec, "rlimits: {onViolation: adjust, limits: [{type: RLIMIT_CORE, max: 0}, {type: RLIMIT_NOFILE, max: 10}]}")
	want := []string{"rlimits: lowered RLIMIT_CORE from 7 to 0", "rlimits: lowered RLIMIT_NOFILE from unlimited to 10"}
	if got := changes(d); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestRlimitsErrors(t *testing.T) {
	const number = ` is not a limit (allowed: a whole number from 0 to 18446744073709551614)`
	const types = "RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_LOCKS, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_NICE, " +
		"RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_RSS, RLIMIT_RTPRIO, RLIMIT_RTTIME, RLIMIT_SIGPENDING, RLIMIT_STACK"
	for rule, want := range map[string]string{
		"rlimits: {}":                                          "0.yaml:6:14: spec.rules.rlimits.limits: is missing or empty",
		"rlimits: {limits: []}":                                "0.yaml:6:23: spec.rules.rlimits.limits: is missing or empty",
		"rlimits: {onViolation: ignore}":                       "0.yaml:1:1: spec: has no rules: give it a profile or rules",
		"rlimits: {limits: [{max: 5}]}":                        "0.yaml:6:24: spec.rules.rlimits.limits[0].type: is missing",
		"rlimits: {limits: [{type: RLIMIT_CORE}]}":             "0.yaml:6:24: spec.rules.rlimits.limits[0]: needs max, default or required",
		"rlimits: {limits: [{type: RLIMIT_CORE, default: 5}]}": "0.yaml:6:23: spec.rules.rlimits.limits: the default of RLIMIT_CORE needs onViolation: adjust",
		"rlimits: {onViolation: adjust, limits: [{type: RLIMIT_CORE, default: 6, max: 5}]}": "0.yaml:6:74: spec.rules.rlimits.limits[0].default: 6 is above max, 5",
		"rlimits: {limits: [{type: nofile, max: 5}]}":                                       `0.yaml:6:31: spec.rules.rlimits.limits[0].type: "nofile" is not one of ` + types,
		"rlimits: {limits: [{max: -1, type: RLIMIT_AS}]}":                                   `0.yaml:6:30: spec.rules.rlimits.limits[0].max: "-1"` + number,
		"rlimits: {limits: [{max: 010, type: RLIMIT_AS}]}":                                  `0.yaml:6:30: spec.rules.rlimits.limits[0].max: "010"` + number,
		"rlimits: {limits: [{max: 1Mi, type: RLIMIT_AS}]}":                                  `0.yaml:6:30: spec.rules.rlimits.limits[0].max: "1Mi"` + number,
		"rlimits: {limits: [{max: 1e3, type: RLIMIT_AS}]}":                                  `0.yaml:6:30: spec.rules.rlimits.limits[0].max: "1e3"` + number,
		"rlimits: {limits: [{max: unlimited, type: RLIMIT_AS}]}":                            `0.yaml:6:30: spec.rules.rlimits.limits[0].max: "unlimited"` + number,
		"rlimits: {limits: [{max: 18446744073709551615, type: RLIMIT_AS}]}":                 `0.yaml:6:30: spec.rules.rlimits.limits[0].max: "18446744073709551615"` + number,
		"rlimits: {limits: [{type: RLIMIT_AS, max: 1}, {type: RLIMIT_AS, required: true}]}": "0.yaml:6:23: spec.rules.rlimits.limits: has RLIMIT_AS twice",
	} {
		if got := loadError(rule); got != want {
			t.Errorf("%s: %s, want %s", rule, got, want)
		}
	}
}

func drawRlimits(t *rapid.T, action Action) []string {
	cores, files := []string{"max: 0", "max: 7", "required: true", "max: 7, required: true"}, []string{"max: 10", "max: 1000"}
	if action == Adjust {
		cores = append(cores, "default: 5", "default: 0, required: true", "default: 3, max: 7")
		files = append(files, "default: 50", "default: 9, max: 10", "default: 400, max: 1000")
	}
	return []string{"limits: " + flow(append(some(t, "limit", "{type: RLIMIT_CORE, "+pick(t, "core", cores...)+"}"),
		"{type: RLIMIT_NOFILE, "+pick(t, "nofile", files...)+"}")...)}
}

func drawRlimitsEdit(t *rapid.T) option {
	limit := func(label string) uint64 { return pick[uint64](t, label, 0, 8, 100, 5000, infinity) }
	return func(s *specs.Spec) {
		for _, name := range some(t, "rlimit", "RLIMIT_NOFILE", "RLIMIT_CORE", "RLIMIT_NPROC") {
			withRlimit(name, limit("soft"), limit("hard"))(s)
		}
	}
}
