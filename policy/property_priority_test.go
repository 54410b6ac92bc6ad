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

// prioritized draws policies that adjust by rules of these kinds, with the priorities.
func prioritized(t *rapid.T, kinds []kind, count int) func(priorities []int) []string {
	docs := make([]string, count)
	for i := range docs {
		var rules []string
		for _, k := range kinds {
			if rapid.IntRange(0, 2).Draw(t, "has "+k.name) > 0 {
				rules = append(rules, drawRule(t, k, Adjust))
			}
		}
		docs[i] = policyDoc(fmt.Sprintf("p%d", i), append(rules, "hostNamespaces: {onViolation: audit}")...)
	}
	return func(priorities []int) []string {
		out := make([]string, count)
		for i := range docs {
			out[i] = strings.Replace(docs[i], "spec:\n", fmt.Sprintf("spec:\n  priority: %d\n", priorities[i]), 1)
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

// Whichever policy adjusts first, the container gets the same from all.
func TestPropertyPriority(t *testing.T) {
	first := map[string]bool{
		// These set one value, and policies can ask for different ones.
		"runAsNonRoot": true, "appArmorProfile": true, "seLinuxOptions": true, "resources": true, "seccompProfile": true,
		// What one policy makes read-only, the next may keep; else it removes it.
		"hostPaths": true,
		// A mount inside another one that stays is denied, not removed.
		"volumeTypes": true, "tokens": true,
	}
	var adjusting []kind
	for _, k := range kinds() {
		if k.canAdjust() && !first[k.name] {
			adjusting = append(adjusting, k)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		docs := prioritized(t, adjusting, 3)
		sub := drawSubject(t)
		sub.Container.ID = "c"
		a := compileFiles(t, sources(docs([]int{1, 2, 3})...)).Evaluate(sub, Complete)
		b := compileFiles(t, sources(docs([]int{3, 1, 2})...)).Evaluate(sub, Complete)
		if a.Outcome() != b.Outcome() || a.Outcome() != Denied && unordered(a.Spec) != unordered(b.Spec) {
			t.Errorf("%s %v %v\n%s %v %v\n%s\n%s", a.Outcome(), findings(a), changes(a), b.Outcome(), findings(b), changes(b), unordered(a.Spec), unordered(b.Spec))
		}
	})
}
