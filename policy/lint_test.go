package policy

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// warned gives the warnings about documents, without the places.
func warned(t testing.TB, docs ...string) []string {
	t.Helper()
	var out []string
	for _, w := range compileDocs(t, docs...).Warnings() {
		out = append(out, w.Msg)
	}
	return out
}

// forSome is a policy with that match and that rule.
func forSome(name, match, rule string) string {
	return strings.Replace(policyDoc(name, rule), "spec:\n", "spec:\n  match: "+match+"\n", 1)
}

func TestWarnOfKubeSystem(t *testing.T) {
	const words = "no policy covers kube-system"
	rule := "privileged: {}"
	for name, c := range map[string]struct {
		docs []string
		want int
	}{
		"match-all":           {[]string{policyDoc("a", rule)}, 1},
		"twice":               {[]string{policyDoc("a", rule), policyDoc("b", rule)}, 1},
		"a star":              {[]string{forSome("a", "{namespaces: ['*']}", rule)}, 1},
		"two stars":           {[]string{forSome("a", "{namespaces: [x, '**']}", rule)}, 1},
		"all but some":        {[]string{forSome("a", "{excludeNamespaces: ['x-*']}", rule)}, 1},
		"said to be left out": {[]string{forSome("a", "{excludeNamespaces: [kube-system]}", rule)}, 0},
		"another covers it":   {[]string{policyDoc("a", rule), forSome("b", "{namespaces: [kube-system]}", rule)}, 0},
		"covers it too":       {[]string{forSome("a", "{namespaces: ['*', kube-system]}", rule)}, 0},
		"some namespaces":     {[]string{forSome("a", "{namespaces: ['team-*']}", rule)}, 0},
	} {
		got := strings.Join(warned(t, c.docs...), "\n")
		if n := strings.Count(got, words); n != c.want {
			t.Errorf("%s: %d\n%s", name, n, got)
		}
	}
	if set, err := DefaultBuiltin().Compile(); err != nil || len(set.Warnings()) > 0 {
		t.Errorf("built in: %v, %v", set.Warnings(), err)
	}
}

