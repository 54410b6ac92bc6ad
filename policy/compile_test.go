package policy

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// head begins a policy document; what follows stands on line 5.
const head = "apiVersion: specguard.dev/v1beta1\nkind: Policy\nmetadata: {name: p}\nspec:\n"

const someRule = "  rules: {allowPrivilegeEscalation: {}}\n"

func TestCompileErrors(t *testing.T) {
	rules := strings.Join(RuleNames(), ", ")
	for _, tt := range []struct {
		name, doc string
		want      []string // each without the file's name
	}{
		{"syntax", "a: b\n c: d\n", []string{"2:3: invalid YAML: mapping values are not allowed in this context"}},
		{"tab", "a:\n\tb: c\n", []string{"2:1: invalid YAML: found character that cannot start any token"}},
		{"not UTF-8", "a: \xff\n", []string{"1:1: invalid YAML: invalid leading UTF-8 octet"}},
		{"no such anchor", "a: *b\n", []string{"1:4: invalid YAML: an alias (*) without an anchor; put a text that begins with * in quotes"}},
		{"text", "policy\n", []string{`1:1: must be a mapping, not "policy"`}},
		{"list", "- kind: Policy\n", []string{"1:1: must be a mapping, not a list"}},
		{"other version", "apiVersion: v1\nkind: Policy\nmetadata: {name: p}\nspec: {}\n", []string{`1:13: apiVersion: is "v1" (allowed: specguard.dev/v1beta1)`}},
		{"no version", "kind: Policy\n", []string{`1:1: apiVersion: is "" (allowed: specguard.dev/v1beta1)`}},
		{"other kind", "apiVersion: specguard.dev/v1beta1\nkind: Pod\n", []string{`2:7: kind: is "Pod" (allowed: Policy, Exception)`}},
		{"no metadata", "apiVersion: specguard.dev/v1beta1\nkind: Policy\nspec: {}\n", []string{"1:1: metadata: name is missing"}},
		{"no name", "apiVersion: specguard.dev/v1beta1\nkind: Policy\nmetadata: {labels: {a: b}}\n", []string{"3:11: metadata: name is missing"}},
		{"bad name", "apiVersion: specguard.dev/v1beta1\nkind: Policy\nmetadata: {name: A_b}\n", []string{"3:18: metadata.name: \"A_b\" is not a valid name (allowed: at most 253 of a-z, 0-9, '-' and '.', starting and ending with a letter or digit)"}},
		{"unknown field", head + someRule + "  rule: {}\n", []string{`6:3: spec: unknown field "rule" (allowed: match, mode, priority, profile, onViolation, rules)`}},
		{"unknown field at the top", "status: {}\n" + head + someRule, []string{`1:1: unknown field "status" (allowed: apiVersion, kind, metadata, spec)`}},
		{"duplicate field", head + someRule + someRule, []string{`6:3: spec: duplicate field "rules" (first on line 5)`}},
		{"duplicate rule", head + "  rules:\n    hostPaths: {}\n    hostPaths: {}\n", []string{`7:5: spec.rules: duplicate field "hostPaths" (first on line 6)`}},
		{"duplicate field of a rule", head + "  rules: {hostPaths: {allowed: [], allowed: []}}\n", []string{`5:36: spec.rules.hostPaths: duplicate field "allowed" (first on line 5)`}},
		{"wrong type", head + someRule + "  priority: high\n", []string{`6:13: spec.priority: must be a whole number, not "high"`}},
		{"null", head + someRule + "  mode:\n", []string{"6:8: spec.mode: must not be empty"}},
		{"null rule", head + "  rules:\n    hostPaths:\n", []string{"6:15: spec.rules.hostPaths: must not be empty"}},
		{"null rules", head + "  rules:\n", []string{`5:9: spec.rules: must be a mapping, not ""`}},
		{"rules as a list", head + "  rules: [hostPaths]\n", []string{"5:10: spec.rules: must be a mapping, not a list"}},
		{"rule as text", head + "  rules: {hostPaths: reject}\n", []string{`5:22: spec.rules.hostPaths: must be a mapping, not "reject"`}},
		{"anchor", head + "  rules: &r {hostPaths: {}}\n", []string{"5:10: spec.rules: anchors and aliases are not allowed"}},
		{"anchor in a rule", head + "  rules:\n    hostPaths: &r {}\n    hostNamespaces: *r\n", []string{"6:16: spec.rules.hostPaths: anchors and aliases are not allowed", "7:21: spec.rules.hostNamespaces: anchors and aliases are not allowed"}},
		{"merge", head + "  <<: {mode: audit}\n" + someRule, []string{"5:3: spec: key must be a plain string"}},
		{"no rules", head + "  mode: audit\n", []string{"1:1: spec: has no rules: give it a profile or rules"}},
		{"no rules in it", head + "  rules: {}\n", []string{"1:1: spec: has no rules: give it a profile or rules"}},
		{"no spec", "apiVersion: specguard.dev/v1beta1\nkind: Policy\nmetadata: {name: p}\n", []string{"1:1: spec: has no rules: give it a profile or rules"}},
		{"only a rule that is off", head + "  rules: {hostPaths: {onViolation: ignore}}\n", []string{"1:1: spec: has no rules: give it a profile or rules"}},
		{"unknown rule", head + "  rules: {hostPath: {}}\n", []string{`5:11: spec.rules: unknown rule "hostPath" (allowed: ` + rules + ")"}},
		{"unknown field of a rule", head + "  rules: {hostPaths: {allow: []}}\n", []string{`5:23: spec.rules.hostPaths: unknown field "allow" (allowed: onViolation, on, allowed, forbidden, remove)`}},
		{"unknown capability", head + "  rules: {capabilities: {drop: [NET_ADMIN, SYS_ROOT]}}\n", []string{`5:44: spec.rules.capabilities.drop[1]: unknown capability "SYS_ROOT" (see capabilities(7))`}},
		{"unknown profile", head + "  profile: strict\n", []string{`5:12: spec.profile: unknown profile "strict" (allowed: ` + strings.Join(Profiles(), ", ") + "; with a version: restricted@v1.37)"}},
		{"unknown mode", head + "  mode: warn\n" + someRule, []string{`5:9: spec.mode: "warn" is not one of enforce, audit`}},
		{"unknown action", head + "  rules: {hostPaths: {onViolation: deny}}\n", []string{`5:36: spec.rules.hostPaths.onViolation: "deny" is not one of reject, adjust, audit, ignore`}},
		{"rule that cannot adjust", head + "  rules:\n    hostNamespaces:\n      onViolation: adjust\n", []string{"7:20: spec.rules.hostNamespaces.onViolation: this rule cannot adjust (allowed: reject, audit, ignore)"}},
		{"several", head + "  mode: x\n  rules: {hostPath: {}}\n  match: {images: []}\n", []string{`5:9: spec.mode: "x" is not one of enforce, audit`, "7:19: spec.match.images: is an empty list; leave it out to match all"}},
		{"several rules", head + "  rules:\n    hostPath: {}\n    hostPaths: {x: y}\n    capabilities: {}\n", []string{
			`6:5: spec.rules: unknown rule "hostPath" (allowed: ` + rules + ")",
			`7:17: spec.rules.hostPaths: unknown field "x" (allowed: onViolation, on, allowed, forbidden, remove)`,
			"8:19: spec.rules.capabilities: needs drop, allow or refuse",
		}},
		{"second document", head + someRule + "---\nkind: Pod\n", []string{`7:1: apiVersion: is "" (allowed: specguard.dev/v1beta1)`}},
		{"same name in one file", head + someRule + "---\n" + head + someRule, []string{`7:1: policy "p" is already defined at p.yaml:1`}},
		{"syntax in the second document", head + someRule + "---\na: [\n", []string{"7:5: invalid YAML: did not find expected node content"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set, err := Compile(Source{Name: "p.yaml", Data: []byte(tt.doc)})
			if err == nil || set != nil {
				t.Fatalf("set %v, error %v", set, err)
			}
			var want []string
			for _, w := range tt.want {
				want = append(want, "p.yaml:"+w)
			}
			if got := strings.Split(err.Error(), "\n"); !slices.Equal(got, want) {
				t.Errorf("\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
			}
		})
	}
}

// TestCompileErrorsOrder: errors come by file and place, whatever the order of
// the files.
func TestCompileErrorsOrder(t *testing.T) {
	a := Source{Name: "a.yaml", Data: []byte(head + "  mode: x\n  priority: y\n")}
	b := Source{Name: "b.yaml", Data: []byte(head + "  mode: x\n")}
	want := "a.yaml:5:9: spec.mode: \"x\" is not one of enforce, audit\n" +
		"a.yaml:6:13: spec.priority: must be a whole number, not \"y\"\n" +
		"b.yaml:5:9: spec.mode: \"x\" is not one of enforce, audit"
	for _, in := range [][]Source{{a, b}, {b, a}} {
		if _, err := Compile(in...); err == nil || err.Error() != want {
			t.Errorf("%v", err)
		}
	}
}

func TestCompileDuplicate(t *testing.T) {
	_, err := Compile(sources(policyDoc("same", "hostPaths: {}"), "# a comment\n---\n"+policyDoc("same", "hostPaths: {}"))...)
	if want := `1.yaml:3:1: policy "same" is already defined at 0.yaml:1`; err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}

func TestCompileDocuments(t *testing.T) {
	for name, tt := range map[string]struct {
		doc  string
		want []string
	}{
		"nothing":         {"", nil},
		"comments":        {"# none\n", nil},
		"empty documents": {"---\n---\n# none\n---\n", nil},
		"several":         {policyDoc("b", "hostPaths: {}") + "---\n---\n" + policyDoc("a", "hostPaths: {}") + "---\n", []string{"a", "b"}},
		"JSON":            {`{"apiVersion": "` + APIVersion + `", "kind": "Policy", "metadata": {"name": "j"}, "spec": {"profile": "baseline"}}`, []string{"j"}},
		"BOM, CRLF":       {"\ufeff" + strings.ReplaceAll(policyDoc("w", "hostPaths: {}"), "\n", "\r\n"), []string{"w"}},
	} {
		set, err := Compile(Source{Name: "x", Data: []byte(tt.doc)})
		if err != nil || !slices.Equal(set.Names(), tt.want) {
			t.Errorf("%s: %v, %v", name, set, err)
		}
	}
}

// TestCompileOrder: neither the order of files nor that of documents matters.
func TestCompileOrder(t *testing.T) {
	docs := []string{
		policyDoc("a", "resources: {onViolation: adjust, memory: {default: 256Mi}}"),
		strings.Replace(policyDoc("b", "resources: {onViolation: adjust, memory: {max: 1Gi}}"), "spec:\n", "spec:\n  priority: 5\n", 1),
		policyDoc("c", "capabilities: {onViolation: adjust, drop: [NET_RAW]}"),
		policyDoc("d", "capabilities: {allow: [CHOWN]}", "hostPaths: {}"),
	}
	describe := func(docs []string) string {
		set := compileDocs(t, docs...)
		d := set.Evaluate(subject(newSpec()), Complete)
		return fmt.Sprintf("%q %d %q %q %s", set.Names(), set.RuleCount(), findings(d), changes(d), jsonOf(t, d.Spec))
	}
	want := describe(docs)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		rng.Shuffle(len(docs), func(i, j int) { docs[i], docs[j] = docs[j], docs[i] })
		if got := describe(docs); got != want {
			t.Fatalf("\n got %s\nwant %s", got, want)
		}
		if got := describe([]string{strings.Join(docs, "---\n")}); got != want {
			t.Fatalf("in one file:\n got %s\nwant %s", got, want)
		}
	}
	if names := compileDocs(t, docs...).Names(); !slices.Equal(names, []string{"b", "a", "c", "d"}) {
		t.Errorf("%q", names)
	}
}

