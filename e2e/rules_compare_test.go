package e2e_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/specguard/specguard/e2e/cri"
)

// A spec is a stored OCI spec in which ids and names are masked, without the
// decision that specguard notes in it, and without what it says to have adjusted.
type spec struct {
	fields   map[string]any
	decision string
	note     note
}

// A note is what specguard says to have adjusted.
type note struct {
	Container string
	Fields    []struct{ Policy, Rule, Field, Was, Now string }
}

const (
	annotation     = "specguard.dev/decision"
	noteAnnotation = "specguard.dev/adjusted"
)

// parts are the fields of the note, down to the second level.
func (n note) parts() []string {
	var out []string
	for _, f := range n.Fields {
		top, rest, _ := strings.Cut(f.Field, ".")
		switch second, _, _ := strings.Cut(rest, "."); top {
		case "mounts":
			out = append(out, top)
		case "annotations":
			out = append(out, f.Field)
		default:
			out = append(out, top+"."+second)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func readSpec(t *testing.T, c *cri.Running, name string) spec {
	t.Helper()
	raw, err := c.Spec(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	masked := []string{c.ID, "ID", name, "NAME"}
	var own struct{ Root struct{ Path string } }
	if err := json.Unmarshal(raw, &own); err != nil {
		t.Fatal(err)
	}
	if filepath.IsAbs(own.Root.Path) { // CRI-O's; it has an id of its own
		masked = append(masked, own.Root.Path, "ROOT")
	}
	text := strings.NewReplacer(masked...).Replace(string(raw))
	var s spec
	if err := json.Unmarshal([]byte(text), &s.fields); err != nil {
		t.Fatal(err)
	}
	annotations, _ := s.fields["annotations"].(map[string]any)
	s.decision, _ = annotations[annotation].(string)
	delete(annotations, annotation)
	if text, ok := annotations[noteAnnotation].(string); ok {
		if err := json.Unmarshal([]byte(text), &s.note); s.decision != "" && (err != nil || s.note.Container != "ID") {
			t.Errorf("note %s: %v", text, err)
		}
		delete(annotations, noteAnnotation)
	}
	delete(annotations, "io.kubernetes.cri-o.Created")
	return s
}

// withoutHook takes the hook that verifies off the spec, and tells whether there
// was one. The wrapper leaves it on containers that mount paths of the host.
func (s spec) withoutHook() bool {
	hooks, _ := s.fields["hooks"].(map[string]any)
	list, _ := hooks["createRuntime"].([]any)
	rest := slices.DeleteFunc(list, func(h any) bool {
		return reflect.DeepEqual(h.(map[string]any)["args"], []any{"specguard-runtime", "hook"})
	})
	if len(rest) == len(list) {
		return false
	}
	if hooks["createRuntime"] = rest; len(rest) == 0 {
		delete(hooks, "createRuntime")
	}
	if len(hooks) == 0 {
		delete(s.fields, "hooks")
	}
	return true
}

// at returns a part of the spec by its path, such as "process.user.uid".
func (s spec) at(path string) any {
	var value any = s.fields
	for _, key := range strings.Split(path, ".") {
		table, _ := value.(map[string]any)
		value = table[key]
	}
	return value
}

// changes lists the members, down to the second level, that differ between two
// specs.
func (s spec) changes(before spec) []string {
	var out []string
	for key := range union(s.fields, before.fields) {
		a, b := s.fields[key], before.fields[key]
		inner, isTable := a.(map[string]any)
		other, both := b.(map[string]any)
		if !isTable || !both {
			if !reflect.DeepEqual(a, b) {
				out = append(out, key)
			}
			continue
		}
		for name := range union(inner, other) {
			if !reflect.DeepEqual(inner[name], other[name]) {
				out = append(out, key+"."+name)
			}
		}
	}
	slices.Sort(out)
	return out
}

func union(a, b map[string]any) map[string]bool {
	keys := map[string]bool{}
	for _, m := range []map[string]any{a, b} {
		for key := range m {
			keys[key] = true
		}
	}
	return keys
}

// sameSpec checks that two specs are equal.
func sameSpec(t *testing.T, got, want spec) {
	t.Helper()
	for _, path := range got.changes(want) {
		t.Errorf("the spec has changed: %s is %v, was %v", path, got.at(path), want.at(path))
	}
}

// sameList compares lists whose order does not count.
func sameList(t *testing.T, what string, got, want []string) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// sameKernel compares what the kernel says of two processes, mounts aside.
func sameKernel(t *testing.T, who string, got, want cri.Truth) {
	t.Helper()
	show := func(truth cri.Truth) string {
		truth.Mounts = nil
		slices.Sort(truth.Groups)
		return fmt.Sprintf("%+v", truth)
	}
	if show(got) != show(want) {
		t.Errorf("%s:\n got %s\nwant %s", who, show(got), show(want))
	}
}

// hasMount checks the mount that counts at a path: its type, if one is given,
// and that it has the options.
func hasMount(t *testing.T, c running, path, kind string, options ...string) {
	t.Helper()
	for who, truth := range map[string]cri.Truth{"main process": c.main, "exec": c.exec} {
		m, ok := truth.MountAt(path)
		if !ok || kind != "" && m.Type != kind {
			t.Errorf("%s: mount at %s: %+v, want type %q", who, path, m, kind)
		}
		for _, option := range options {
			if !slices.Contains(m.Options, option) {
				t.Errorf("%s: %s is mounted %v, want %s", who, path, m.Options, option)
			}
		}
	}
}

// judged checks what the agent's decision log and metrics say that the rule of a
// policy did: denied, adjusted, audited or, for nothing at all, allowed.
func (g *rig) judged(t *testing.T, policy, rule, outcome string, found []string) {
	t.Helper()
	lines, err := g.agent.Audit()
	if err != nil {
		t.Fatal(err)
	}
	var line map[string]any
	for _, l := range lines {
		if policies, _ := l["policies"].([]any); slices.Contains(policies, any(policy)) {
			line = l
		}
	}
	list := map[string]string{"denied": "violations", "adjusted": "changes", "audited": "audit", "allowed": ""}[outcome]
	for _, key := range []string{"violations", "changes", "audit"} {
		entries := entriesOf(line[key], policy, rule)
		switch {
		case key != list && len(entries) > 0, key == list && len(entries) == 0:
			t.Errorf("decision log: %s, want %s: %s of %s: %v", line["outcome"], outcome, key, policy, entries)
		case key == list && found != nil:
			sameList(t, "decision log of "+policy, entries, found)
		}
	}
	fault := g.counted(t, policy, rule, outcome, found)
	for deadline := time.Now().Add(3 * time.Second); fault != "" && time.Now().Before(deadline); { // an answer can be a second old
		pause(t.Context(), 200*time.Millisecond)
		fault = g.counted(t, policy, rule, outcome, found)
	}
	if fault != "" {
		t.Error(fault)
	}
}

// counted tells where the metrics do not say what the rule of a policy did.
func (g *rig) counted(t *testing.T, policy, rule, outcome string, found []string) (fault string) {
	t.Helper()
	metrics, err := g.agent.Metrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{"denied", "adjusted", "audited"} {
		series := fmt.Sprintf("specguard_rule_results_total{outcome=%q,policy=%q,rule=%q}", other, policy, rule)
		got := metrics[series]
		if other != outcome && got != 0 || other == outcome && (got == 0 || found != nil && int(got) != len(found)) {
			fault = fmt.Sprintf("metrics: %s %v, want %s %d", series, got, outcome, len(found))
		}
	}
	return fault
}

// entriesOf words the entries of a list in the decision log that are about the
// rule of a policy.
func entriesOf(list any, policy, rule string) []string {
	entries, _ := list.([]any)
	var out []string
	for _, entry := range entries {
		e, _ := entry.(map[string]any)
		if e["policy"] != policy || e["rule"] != rule {
			continue
		}
		text, _ := e["found"].(string)
		if allowed, ok := e["allowed"]; ok {
			text += fmt.Sprintf(" (allowed: %s)", allowed)
		}
		out = append(out, text)
	}
	return out
}
