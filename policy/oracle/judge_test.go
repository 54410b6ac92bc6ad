package oracle

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/ocispec"
	"github.com/specguard/specguard/policy"
)

// finding is a decision that the oracle does not agree with.
type finding struct {
	class  string // what is wrong, in words that findings of one fault have in common
	detail string
}

// trial is one container and what the policies decide about it.
type trial struct {
	node
	*policies
	spec   *specs.Spec
	before *state
	found  []finding

	// outcomes are those of the profiles, and then of the policies that adjust.
	outcomes []policy.Outcome
}

// judge has the policies decide about a container, and the oracle about them.
func (p *policies) judge(n node, spec *specs.Spec, c *choice) *trial {
	t := &trial{node: n, policies: p, spec: spec, before: n.read(spec)}
	for i, set := range p.profiles {
		t.profile(profile(i), set)
	}
	t.adjusted(c)
	t.ordered(c)
	return t
}

func (t *trial) fail(bad bool, class, format string, args ...any) {
	if bad {
		t.found = append(t.found, finding{class, fmt.Sprintf(format, args...)})
	}
}

func (t *trial) decide(set *policy.Set, spec *specs.Spec) *policy.Decision {
	return set.Evaluate(t.subject(spec), policy.Complete)
}

// profile wants that what a profile lets run has nothing that it forbids, and that
// what it refuses has.
func (t *trial) profile(p profile, set *policy.Set) {
	d := t.decide(set, t.spec)
	t.outcomes = append(t.outcomes, d.Outcome())
	if d.Outcome() == policy.Denied {
		t.explain(p, d)
		return
	}
	after := t.read(d.Spec)
	for _, b := range t.wanting(p, after) {
		t.fail(true, p.String()+" lets through "+b, "%s", d.Outcome())
	}
	t.notMore(p.String(), after)
}

// wanting lists what the state has that the profile forbids.
func (t *trial) wanting(p profile, s *state) []string {
	if s.none != "" {
		return nil
	}
	return p.bad(s)
}

// explain wants a reason for each denial.
func (t *trial) explain(p profile, d *policy.Decision) {
	for _, v := range d.Violations {
		kinds := kindsOf(v.Rule)
		bad := t.before.list(func(a ability) bool { return p.forbids(a) && slices.Contains(kinds, a.kind) })
		t.fail(len(bad) == 0 && reason(t.node, t.spec, v.Rule) == "", p.String()+" refuses by "+v.Rule, "%s", v.Found)
	}
}

func (t *trial) notMore(what string, after *state) {
	for _, m := range more(t.before, after) {
		t.fail(true, what+" gives "+m, "")
	}
}

// adjusted wants that what is adjusted has nothing that a policy forbids and
// nothing that it did not have, and that adjusting again changes nothing.
func (t *trial) adjusted(c *choice) {
	given := text(t.spec)
	d := t.decide(t.adjust, t.spec)
	t.outcomes = append(t.outcomes, d.Outcome())
	t.fail(text(t.spec) != given, "the spec that was judged was edited", "")
	split := t.decide(pick(c, t.split...), t.spec)
	t.fail(split.Outcome() != d.Outcome() || d.Outcome() != policy.Denied && !reflect.DeepEqual(split.Spec, d.Spec),
		"one policy for each rule decides differently", "%s, not %s: %s %s", split.Outcome(), d.Outcome(), split.Message(), d.Message())
	if d.Outcome() == policy.Denied {
		t.explain(everything, d)
		return
	}
	after := t.read(d.Spec)
	for _, b := range t.wanting(everything, after) {
		t.fail(true, "adjusted still has "+b, "")
	}
	t.notMore("adjusting", after)
	t.again("adjusting", t.adjust, d)
	t.written(d.Spec)
}

// again wants that an adjusted spec is let through as it is.
func (t *trial) again(what string, set *policy.Set, d *policy.Decision) {
	second := t.decide(set, d.Spec)
	t.fail(second.Outcome() != policy.Allowed || !reflect.DeepEqual(second.Spec, d.Spec), what+" twice changes more",
		"%s %v %s", second.Outcome(), second.Adjustments, second.Message())
}

// written wants that what is written to the node is what was decided.
func (t *trial) written(decided *specs.Spec) {
	patched, err := ocispec.Patch([]byte(text(t.spec)), t.spec, decided)
	if err != nil {
		t.fail(true, "the adjusted spec cannot be written", "%v", err)
		return
	}
	back, err := ocispec.Decode(patched)
	if err != nil {
		t.fail(true, "the written spec cannot be read", "%v", err)
		return
	}
	t.fail(text(back) != text(decided), "the written spec is another", "%s", text(back))
}

// ordered wants that the order of files does not matter, nor whether a policy comes
// first for what is denied.
func (t *trial) ordered(c *choice) {
	a, b := t.decide(t.files[0], t.spec), t.decide(t.files[1], t.spec)
	t.fail(a.Message() != b.Message() || !reflect.DeepEqual(a.Adjustments, b.Adjustments) || !reflect.DeepEqual(a.Spec, b.Spec),
		"the order of files decides", "%s / %s", a.Message(), b.Message())
	d := t.decide(pick(c, t.differ...), t.spec)
	t.fail((d.Outcome() == policy.Denied) != (a.Outcome() == policy.Denied), "priorities decide whether it is denied", "%s / %s", a.Message(), d.Message())
	for _, one := range []*policy.Decision{a, d} {
		if one.Outcome() != policy.Denied {
			t.notMore("differing policies", t.read(one.Spec))
		}
	}
	if a.Outcome() != policy.Denied {
		t.again("adjusting by differing policies", t.files[0], a)
	}
}

// report is a finding with the whole spec.
func (t *trial) report(f finding, edits []string) string {
	return fmt.Sprintf("%s\n%s\nedits: %s\nnode: %+v\n%s", f.class, f.detail, strings.Join(edits, ", "), t.node, text(t.spec))
}

func text(spec *specs.Spec) string {
	out, err := json.Marshal(spec)
	if err != nil {
		return err.Error()
	}
	return string(out)
}
