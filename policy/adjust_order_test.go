package policy

import "testing"

// TestAdjustingNames: what two policies make of a container does not depend on which of them
// adjusts first, if one needs what the other gives.
func TestAdjustingNames(t *testing.T) {
	for name, c := range map[string]struct {
		one, other string
		opts       []option
	}{
		"memory, then swap": {"resources: {onViolation: adjust, memory: {default: 2Gi}}", "resources: {onViolation: adjust, swap: {max: 0}}", nil},
		"root, then a range": {"runAsNonRoot: {onViolation: adjust}",
			"runAsNonRoot: {onViolation: adjust, adjustOnlyRoot: true, runAsUser: 1500, allowedUsers: [{min: 1000, max: 2000}]}", []option{withUser(0, 0)}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, names := range [][2]string{{"a", "b"}, {"b", "a"}} {
				d := compileDocs(t, policyDoc(names[0], c.one), policyDoc(names[1], c.other)).Evaluate(subject(newSpec(c.opts...)), Complete)
				if d.Outcome() != Adjusted {
					t.Errorf("%v: %s: %s", names, d.Outcome(), d.Message())
				}
			}
		})
	}
}
