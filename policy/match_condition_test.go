package policy

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// conditions is a match with those conditions.
func conditions(expressions ...string) string {
	var list []string
	for i, e := range expressions {
		list = append(list, fmt.Sprintf("{name: c%d, expression: %q}", i, e))
	}
	return "matchConditions: " + flow(list...)
}

func TestMatchConditions(t *testing.T) {
	labels := func(kv ...string) func(*Subject) {
		return func(s *Subject) { s.Pod.Labels = map[string]string{kv[0]: kv[1]} }
	}
	noImage := func(s *Subject) { s.Container.Image = "" }
	for _, tt := range []struct {
		match string
		edit  func(*Subject)
		want  answer
	}{
		{conditions("pod.labels.tier == 'web'"), labels("tier", "web"), yes},
		{conditions("pod.labels.tier == 'web'"), labels("tier", "db"), no},
		{conditions("pod.labels.tier == 'web'"), labels("x", "y"), unknown},
		{conditions("'tier' in pod.labels && pod.labels.tier == 'web'"), labels("x", "y"), no},
		{conditions("container.name == 'app'", "pod.name.startsWith('web-')"), labels("x", "y"), yes},
		{conditions("container.name == 'app'", "pod.name.startsWith('db-')"), labels("x", "y"), no},
		{conditions("pod.labels.tier == 'web'", "pod.name.startsWith('db-')"), labels("x", "y"), no},
		{conditions("pod.labels.tier == 'web'", "pod.name.startsWith('web-')"), labels("x", "y"), unknown},
		{conditions("container.image.endsWith(':1')"), labels("x", "y"), yes},
		{conditions("container.image.endsWith(':2')"), labels("x", "y"), no},
		{conditions("container.image.endsWith(':2')"), noImage, unknown},
		{conditions("!container.image.endsWith(':2')"), noImage, unknown},
		{conditions("container.images.exists(i, i.endsWith(':2'))"), noImage, unknown},
		{conditions("container.images.exists(i, i.endsWith(':2'))"), func(s *Subject) { s.Container.OtherImages = []string{"x:2"} }, yes},
		{conditions("container.image.endsWith(':2') || pod.name == 'web-0'"), noImage, yes},
		{conditions("container.image.endsWith(':2') && pod.name == 'web-1'"), noImage, no},
		{conditions("container.image.endsWith(':2')", "pod.name == 'web-1'"), noImage, no},
		{"images: ['x/**'], " + conditions("pod.name == 'web-0'"), noImage, unknown},
		{"images: ['x/**'], " + conditions("pod.name == 'web-1'"), noImage, no},
		{"images: ['x/**'], " + conditions("pod.name == 'web-0'"), labels("x", "y"), no},
		{"images: ['x/**'], " + conditions("pod.labels.tier == 'web'"), labels("x", "y"), no},
		{"containers: [other], " + conditions("pod.name == 'web-0'"), labels("x", "y"), no},
		{"namespaces: [team-b], " + conditions("pod.name == 'web-0'"), labels("x", "y"), no},
		{conditions("lists.range(1000).all(a, lists.range(1000).all(b, a + b + size(pod.name) < 3000))"), labels("x", "y"), unknown},
	} {
		sub := subject(newSpec())
		tt.edit(&sub)
		set := compileDocs(t, matchDoc("{"+tt.match+"}"))
		sel := set.Select(&sub)
		early, final := len(set.Evaluate(sub, Partial).Policies) > 0, len(set.Evaluate(sub, Complete).Policies) > 0
		if sel.Enforced != (tt.want != no) || early != (tt.want == yes) || final != (tt.want != no) {
			t.Errorf("%s: selected %v, judged early %v and in the end %v, want %v", tt.match, sel.Enforced, early, final, tt.want)
		}
		if want := tt.want == unknown && sub.Container.Image == ""; sel.ByImage != want {
			t.Errorf("%s: by image %v, want %v", tt.match, sel.ByImage, want)
		}
	}
}

func TestMatchConditionsLoad(t *testing.T) {
	const at = "5:52: spec.match.matchConditions[0].expression: "
	for match, want := range map[string]string{
		conditions("pod.nam == 'a'"):                        at + "column 4: undefined field 'nam'",
		conditions("spec.process.terminal"):                 at + "column 1: undeclared reference to 'spec'",
		conditions("pod.name"):                              at + "is of type string (allowed: bool)",
		conditions("false"):                                 at + "is never true: nothing would match",
		conditions("pod.name == 'a' && 1 > 2"):              at + "is never true: nothing would match",
		conditions("true"):                                  at + "is always true: it excludes nothing",
		"matchConditions: []":                               "5:28: spec.match.matchConditions: is an empty list; leave it out to match all",
		"matchConditions: [{}]":                             "5:29: spec.match.matchConditions[0].name: is missing",
		"matchConditions: [{name: a}]":                      "5:29: spec.match.matchConditions[0].expression: is missing",
		"matchConditions: [{name: a, expression: !pod.x }]": "5:51: spec.match.matchConditions[0].expression: must be plain, not tagged !pod.x (quote it)",
		"matchConditions: [{name: a, expression: pod.name == ''}, {name: a, expression: pod.name != ''}]": `5:28: spec.match.matchConditions: has two entries with the name "a"`,
	} {
		_, err := Compile(Source{Name: "p.yaml", Data: []byte(matchDoc("{" + match + "}"))})
		switch {
		case err == nil && want != "":
			t.Errorf("%s: no error", match)
		case err != nil && err.Error() != "p.yaml:"+want:
			t.Errorf("%s:\n got %s\nwant p.yaml:%s", match, err, want)
		}
	}
}

