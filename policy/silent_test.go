package policy

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/specguard/specguard/internal/globs"
)

// silentMatches has, by field of a match, what would do nothing, or everything, or something else than it
// reads, and words of the error or the warning about that. Without words, there must be none.
func silentMatches() map[string]map[string]string {
	return map[string]map[string]string{
		"namespaces": {
			"namespaces: ['{team-a, team-b}']":              `has spaces, which would have to be in the names too (write "{team-a,team-b}")`,
			"namespaces: ['team-a ']":                       `has spaces, which would have to be in the names too (write "team-a")`,
			"namespaces: ['team-{a,B}']":                    `namespaces[0]: "team-B" matches no namespace`,
			"namespaces: ['{team-a,}']":                     `namespaces[0]: "" matches no namespace`,
			"namespaces: ['{a,b}-{c,d}', 'e']":              "",
			"namespaces: [a, b], excludeNamespaces: ['b*']": `namespaces[1]: "b" matches nothing: all such names are excluded`,
		},
		"excludeNamespaces": {
			"excludeNamespaces: ['*']":                            "leaves no namespace",
			"excludeNamespaces: ['?*']":                           "leaves no namespace",
			"excludeNamespaces: ['{a,B}']":                        `"B" matches no namespace`,
			"namespaces: ['team-*'], excludeNamespaces: [other]":  `"other" excludes nothing`,
			"namespaces: ['team-*'], excludeNamespaces: [team-a]": "",
			"namespaces: ['*'], excludeNamespaces: ['[a-z0-9]*']": "leaves no namespace",
		},
		"podSelector": {
			"podSelector: {}": "needs matchLabels or matchExpressions",
			"podSelector: {matchLabels: {a: b}, matchExpressions: [{key: a, operator: DoesNotExist}]}": "no pod meets",
			"podSelector: {matchLabels: {a: 'b*'}}":                                                    "a valid label must be",
		},
		"excludePodSelector": {
			"excludePodSelector: {matchLabels: {a: b}}, podSelector: {matchLabels: {a: b}}":                                  "leaves no pod",
			"excludePodSelector: {matchLabels: {a: c}}, podSelector: {matchLabels: {a: b}}":                                  "excludes nothing: podSelector selects no such pod",
			"excludePodSelector: {matchLabels: {c: c}}, podSelector: {matchLabels: {a: b}}":                                  "",
			"excludePodSelector: {matchExpressions: [{key: a, operator: DoesNotExist}]}, podSelector: {matchLabels: {a: b}}": "excludes nothing",
		},
		"containers": {
			"containers: ['{app,My_app}']":                           `"My_app" matches no container`,
			"containers: [app, web], excludeContainers: ['w{a,e}*']": `containers[1]: "web" matches nothing`,
		},
		"excludeContainers": {
			"excludeContainers: ['?*']":                    "leaves no container",
			"containers: [app], excludeContainers: [init]": `"init" excludes nothing`,
		},
		"images": {
			"images: ['*nginx*']":           `"*nginx*" covers only images of docker.io/library (write "**/*nginx*" for those of every registry, "docker.io/library/*nginx*" for these)`,
			"images: ['*:latest']":          `write "**/*:latest" for those of every registry`,
			"images: ['{quay.io/a,?b}']":    `"?b" covers only images of docker.io/library`,
			"images: ['**:latest']":         `"**:latest" matches no image: ** crosses slashes only where it stands alone between them (write "**/*:latest")`,
			"images: ['quay.io/**:latest']": `** crosses slashes only where it stands alone between them; here it is the same as * (write "quay.io/**/*:latest")`,
			"images: ['quay.io/a**']":       "here it is the same as *",
			"images: ['{quay.io/**,ghcr.io/**}', 'nginx*', 'redis:*', 'team/*', '*/team/x']": "",
			"images: ['Quay.io/**']":                                       `"Quay.io/**" matches only an image that is named so (write "quay.io/**"`,
			"images: ['quay.io:443/**']":                                   `(write "quay.io/**"`,
			"images: ['a.io/x/**', 'b.io/**'], excludeImages: ['a.io/**']": `images[0]: "a.io/x/**" matches nothing: excludeImages has "a.io/**"`,
		},
		"excludeImages": {
			"excludeImages: ['*/**']":                            "leaves no image",
			"excludeImages: ['**/*']":                            "leaves no image",
			"excludeImages: ['{*/**,a.io/**}']":                  "leaves no image",
			"images: ['a.io/x:1'], excludeImages: ['a.io/**']":   "leaves no image",
			"images: ['a.io/x/*'], excludeImages: ['a.io/x/**']": "leaves no image",
			"images: ['a.io/**'], excludeImages: ['a.io/*']":     "",
			"images: ['a.io/**'], excludeImages: ['quay.io/**']": `"quay.io/**" excludes nothing`,
			"images: [redis], excludeImages: ['redis:7*']":       "",
			"excludeImages: ['*-debug']":                         `"*-debug" covers only images of docker.io/library`,
			"excludeImages: ['*/*']":                             "",
		},
		"runtimeHandlers": {
			"runtimeHandlers: ['{kata,gVisor}']": `"gVisor" matches no runtime handler`,
			"runtimeHandlers: ['{kata,}']":       "",
		},
		"matchConditions": {
			"matchConditions: [{name: a, expression: 'true'}]":                     "is always true: it excludes nothing",
			"matchConditions: [{name: a, expression: '1 < 2 || pod.uid == \"\"'}]": "is always true",
			"matchConditions: [{name: a, expression: 'false'}]":                    "is never true",
		},
	}
}