func TestBuiltin(t *testing.T) {
	for name, c := range map[string]struct {
		builtin  Builtin
		enforces bool
		err      string
	}{
		"default":    {builtin: DefaultBuiltin()},
		"enforced":   {builtin: Builtin{Profile: "baseline", Mode: ModeEnforce}, enforces: true},
		"no profile": {builtin: Builtin{Mode: ModeAudit}, err: `profile: unknown profile "" (allowed: baseline, hardened, restricted; with a version: restricted@v1.37)`},
		"no mode":    {builtin: Builtin{Profile: "baseline"}, err: `mode: "" is not one of enforce, audit`},
	} {
		t.Run(name, func(t *testing.T) {
			set, err := c.builtin.Compile()
			if c.err != "" {
				if err == nil || err.Error() != c.err {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil || !slices.Equal(set.Names(), []string{"builtin-baseline"}) || set.RuleCount() == 0 ||
				set.Enforces() != c.enforces || !set.Builtin() {
				t.Errorf("%v %v", set, err)
			}
		})
	}
}

// thousand is a file of a thousand policies, much as tenants have them.
func thousand() []byte {
	var b bytes.Buffer
	for i := range 1000 {
		fmt.Fprintf(&b, `---
apiVersion: %s
kind: Policy
metadata: {name: tenant-%d}
spec:
  match: {namespaces: ["team-%d-*"], podSelector: {matchLabels: {tier: web}}}
  rules:
    capabilities: {onViolation: adjust, drop: [ALL], allow: [NET_BIND_SERVICE]}
    readOnlyRootFilesystem: {onViolation: adjust, writablePaths: [/tmp]}
    hostPaths: {allowed: [{path: /var/log, readOnly: true}]}
    resources: {onViolation: adjust, memory: {default: 256Mi, max: 1Gi}}
`, APIVersion, i, i)
	}
	return b.Bytes()
}

func BenchmarkCompileThousand(b *testing.B) {
	src := Source{Name: "p.yaml", Data: thousand()}
	for b.Loop() {
		set, err := Compile(src)
		if err != nil || set.RuleCount() != 4000 {
			b.Fatal(err)
		}
	}
}