// conflicts are rules of two policies, and the words of a warning that there must be.
func conflicts() [][3]string {
	return [][3]string{
		{"runAsNonRoot: {allowedUsers: [{min: 1, max: 9}]}", "runAsNonRoot: {allowedUsers: [{min: 10, max: 20}, {min: 30, max: 40}]}", "no user is in both"},
		{"runAsNonRoot: {allowedUsers: [{min: 1, max: 10}]}", "runAsNonRoot: {allowedUsers: [{min: 10, max: 20}]}", ""},
		{"runAsNonRoot: {allowedUsers: [{min: 1, max: 10}]}", "runAsNonRoot: {}", ""},
		{"runAsNonRoot: {allowedGroups: [{min: 1, max: 9}]}", "runAsNonRoot: {allowedGroups: [{min: 10, max: 20}]}", "no group is in both"},
		{"runAsNonRoot: {onViolation: audit, allowedUsers: [{min: 1, max: 9}]}", "runAsNonRoot: {allowedUsers: [{min: 10, max: 20}]}", ""},
		{
			"runAsNonRoot: {allowUserNamespaceRoot: true, allowedUsers: [{min: 1, max: 9}]}",
			"runAsNonRoot: {allowUserNamespaceRoot: true, allowedUsers: [{min: 10, max: 20}]}", "",
		},
		{"runtimeHandlers: {allowed: [gvisor, 'kata-*']}", "runtimeHandlers: {allowed: ['', runc]}", "no runtime handler is in both"},
		{"runtimeHandlers: {allowed: [gvisor, 'kata-*']}", "runtimeHandlers: {allowed: ['', '*-qemu']}", ""},
		{"images: {allowed: [nginx, 'a.io/**']}", "images: {allowed: ['b.io/**', redis]}", "no image is in both"},
		{"images: {allowed: ['nginx:1']}", "images: {allowed: ['nginx:2']}", ""},
		{"images: {allowed: ['nginx:1']}", "images: {allowed: ['nginx@sha256:*']}", ""},
		{"images: {allowed: ['{a,b}.io/x']}", "images: {allowed: ['b.io/**']}", ""},
		{"images: {allowed: ['r.io:5000/x']}", "images: {allowed: ['r.io:6000/**']}", "no image is in both"},
		{"images: {requireDigest: true}", "images: {allowed: ['b.io/**']}", ""},
		{"cgroupsPath: {cgroupDriver: systemd}", "cgroupsPath: {cgroupDriver: cgroupfs}", "one allows the cgroup driver"},
		{"cgroupsPath: {cgroupDriver: systemd}", "cgroupsPath: {}", ""},
		{
			"runAsNonRoot: {onViolation: adjust, runAsUser: 5, allowedUsers: [{min: 1, max: 9}]}",
			"runAsNonRoot: {on: request, allowedUsers: [{min: 10, max: 20}]}", "",
		},
		{
			"runAsNonRoot: {on: request, allowedUsers: [{min: 1, max: 9}]}",
			"runAsNonRoot: {on: request, allowedUsers: [{min: 10, max: 20}]}", "no user is in both",
		},
		{"resources: {onViolation: adjust, memory: {default: 1Gi}}", "resources: {on: request, memory: {max: 512Mi}}", ""},
		{"appArmorProfile: {allowed: [RuntimeDefault]}", "appArmorProfile: {allowed: ['Localhost/web-*']}", "no profile is in both"},
		{"appArmorProfile: {allowed: ['Localhost/web-a']}", "appArmorProfile: {allowed: ['Localhost/web-*']}", ""},
		{"seLinuxOptions: {type: a_t}", "seLinuxOptions: {allowedTypes: [b_t, 'container_*']}", "no SELinux type is in both"},
		{"seLinuxOptions: {allowedTypes: ['', a_t]}", "seLinuxOptions: {allowedTypes: ['', b_t]}", ""},
		{"resources: {onViolation: adjust, memory: {default: 1Gi}}", "resources: {memory: {max: 512Mi}}", ""},
		{"resources: {onViolation: adjust, memory: {default: 1Gi}}", "resources: {onViolation: adjust, memory: {max: 512Mi}}", ""},
		{"resources: {onViolation: adjust, memory: {default: 512Mi}}", "resources: {memory: {max: 512Mi}}", ""},
	}
}

func TestWarnOfConflicts(t *testing.T) {
	const words = "deny it in any case"
	for _, c := range conflicts() {
		for _, order := range [][2]string{{c[0], c[1]}, {c[1], c[0]}} {
			got := strings.Join(warned(t, forSome("a", "{namespaces: ['team-*']}", order[0]), forSome("b", "{namespaces: [team-b]}", order[1])), "\n")
			if strings.Contains(got, words) != (c[2] != "") || !strings.Contains(got, c[2]) {
				t.Errorf("%s\n%s:\n got %q\nwant %q", order[0], order[1], got, c[2])
			}
		}
	}
}

