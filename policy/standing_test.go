package policy

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// drawQuestion draws a question of which all is known, and the container that it is about.
func drawQuestion(t *rapid.T) (Question, Subject) {
	q := Question{
		Namespace: pick(t, "namespace", "team-a", "default", "kube-system"), RuntimeHandler: pick(t, "handler", "", "gvisor"),
		Labels:    pick(t, "labels", nil, map[string]string{"tier": "web"}, map[string]string{"x": "y", "tier": "db"}),
		Container: pick(t, "container", "app", "init"),
		Image:     pick(t, "image", "registry.example.com/team/web:1", "docker.io/library/redis:7", "redis"),
		Time:      time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	return q, *q.subject()
}

// drawMatch draws a match of several parts.
func drawMatch(t *rapid.T) string {
	return "{" + strings.Join(some(t, "parts", `namespaces: ["team-*", kube-system]`, `excludeNamespaces: [team-b]`,
		`podSelector: {matchLabels: {tier: web}}`, `excludePodSelector: {matchLabels: {x: y}}`, `containers: [app]`, `excludeContainers: [init]`,
		`images: ["registry.example.com/**", redis]`, `excludeImages: [redis]`, `runtimeHandlers: [""]`,
		`matchConditions: [{name: a, expression: 'container.image.startsWith("registry.")'}, {name: b, expression: '!("x" in pod . labels)'}]`), ", ") + "}"
}

// TestStandingIsWhatIsMatched: if all is known, Standing says of each policy whether it matches.
// If less is known, an answer stays or becomes unknown.
func TestStandingIsWhatIsMatched(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q, sub := drawQuestion(t)
		text := "apiVersion: specguard.dev/v1beta1\nkind: Policy\nmetadata: {name: p}\nspec: {match: " + drawMatch(t) + ", rules: {hostPorts: {}}}\n"
		set, err := Compile(Source{Name: "p", Data: []byte(text)})
		if err != nil {
			t.Skip(err)
		}
		all := set.Standing(q).Policies[0]
		want := Never
		if p := set.policies[0]; p.match.namespace(q.Namespace) {
			want = p.match.container(&sub).certainty()
		}
		if all.Matches != want || (len(all.Why) == 0) != (want == Certain) {
			t.Fatalf("%+v, want %s", all, want)
		}
		less := q
		for _, forget := range some(t, "forgotten", "labels", "handler", "container", "image") {
			switch forget {
			case "labels":
				less.Labels, less.LabelsUnseen = nil, true
			case "handler":
				less.RuntimeHandler, less.HandlerUnseen = "", true
			case "container":
				less.Container = ""
			case "image":
				less.Image = ""
			}
		}
		if got := set.Standing(less).Policies[0]; got.Matches != want && got.Matches != Possible {
			t.Fatalf("of less: %+v, want %s", got, want)
		}
	})
}

// TestStandingHasTheExceptions: those are listed that excuse a container.
func TestStandingHasTheExceptions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q, sub := drawQuestion(t)
		text := "apiVersion: specguard.dev/v1beta1\nkind: Policy\nmetadata: {name: p}\nspec: {rules: {hostPorts: {}}}\n---\n" +
			"apiVersion: specguard.dev/v1beta1\nkind: Exception\nmetadata: {name: x}\nspec: {policies: [p], rules: [hostPorts], match: " + drawMatch(t) +
			", reason: r, owner: o, expires: " + pick(t, "expires", "2025-12-31", "2026-01-01", "never") + "}\n"
		set, err := Compile(Source{Name: "p", Data: []byte(text)})
		if err != nil || q.Namespace == protectedNamespace {
			t.Skip(err)
		}
		want := set.exceptions[0].excuses(&sub)
		got := set.Standing(q).Rules[0].Policies[0].Exceptions
		if want == no && len(got) > 0 || want == yes && (len(got) != 1 || got[0].Applies != Certain) || want == unknown && len(got) != 1 {
			t.Fatalf("%+v, want %v", got, want)
		}
	})
}