// TestExceptionConditions: an exception holds only where its conditions are
// certainly true.
func TestExceptionConditions(t *testing.T) {
	policy := policyDoc("test", "allowPrivilegeEscalation: {}")
	for expression, excused := range map[string]bool{
		"pod.labels.tier == 'web'":                true,
		"pod.labels.tier == 'db'":                 false,
		"pod.labels.team == 'web'":                false, // cannot be evaluated
		"container.image.startsWith('registry.')": false, // not known
	} {
		sub := subject(newSpec())
		sub.Container.Image = ""
		sub.Time = at(t, "2026-11-01T00:00:00Z")
		d := compileDocs(t, policy, exceptionDoc("match: {"+conditions(expression)+"}")).Evaluate(sub, Complete)
		if (len(d.Excepted) == 1) != excused || (d.Outcome() == Allowed) != excused {
			t.Errorf("%s: %s, excepted %v", expression, d.Outcome(), d.Excepted)
		}
	}
	_, err := Compile(sources(policy, exceptionDoc("match: {"+conditions("pod.foo")+"}"))...)
	if want := "1.yaml:7:52: spec.match.matchConditions[0].expression: column 4: undefined field 'foo'"; err == nil || err.Error() != want {
		t.Errorf("\n got %v\nwant %s", err, want)
	}
}

// What is told without the image holds whatever the image is: else a container
// could stay without its seal.
func TestPropertyConditionsWithoutImage(t *testing.T) {
	atoms := []string{
		"container.image == 'a'", "container.image != 'a'", "container.images.exists(i, i == 'b')", "container.images.all(i, i == 'a')",
		"size(container.images) > 1", "has(container.image)", "container.image in ['a', 'b']", "dyn(container).image == 'a'",
		"[container].exists_one(c, c.image == 'a')", "pod.name == 'web-0'", "pod.labels.x == 'y'", "pod.labels.tier == 'web'", "container.name == 'b'",
		"container.images.map(i, i + 'x') == ['ax']", "container.images.hasAny(['a'])", "container == container",
	}
	rapid.Check(t, func(t *rapid.T) {
		var draw func(depth int) string
		draw = func(depth int) string {
			op := pick(t, "operator", "", "!", "&&", "||", "?", "==")
			if depth == 0 || op == "" {
				return "(" + pick(t, "atom", atoms...) + ")"
			}
			switch a := draw(depth - 1); op {
			case "!":
				return "!(" + a + ")"
			case "?":
				return "(" + a + " ? " + draw(depth-1) + " : " + draw(depth-1) + ")"
			default:
				return "(" + a + " " + op + " " + draw(depth-1) + ")"
			}
		}
		m := &Match{MatchConditions: []MatchCondition{{Expression: expression{text: draw(3)}}}}
		if errs := m.compile(&expressions{}); len(errs) > 0 && !strings.HasSuffix(errs[0].Msg, "nothing would match") {
			t.Fatal(errs)
		}
		sub := subject(newSpec())
		sub.Container.Image = ""
		before := m.container(&sub)
		sub.Container.Image, sub.Container.OtherImages = pick(t, "image", "a", "b", "c"), some(t, "other", "a", "b")
		if after := m.container(&sub); before != unknown && before != after {
			t.Errorf("%s: %v without the image, %v with %s %v", m.MatchConditions[0].Expression.text, before, after, sub.Container.Image, sub.Container.OtherImages)
		}
	})
}

// TestEarlyMayBeMended: nothing is denied early that a rule would mend in the
// end of which it cannot be told yet whether it is for the container.
func TestEarlyMayBeMended(t *testing.T) {
	rejects := policyDoc("rejects", "resources: {memory: {required: true}}")
	adjusts := func(match string) string {
		return strings.Replace(policyDoc("test", "resources: {onViolation: adjust, memory: {default: 64Mi}}"), "spec:\n", "spec:\n  match: {"+match+"}\n", 1)
	}
	excused := func(match string) string { return exceptionDoc("rules: [resources]", "match: {"+match+"}") }
	for name, tt := range map[string]struct {
		docs        []string
		early, ends Outcome
	}{
		"alone":                     {[]string{rejects}, Denied, Denied},
		"certainly mended":          {[]string{rejects, adjusts("containers: [app]")}, Adjusted, Adjusted},
		"perhaps mended":            {[]string{rejects, adjusts("images: ['**']")}, Adjusted, Adjusted},
		"perhaps mended, by label":  {[]string{rejects, adjusts(conditions("pod.labels.x == 'y'"))}, Adjusted, Adjusted},
		"not mended":                {[]string{rejects, adjusts("containers: [other]")}, Denied, Denied},
		"certainly excused":         {[]string{rejects, adjusts("containers: [app]"), excused("containers: [app]")}, Denied, Denied},
		"perhaps excused":           {[]string{rejects, adjusts("containers: [app]"), excused("images: ['a.io/**']")}, Adjusted, Adjusted},
		"perhaps one, certainly or": {[]string{rejects, adjusts("images: ['**']"), excused("containers: [app]")}, Denied, Denied},
	} {
		sub := subject(newSpec())
		sub.Container.Image, sub.Time = "", at(t, "2026-11-01T00:00:00Z")
		set := compileDocs(t, tt.docs...)
		if early, ends := set.Evaluate(sub, Partial).Outcome(), set.Evaluate(sub, Complete).Outcome(); early != tt.early || ends != tt.ends {
			t.Errorf("%s: early %s, in the end %s", name, early, ends)
		}
	}
}
