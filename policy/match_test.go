package policy

import (
	"strings"
	"testing"
)

// matchDoc is a policy with that match, which stands on line 5.
func matchDoc(match string) string {
	return head + "  match: " + match + "\n" + someRule
}

func TestMatch(t *testing.T) {
	const sum = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
	for _, tt := range []struct {
		match string
		edit  func(*Subject)
		want  bool
	}{
		{"{}", func(*Subject) {}, true},
		{"{namespaces: [team-a]}", func(*Subject) {}, true},
		{"{namespaces: [team]}", func(*Subject) {}, false},
		{"{namespaces: ['team-*']}", func(*Subject) {}, true},
		{"{namespaces: ['*-b', '*-a']}", func(*Subject) {}, true},
		{"{namespaces: ['team-{b,c}']}", func(*Subject) {}, false},
		{"{namespaces: ['team-[a-c]']}", func(*Subject) {}, true},
		{"{namespaces: ['team-?']}", func(*Subject) {}, true},
		{"{excludeNamespaces: ['team-*']}", func(*Subject) {}, false},
		{"{namespaces: ['team-*'], excludeNamespaces: [team-a]}", func(*Subject) {}, false},
		{"{namespaces: ['team-*'], excludeNamespaces: [team-b]}", func(*Subject) {}, true},
		{"{containers: [app]}", func(*Subject) {}, true},
		{"{containers: ['app-*']}", func(*Subject) {}, false},
		{"{images: ['registry.example.com/**']}", func(*Subject) {}, true},
		{"{images: ['registry.example.com/*']}", func(*Subject) {}, false},
		{"{images: ['**']}", func(*Subject) {}, true},
		{"{images: ['registry.example.com/team/web']}", func(*Subject) {}, true},
		{"{images: ['registry.example.com/team/web:2']}", func(*Subject) {}, false},
		{"{images: ['registry.example.com/team/we']}", func(*Subject) {}, false},
		{"{images: [docker.io/library/nginx]}", func(s *Subject) { s.Container.Image = "nginx" }, true},
		{"{images: [nginx]}", func(s *Subject) { s.Container.Image = "nginx" }, true},
		{"{images: [nginx]}", func(s *Subject) { s.Container.Image = "docker.io/library/nginx:1" }, true},
		{"{images: [nginx]}", func(s *Subject) { s.Container.Image = "docker.io/library/nginx@" + sum }, true},
		{"{images: [nginx]}", func(s *Subject) { s.Container.Image = "docker.io/library/nginx:1@" + sum }, true},
		{"{images: ['nginx:1']}", func(s *Subject) { s.Container.Image = "docker.io/library/nginx:1@" + sum }, true},
		{"{images: ['nginx:1']}", func(s *Subject) { s.Container.Image = "docker.io/library/nginx:2" }, false},
		{"{images: ['nginx:1*']}", func(s *Subject) { s.Container.Image = "nginx:1.27" }, true},
		{"{images: [nginx]}", func(s *Subject) { s.Container.Image = "registry.example.com/nginx:1" }, false},
		{"{images: [a/b]}", func(s *Subject) { s.Container.Image = "docker.io/a/b:1" }, true},
		{"{images: ['**']}", func(s *Subject) { s.Container.Image = sum }, true},
		{"{images: ['other/**']}", func(s *Subject) { s.Container.Image = "" }, true},
		{"{images: ['other/**']}", func(s *Subject) { s.Container.OtherImages = []string{"other/x:1"} }, true},
		{"{images: ['other/**']}", func(s *Subject) { s.Container = Container{ImageUnseen: true, OtherImages: []string{"other/x:1"}} }, true},
		{"{images: ['other/**']}", func(s *Subject) { s.Container = Container{ImageUnseen: true, OtherImages: []string{"another/x:1"}} }, false},
		{"{images: ['other/**']}", func(s *Subject) { s.Container = Container{ImageUnseen: true} }, true},
		{"{images: ['other/**']}", func(s *Subject) { s.Container.OtherImages = []string{"another/x:1"} }, false},
		{"{runtimeHandlers: ['']}", func(*Subject) {}, true},
		{"{runtimeHandlers: ['']}", func(s *Subject) { s.Pod.RuntimeHandler = "kata" }, false},
		{"{runtimeHandlers: [kata, '']}", func(s *Subject) { s.Pod.RuntimeHandler = "kata" }, true},
		{"{podSelector: {matchLabels: {tier: web}}}", func(*Subject) {}, true},
		{"{podSelector: {matchLabels: {tier: db}}}", func(*Subject) {}, false},
		{"{podSelector: {matchLabels: {tier: web, x: y}}}", func(*Subject) {}, false},
		{"{podSelector: {matchExpressions: [{key: tier, operator: In, values: [db, web]}]}}", func(*Subject) {}, true},
		{"{podSelector: {matchExpressions: [{key: tier, operator: NotIn, values: [db, web]}]}}", func(*Subject) {}, false},
		{"{podSelector: {matchExpressions: [{key: tier, operator: Exists}]}}", func(*Subject) {}, true},
		{"{podSelector: {matchExpressions: [{key: tier, operator: DoesNotExist}]}}", func(s *Subject) { s.Pod.Labels = nil }, true},
		{"{podSelector: {matchLabels: {tier: web}, matchExpressions: [{key: x, operator: Exists}]}}", func(*Subject) {}, false},
		{"{namespaces: [team-a], containers: [other]}", func(*Subject) {}, false},

		// What is not certain does not exclude.
		{"{excludeContainers: [app]}", func(*Subject) {}, false},
		{"{containers: ['a*'], excludeContainers: [apple]}", func(*Subject) {}, true},
		{"{excludePodSelector: {matchLabels: {tier: web}}}", func(*Subject) {}, false},
		{"{excludePodSelector: {matchLabels: {tier: db}}}", func(*Subject) {}, true},
		{"{excludePodSelector: {matchExpressions: [{key: x, operator: DoesNotExist}]}}", func(*Subject) {}, false},
		{"{excludePodSelector: {matchExpressions: [{key: x, operator: DoesNotExist}]}}", func(s *Subject) { s.Pod.LabelsUnseen = true }, true},
		{"{excludeImages: [nginx]}", func(*Subject) {}, true},
		{"{excludeImages: ['registry.example.com/**']}", func(*Subject) {}, false},
		{"{excludeImages: [nginx]}", func(s *Subject) { s.Container.OtherImages = []string{"nginx"} }, true},
		{"{excludeImages: [nginx]}", func(s *Subject) { s.Container.Image = "" }, true},
		{"{excludeImages: [nginx]}", func(s *Subject) { s.Container = Container{ImageUnseen: true, OtherImages: []string{"nginx"}} }, true},
		{"{images: ['registry.example.com/**'], excludeImages: [registry.example.com/team/web]}", func(*Subject) {}, false},
		{"{images: ['registry.example.com/**'], excludeImages: [registry.example.com/team/x]}", func(*Subject) {}, true},

		// kube-system is left alone unless it is named in full.
		{"{}", func(s *Subject) { s.Pod.Namespace = "kube-system" }, false},
		{"{namespaces: ['*']}", func(s *Subject) { s.Pod.Namespace = "kube-system" }, false},
		{"{namespaces: ['**']}", func(s *Subject) { s.Pod.Namespace = "kube-system" }, false},
		{"{namespaces: ['kube-*', '{kube-system,x}', 'kube-syste?']}", func(s *Subject) { s.Pod.Namespace = "kube-system" }, false},
		{"{excludeNamespaces: [default]}", func(s *Subject) { s.Pod.Namespace = "kube-system" }, false},
		{"{namespaces: [kube-system]}", func(s *Subject) { s.Pod.Namespace = "kube-system" }, true},
		{"{namespaces: ['*', kube-system]}", func(s *Subject) { s.Pod.Namespace = "kube-system" }, true},
		{"{namespaces: ['*']}", func(s *Subject) { s.Pod.Namespace = "kube-system2" }, true},
	} {
		set := compileDocs(t, matchDoc(tt.match))
		sub := subject(newSpec())
		tt.edit(&sub)
		if got := set.Select(&sub).Enforced; got != tt.want {
			t.Errorf("%s: selected %v, want %v (namespace %s)", tt.match, got, tt.want, sub.Pod.Namespace)
		}
		if got := len(set.Evaluate(sub, Complete).Policies) == 1; got != tt.want {
			t.Errorf("%s: judged %v, want %v (namespace %s)", tt.match, got, tt.want, sub.Pod.Namespace)
		}
	}
}