func TestStandingSaysWhy(t *testing.T) {
	known := Question{Namespace: "team-a", Container: "app", Image: "redis", Labels: map[string]string{"a": "b"}}
	nothing := Question{Namespace: "team-a", LabelsUnseen: true, HandlerUnseen: true}
	for _, c := range []struct {
		match string
		q     Question
		want  Certainty
		why   []string
	}{
		{"{}", nothing, Certain, nil},
		{"{namespaces: [b, \"c-*\"]}", known, Never, []string{"namespaces [b, c-*] does not have the namespace"}},
		{"{excludeNamespaces: [\"team-*\"]}", known, Never, []string{"excludeNamespaces [team-*] has the namespace"}},
		{"{}", Question{Namespace: "kube-system"}, Never, []string{"only the full name in namespaces matches kube-system"}},
		{"{runtimeHandlers: [\"\"]}", nothing, Possible, []string{`the pod's runtime handler is one of runtimeHandlers [""]`}},
		{"{runtimeHandlers: [gvisor]}", known, Never, []string{"runtimeHandlers [gvisor] does not have the handler"}},
		{"{podSelector: {matchLabels: {a: c}}}", known, Never, []string{"podSelector {matchLabels: {a: c}} does not match the labels"}},
		{"{podSelector: {matchLabels: {a: c}}}", nothing, Possible, []string{"podSelector {matchLabels: {a: c}} matches the pod's labels"}},
		{"{excludePodSelector: {matchExpressions: [{key: a, operator: Exists}]}}", known, Never,
			[]string{"excludePodSelector {matchExpressions: [{key: a, operator: Exists}]} matches the labels"}},
		{"{containers: [web], excludeContainers: [init]}", known, Never, []string{"the container's name is not in containers [web] and outside excludeContainers [init]"}},
		{"{containers: [web]}", nothing, Possible, []string{"the container's name is in containers [web]"}},
		{"{images: [nginx]}", known, Never, []string{"the image is not in images [docker.io/library/nginx]"}},
		{"{excludeImages: [redis]}", nothing, Possible, []string{"the image is outside excludeImages [docker.io/library/redis]"}},
		{"{matchConditions: [{name: x, expression: '\"c\" in pod.labels'}]}", known, Never, []string{"matchConditions: x is false"}},
		{"{matchConditions: [{name: x, expression: pod.name == \"a\"}]}", known, Possible, []string{`matchConditions: x is true: pod.name == "a"`}},
		{"{namespaces: [b], containers: [web]}", nothing, Never, []string{"namespaces [b] does not have the namespace"}},
	} {
		set, err := Compile(Source{Name: "p", Data: []byte("apiVersion: specguard.dev/v1beta1\nkind: Policy\nmetadata: {name: p}\nspec: {match: " +
			c.match + ", rules: {hostPorts: {}}}\n")})
		if err != nil {
			t.Fatal(err)
		}
		if got := set.Standing(c.q).Policies[0]; got.Matches != c.want || !slices.Equal(got.Why, c.why) {
			t.Errorf("%s: %s %q, want %s %q", c.match, got.Matches, got.Why, c.want, c.why)
		}
	}
}

// TestWrittenException has what an exception says.
func TestWrittenException(t *testing.T) {
	text := "apiVersion: specguard.dev/v1beta1\nkind: Policy\nmetadata: {name: p}\nspec: {profile: baseline, rules: {scheduler: {}}}\n---\n" +
		"apiVersion: specguard.dev/v1beta1\nkind: Exception\nmetadata: {name: x}\nspec:\n  policies: [p]\n  rules: [sysctls]\n" +
		"  allow: {capabilities: [NET_ADMIN], hostPaths: [{path: /srv, readOnly: true}], scheduler: {allowedPolicies: [SCHED_FIFO]}}\n" +
		"  match: {namespaces: [a], podSelector: {matchLabels: {k: v}}, matchConditions: [{name: c, expression: container.name == \"x\"}]}\n" +
		"  reason: r\n  owner: o\n  expires: never\n"
	set, err := Compile(Source{Name: "p", Data: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	got := set.WrittenExceptions()[0]
	var match, allow any
	if err := got.Match.Decode(&match); err != nil {
		t.Fatal(err)
	}
	if err := got.Allow.Decode(&allow); err != nil {
		t.Fatal(err)
	}
	type object = map[string]any
	if want := (object{"namespaces": []any{"a"}, "podSelector": object{"matchLabels": object{"k": "v"}},
		"matchConditions": []any{object{"name": "c", "expression": `container.name == "x"`}}}); !reflect.DeepEqual(match, want) {
		t.Errorf("match %v", match)
	}
	if want := (object{"capabilities": []any{"CAP_NET_ADMIN"}, "hostPaths": []any{object{"path": "/srv", "readOnly": true}},
		"scheduler": object{"allowedPolicies": []any{"SCHED_FIFO"}}}); !reflect.DeepEqual(allow, want) {
		t.Errorf("allow %v", allow)
	}
}