func TestConflictsOnlyOfSameContainers(t *testing.T) {
	rules := [2]string{"runAsNonRoot: {allowedUsers: [{min: 1, max: 9}]}", "runAsNonRoot: {allowedUsers: [{min: 10, max: 20}]}"}
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"{}", "{}", true},
		{"{namespaces: [a]}", "{}", true},
		{"{namespaces: [a]}", "{namespaces: [b]}", false},
		{"{namespaces: ['a*']}", "{excludeNamespaces: ['a*']}", false},
		{"{namespaces: [kube-system]}", "{}", false},
		{"{containers: [app]}", "{containers: ['a*']}", true},
		{"{containers: [app]}", "{excludeContainers: ['a*']}", false},
		{"{runtimeHandlers: ['']}", "{runtimeHandlers: [kata]}", false},
		{"{podSelector: {matchLabels: {a: x}}}", "{podSelector: {matchLabels: {a: y}}}", false},
		{"{podSelector: {matchLabels: {a: x}}}", "{podSelector: {matchLabels: {b: y}}}", true},
		{"{podSelector: {matchLabels: {a: x}}}", "{excludePodSelector: {matchLabels: {a: x}}}", false},
		{"{podSelector: {matchLabels: {a: x}}}", "{excludePodSelector: {matchLabels: {a: y}}}", true},
		{"{images: [nginx]}", "{images: [redis]}", false},
		{"{images: [nginx]}", "{images: [nginx]}", true},
		{"{images: [nginx]}", "{}", true},
		{"{matchConditions: [{name: a, expression: 'container.name == \"x\"'}]}", "{}", false},
	} {
		docs := []string{forSome("a", c.a, rules[0]), forSome("b", c.b, rules[1])}
		if got := strings.Contains(fmt.Sprint(warned(t, docs...)), "no user is in both"); got != c.want {
			t.Errorf("%s and %s: %v", c.a, c.b, got)
		}
		for _, doc := range docs {
			audit := strings.Replace(doc, "spec:\n", "spec:\n  mode: audit\n", 1)
			if got := warned(t, audit, docs[1]); strings.Contains(fmt.Sprint(got), "no user is in both") {
				t.Errorf("%s: %q", audit, got)
			}
			break
		}
	}
}

// A container that complies with two policies is none that both deny in any case.
func TestPropertyConflicts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rules [2]string
		k := pick(t, "kind", kinds()...)
		for i := range rules {
			rules[i] = drawRule(t, k, Reject)
		}
		set := compileFiles(t, sources(policyDoc("a", rules[0]), policyDoc("b", rules[1])))
		sub := drawSubject(t)
		denied := strings.Contains(fmt.Sprint(set.Warnings()), "deny it in any case")
		if d := set.Evaluate(sub, Complete); denied && d.Outcome() != Denied && sub.Host.AppArmor().State != Disabled {
			t.Errorf("%q\n%s", set.Warnings(), d.Outcome())
		}
	})
}

// TestEveryRuleChecks: of each kind of rule, some is broken by some container.
func TestEveryRuleChecks(t *testing.T) {
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			broken := rapid.Custom(func(t *rapid.T) bool {
				set := compileFiles(t, sources(policyDoc("a", drawRule(t, k, Reject))))
				return len(set.Evaluate(drawSubject(t), Complete).Violations) > 0
			})
			for seed := range 1000 {
				if broken.Example(seed) {
					return
				}
			}
			t.Error("no container breaks it")
		})
	}
}

// TestRulesThatCheckLittle: what is allowed is nearly everything.
func TestRulesThatCheckLittle(t *testing.T) {
	for rule, want := range map[string]string{
		"hostPorts: {allowed: [{min: 1, max: 1023}, {min: 1024, max: 65535}]}":          "allowed: covers every port",
		"hostPorts: {allowed: [{min: 1, max: 65535, protocol: TCP}]}":                   "",
		"images: {allowed: [nginx, '**']}":                                              `allowed[1]: "**" allows every image that has a name`,
		"hooks: {allowed: ['/**']}":                                                     `allowed[0]: "/**" allows every program of the host`,
		"cgroupsPath: {allowed: [/]}":                                                   "allowed[0]: / allows cgroups beside those of all pods",
		"cgroupsPath: {roots: [/]}":                                                     "",
		"hostPaths: {allowed: [{path: /srv, readOnly: true}, {path: /}]}":               "allowed[1]: / allows reading and writing all files of the host",
		"hostPaths: {allowed: [{path: /, readOnly: true}]}":                             "allowed[0]: / allows reading all files of the host",
		"devices: {allowed: [{path: '/dev/**'}]}":                                       "allowed[0]: /dev/** allows every device of its type",
		"devices: {allowed: [{path: '/dev/**', major: 10}]}":                            "",
		"readOnlyRootFilesystem: {writablePaths: [/tmp]}":                               "writablePaths: has no effect without onViolation: adjust",
		"readOnlyRootFilesystem: {onViolation: adjust, writablePaths: [/tmp]}":          "",
		"annotations: {allowed: [run.oci.keep_original_groups, 'example.com/*']}":       `allowed[1]: "example.com/*" covers no annotation that an OCI runtime obeys`,
		"annotations: {allowed: ['{krun.*,io.kata*}', '*.gvisor.x', bundle, 'run.o*']}": "",
		"annotations: {allowed: [bundles]}":                                             `allowed[0]: "bundles" covers no annotation`,
	} {
		got := strings.Join(warned(t, forSome("a", "{namespaces: [a]}", rule)), "\n")
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s:\n got %q\nwant %q", rule, got, want)
		}
	}
}