// said gives the errors, or the warnings, about documents.
func said(docs ...string) string {
	set, err := Compile(sources(docs...)...)
	if err != nil {
		return err.Error()
	}
	var out []string
	for _, w := range set.Warnings() {
		if !strings.Contains(w.Msg, "no policy covers kube-system") {
			out = append(out, w.String())
		}
	}
	return strings.Join(out, "\n")
}

// expectSaid compares what is said of a document with the words.
func expectSaid(t *testing.T, what, words string, docs ...string) {
	t.Helper()
	if got := said(docs...); words == "" && got != "" || !strings.Contains(got, words) || strings.Contains(got, "\n") {
		t.Errorf("%s:\n got %q\nwant %q", what, got, words)
	}
}

func TestSilentMatches(t *testing.T) {
	for _, cases := range silentMatches() {
		for match, words := range cases {
			expectSaid(t, match, words, matchDoc("{"+match+"}"))
		}
	}
	if got, want := slices.Sorted(maps.Keys(silentMatches())), sortedFields(reflect.TypeFor[Match]()); !slices.Equal(got, want) {
		t.Errorf("cases of %q, fields are %q", got, want)
	}
}

// sortedFields are the names of a struct's fields in documents.
func sortedFields(typ reflect.Type) []string {
	var out []string
	for i := range typ.NumField() {
		if key, _, _ := strings.Cut(typ.Field(i).Tag.Get("yaml"), ","); key != "" {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}

// TestSilentExceptions has exceptions for every container, and for none.
func TestSilentExceptions(t *testing.T) {
	const every, none = "matches every container: an exception must not", "no container matches both"
	policy := forSome("test", "{namespaces: ['team-*'], containers: ['app*'], podSelector: {matchLabels: {a: b}}, runtimeHandlers: ['kata*']}",
		"allowPrivilegeEscalation: {}")
	for match, words := range map[string]string{
		"{namespaces: ['*']}":                                     every,
		"{namespaces: ['**', kube-system]}":                       every,
		"{namespaces: ['[a-z]*', '[0-9]*']}":                      every,
		"{containers: ['?*']}":                                    every,
		"{images: ['*/**']}":                                      every,
		"{runtimeHandlers: ['*']}":                                every,
		"{namespaces: ['*'], images: ['**'], containers: ['**']}": every,
		"{matchConditions: [{name: a, expression: 'true'}]}":      "is always true",
		"{namespaces: [team-a]}":                                  "",
		"{namespaces: [other]}":                                   none,
		"{containers: [web]}":                                     none,
		"{containers: ['*p']}":                                    "",
		"{excludeContainers: ['a*']}":                             none,
		"{podSelector: {matchLabels: {a: c}}}":                    none,
		"{podSelector: {matchLabels: {c: a}}}":                    "",
		"{excludePodSelector: {matchLabels: {a: b}}}":             none,
		"{runtimeHandlers: ['']}":                                 none,
		"{images: [nginx]}":                                       "",
		"{images: ['*nginx']}":                                    "covers only images of docker.io/library",
	} {
		expectSaid(t, match, words, policy, exceptionDoc("match: "+match, "expires: 2999-01-01"))
	}
	other := forSome("other", "{namespaces: [x]}", "allowPrivilegeEscalation: {}")
	expectSaid(t, "two policies", "1.yaml:5:20: spec.policies[1]: no container matches both this policy and the exception",
		policy, exceptionDoc("policies: [test, other]", "expires: 2999-01-01"), other)
}

// TestSilentActions has what policies say that no rule does.
func TestSilentActions(t *testing.T) {
	for spec, words := range map[string]string{
		"onViolation: adjust, rules: {privileged: {}, runAsNonRoot: {allowedUsers: [{min: 1000, max: 2000}]}}": "spec.rules.runAsNonRoot.runAsUser: the rule does not adjust, as the policy says, " +
			"but has onViolation: reject, because of this: 65532 is not in the allowed ranges (allowed: 1000-2000)",
		"onViolation: adjust, rules: {privileged: {}, seccompProfile: {allowed: [Localhost/a.json]}}": "but has onViolation: reject, because of this: lacks RuntimeDefault",
		"onViolation: adjust, rules: {privileged: {}, appArmorProfile: {}}":                           "because of this: is missing: onViolation: adjust needs a profile to apply",
		"onViolation: adjust, rules: {privileged: {}, capabilities: {on: request, drop: [ALL]}}":      "because of this: a rule on request cannot adjust",
		"onViolation: adjust, rules: {privileged: {}, images: {requireDigest: true}}":                 "",
		"onViolation: adjust, rules: {images: {requireDigest: true}, hostPorts: {}}":                  "spec.onViolation: no rule of the policy can adjust as it is written",
		"onViolation: adjust, profile: restricted":                                                    "",
		"profile: baseline, rules: {images: {onViolation: ignore}}":                                   "spec.rules.images: turns nothing off: the profile has no such rule",
		"profile: baseline, rules: {hostPorts: {onViolation: ignore}}":                                "",
		"profile: baseline, rules: {images: {onViolation: ignore, requireDigest: true}}":              "",
		"rules: {privileged: {}, images: {onViolation: ignore}}":                                      "",
	} {
		expectSaid(t, spec, words, "apiVersion: "+APIVersion+"\nkind: Policy\nmetadata: {name: p}\nspec: {match: {namespaces: [a]}, "+spec+"}\n")
	}
}

// Patterns that cover all names of another one leave none of it.
func TestPropertyCoverAll(t *testing.T) {
	pattern := rapid.StringMatching(`[ab*?-]{1,4}`)
	rapid.Check(t, func(t *rapid.T) {
		var patterns []Glob
		for _, p := range rapid.SliceOfN(pattern, 1, 3).Draw(t, "patterns") {
			patterns = append(patterns, Glob(p))
		}
		other := Glob(pattern.Draw(t, "other"))
		covered, shared := coverAll(globs.DNSLabels(), patterns, other), mayShare(globs.DNSLabels(), other, patterns)
		for _, name := range rapid.SliceOfN(rapid.StringMatching(`[ab]([ab-]{0,3}[ab])?`), 20, 20).Draw(t, "names") {
			if other.Match(name) && (covered && !matchAny(patterns, name) || !shared && matchAny(patterns, name)) {
				t.Errorf("%q, %q: %s; covered %v, shared %v", patterns, other, name, covered, shared)
			}
		}
	})
}

// TestSilentAllow has names in exceptions that nothing has.
func TestSilentAllow(t *testing.T) {
	policy := policyDoc("test", "runtimeHandlers: {allowed: [kata]}", "netDevices: {}")
	for allow, words := range map[string]string{
		"runtimeHandlers: [gVisor]":       `"gVisor" matches no runtime handler`,
		"netDevices: [averyverylongname]": `"averyverylongname" matches no network device`,
		"netDevices: ['eth*']":            "",
	} {
		expectSaid(t, allow, words, policy, exceptionDoc("rules: ", "allow: {"+allow+"}", "expires: 2999-01-01"))
	}
}
