package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"pgregory.net/rapid"

	"github.com/specguard/specguard/internal/ocispec"
)

// drawAdjusting draws policies that adjust, most of them, by rules of these kinds. It returns them in
// that order, by their priorities, or by their names if these are the same.
func drawAdjusting(t *rapid.T, kinds []kind, count int) func(order []int, byName bool) []string {
	docs := make([]string, count)
	for i := range docs {
		var rules []string
		for _, k := range kinds {
			if rapid.IntRange(0, 2).Draw(t, "has "+k.name) > 0 {
				rules = append(rules, drawRule(t, k, Adjust, Adjust, Adjust, Reject))
			}
		}
		docs[i] = policyDoc("NAME", append(rules, "hostNamespaces: {onViolation: audit}")...)
	}
	return func(order []int, byName bool) []string {
		out := make([]string, count)
		for i := range docs {
			name, priority := fmt.Sprintf("p%d", i), count-order[i]
			if byName {
				name, priority = fmt.Sprintf("p%d", order[i]), 0
			}
			out[i] = strings.Replace(docs[i], "name: NAME", "name: "+name, 1)
			out[i] = strings.Replace(out[i], "spec:\n", fmt.Sprintf("spec:\n  priority: %d\n", priority), 1)
		}
		return out
	}
}

// unordered is the spec without the order of what has none, and without paths that are masked with
// those above them.
func unordered(spec *specs.Spec) string {
	spec = ocispec.Clone(spec)
	for i := range spec.Mounts {
		slices.Sort(spec.Mounts[i].Options)
	}
	if spec.Process != nil {
		slices.SortStableFunc(spec.Process.Rlimits, func(a, b specs.POSIXRlimit) int { return strings.Compare(a.Type, b.Type) })
	}
	if spec.Linux != nil {
		slices.Sort(spec.Linux.MaskedPaths)
		slices.Sort(spec.Linux.ReadonlyPaths)
		spec.Linux.MaskedPaths = uncovered(spec.Linux.MaskedPaths)
		spec.Linux.ReadonlyPaths = uncovered(spec.Linux.ReadonlyPaths, spec.Linux.MaskedPaths)
	}
	return asJSON(spec)
}

// Whichever policy adjusts first by its name, the container gets the same from all. Its priority
// counts only for what sets one value of several that policies ask for.
func TestPropertyPriority(t *testing.T) {
	ofOne := []string{"runAsNonRoot", "appArmorProfile", "seLinuxOptions", "seccompProfile"}
	var adjusting []kind
	for _, k := range kinds() {
		if k.canAdjust() {
			adjusting = append(adjusting, k)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		some := rapid.Permutation(adjusting).Draw(t, "kinds")[:rapid.IntRange(1, 5).Draw(t, "number of kinds")]
		byName := slices.ContainsFunc(some, func(k kind) bool { return slices.Contains(ofOne, k.name) }) || rapid.Bool().Draw(t, "by name")
		docs := drawAdjusting(t, some, 3)
		sub := drawSubject(t)
		sub.Container.ID = "c"
		a := compileFiles(t, sources(docs([]int{0, 1, 2}, byName)...)).Evaluate(sub, Complete)
		for _, order := range [][]int{{2, 0, 1}, {2, 1, 0}} {
			b := compileFiles(t, sources(docs(order, byName)...)).Evaluate(sub, Complete)
			if a.Outcome() != b.Outcome() || a.Outcome() != Denied && unordered(a.Spec) != unordered(b.Spec) {
				t.Errorf("%s %v %v\n%s %v %v\n%s\n%s", a.Outcome(), findings(a), changes(a), b.Outcome(), findings(b), changes(b), unordered(a.Spec), unordered(b.Spec))
			}
		}
	})
}