func TestVolumeTypesOfEveryType(t *testing.T) {
	doc := func(types []VolumeType) Source {
		return Source{Name: "p", Data: []byte(policyDoc("p", "volumeTypes: {allowed: ["+joined(types)+"]}"))}
	}
	if _, err := Compile(doc(volumeTypes())); err == nil || !strings.Contains(err.Error(), "allowed: has every type: the rule checks nothing") {
		t.Errorf("%v", err)
	}
	if _, err := Compile(doc(volumeTypes()[1:])); err != nil {
		t.Error(err)
	}
}

// TestUnusedExceptions: an exception for other namespaces than those of its policies is reported.
func TestUnusedExceptions(t *testing.T) {
	const unused = "the exception excuses no container"
	policy := strings.Replace(policyDoc("p", "capabilities: {drop: [ALL]}"), "spec:\n", "spec:\n  match: {namespaces: ['team-*'], excludeNamespaces: [team-x]}\n", 1)
	for namespace, want := range map[string]bool{"team-a": false, "'*-*'": false, "'*-a'": false, "team": true, "kube-system": true, "team-x": true} {
		exception := "apiVersion: " + APIVersion + "\nkind: Exception\nmetadata: {name: x}\nspec: {policies: [p], rules: [capabilities], " +
			"match: {namespaces: [" + namespace + "]}, reason: r, owner: o, expires: 2999-01-01}\n"
		if got := strings.Contains(strings.Join(warned(t, policy, exception), "\n"), unused); got != want {
			t.Errorf("%s: warned %v", namespace, got)
		}
	}
}

// BenchmarkLint compiles policies of which each could conflict with each other one.
func BenchmarkLint(b *testing.B) {
	var docs strings.Builder
	for i := range 300 {
		fmt.Fprintf(&docs, "---\napiVersion: %s\nkind: Policy\nmetadata: {name: p%d}\nspec: {match: {namespaces: ['team-%d-*']}, rules: {runtimeHandlers: {allowed: [kata-%d, runc]}}}\n",
			APIVersion, i, i, i)
	}
	for b.Loop() {
		if _, err := Compile(Source{Name: "p.yaml", Data: []byte(docs.String())}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestWarnOfConflictsAmongMany compares each pair of policies once, whatever order they are in.
func TestWarnOfConflictsAmongMany(t *testing.T) {
	docs := []string{
		forSome("d", "{namespaces: [x, x, y]}", "runAsNonRoot: {allowedUsers: [{min: 1, max: 9}]}"),
		forSome("b", "{namespaces: [z, x]}", "runAsNonRoot: {allowedUsers: [{min: 10, max: 20}]}"),
		forSome("c", "{namespaces: ['*']}", "runAsNonRoot: {allowedUsers: [{min: 30, max: 40}]}"),
		forSome("a", "{namespaces: [other]}", "runAsNonRoot: {allowedUsers: [{min: 50, max: 60}]}"),
		forSome("e", "{namespaces: [y, z]}", "runAsNonRoot: {allowedUsers: [{min: 70, max: 80}]}"),
	}
	const pairs = 4 + 3 // c with each of the others, and d with b, d with e, b with e
	for range len(docs) {
		docs = append(docs[1:], docs[0])
		seen := make(map[string]bool)
		for _, w := range compileDocs(t, docs...).Warnings() {
			if strings.Contains(w.Msg, "deny it in any case") {
				seen[w.String()] = true
			}
		}
		if len(seen) != pairs {
			t.Errorf("%d warnings, want %d\n%v", len(seen), pairs, seen)
		}
	}
}