func TestMatchLoad(t *testing.T) {
	const empty = "is an empty list; leave it out to match all"
	for match, want := range map[string]string{
		"{namespaces: []}":                                   "5:23: spec.match.namespaces: " + empty,
		"{excludeNamespaces: []}":                            "5:30: spec.match.excludeNamespaces: " + empty,
		"{containers: []}":                                   "5:23: spec.match.containers: " + empty,
		"{images: []}":                                       "5:19: spec.match.images: " + empty,
		"{runtimeHandlers: []}":                              "5:28: spec.match.runtimeHandlers: " + empty,
		"{namespaces: ['']}":                                 "5:23: spec.match.namespaces: has an empty pattern, which never matches",
		"{images: [x, '']}":                                  `5:23: spec.match.images[1]: "" is not an image (allowed: names and patterns such as nginx, registry.example.com/team/web:1, registry.example.com/**)`,
		"{namespaces: ['a[']}":                               `5:24: spec.match.namespaces[0]: "a[" is not a valid pattern (allowed: names with *, **, ?, [class], {a,b})`,
		"{images: [a, '{a']}":                                `5:23: spec.match.images[1]: "{a" is not a valid pattern (allowed: names with *, **, ?, [class], {a,b})`,
		"{namespaces: [a], excludeNamespaces: [a]}":          "5:47: spec.match.excludeNamespaces: leaves no namespace to match",
		"{namespaces: [a1, a2], excludeNamespaces: ['a*']}":  "5:52: spec.match.excludeNamespaces: leaves no namespace to match",
		"{namespaces: ['a*'], excludeNamespaces: ['a*']}":    "5:50: spec.match.excludeNamespaces: leaves no namespace to match",
		"{excludeNamespaces: ['*']}":                         "5:30: spec.match.excludeNamespaces: leaves no namespace to match",
		"{excludeNamespaces: [a, '**']}":                     "5:30: spec.match.excludeNamespaces: leaves no namespace to match",
		"{excludeContainers: []}":                            "5:30: spec.match.excludeContainers: " + empty,
		"{excludeContainers: ['']}":                          "5:30: spec.match.excludeContainers: has an empty pattern, which never matches",
		"{excludeContainers: ['*']}":                         "5:30: spec.match.excludeContainers: leaves no container to match",
		"{containers: [a], excludeContainers: ['?']}":        "5:47: spec.match.excludeContainers: leaves no container to match",
		"{excludeImages: []}":                                "5:26: spec.match.excludeImages: " + empty,
		"{excludeImages: ['**']}":                            "5:26: spec.match.excludeImages: leaves no image to match",
		"{images: [redis], excludeImages: ['docker.io/**']}": "5:43: spec.match.excludeImages: leaves no image to match",
		"{excludeImages: ['a b']}":                           `5:27: spec.match.excludeImages[0]: "a b" is not an image (allowed: names and patterns such as nginx, registry.example.com/team/web:1, registry.example.com/**)`,
		"{excludePodSelector: {}}":                           "5:31: spec.match.excludePodSelector: needs matchLabels or matchExpressions",
		"{podSelector: {}}":                                  "5:24: spec.match.podSelector: needs matchLabels or matchExpressions",
		"{podSelector: {matchLabels: {a: 1}}}":               `5:42: spec.match.podSelector.matchLabels.a: must be a string, not "1" (quote it to make it one)`,
		"{podSelector: {matchLabels: {'a b': c}}}":           "5:38: spec.match.podSelector.matchLabels: key: Invalid value: \"a b\": ",
		"{podSelector: {matchLabels: {a: 'b c'}}}":           "5:38: spec.match.podSelector.matchLabels: values[0][a]: Invalid value: \"b c\": ",
		"{podSelector: {matchExpressions: [{key: a, operator: in, values: [b]}]}}":     `5:63: spec.match.podSelector.matchExpressions[0].operator: "in" is not one of In, NotIn, Exists, DoesNotExist`,
		"{podSelector: {matchExpressions: [{key: a, operator: In}]}}":                  "5:43: spec.match.podSelector.matchExpressions: values: Invalid value: ",
		"{podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}}": "5:43: spec.match.podSelector.matchExpressions: values: Invalid value: ",
		"{podSelector: {matchExpressions: [{key: a}]}}":                                "5:43: spec.match.podSelector.matchExpressions: ",
		"{podSelector: {matchExpressions: [{operator: Exists}]}}":                      "5:43: spec.match.podSelector.matchExpressions: key: Invalid value: \"\": ",
		"{namespace: [a]}": `5:11: spec.match: unknown field "namespace" (allowed: namespaces, excludeNamespaces, podSelector, excludePodSelector, containers, excludeContainers, images, excludeImages, runtimeHandlers, matchConditions)`,
		"[]":               "5:10: spec.match: must be a mapping, not a list",
	} {
		_, err := Compile(Source{Name: "p.yaml", Data: []byte(matchDoc(match))})
		if err == nil {
			t.Errorf("%s: no error", match)
			continue
		}
		// Kubernetes' own words may change from their colon on.
		if got := err.Error(); got != "p.yaml:"+want && !(strings.HasPrefix(got, "p.yaml:"+want) && strings.Contains(want, "podSelector.match")) || strings.Contains(got, "\n") {
			t.Errorf("%s:\n got %s\nwant %s", match, got, want)
		}
	}
}

func TestGlob(t *testing.T) {
	for _, tt := range []struct {
		glob, in string
		want     bool
	}{
		{"a", "a", true},
		{"a", "ab", false},
		{"", "", true},
		{"*", "", true},
		{"*", "a/b", false},
		{"**", "a/b", true},
		{"a/**", "a/b/c", true},
		{"a/**", "ab/c", false},
		{"*.io/**/app:*", "x.io/a/b/app:1", true},
		{"r:5000/**", "r:5000/a@sha256:ab", true},
		{"a[b", "a[b", true}, // itself, though no loader lets it in
	} {
		if got := Glob(tt.glob).Match(tt.in); got != tt.want {
			t.Errorf("%q on %q: %v", tt.glob, tt.in, got)
		}
	}
}
