package policy

import (
	"regexp"
	"strings"
	"testing"
)

// FuzzLoad: whatever a file holds, there is a Set or an error of which every
// line names file, line and column.
func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		"", "\n---\n", "x", "[]", "a: *b", "&a [*a]", "a:\n\tb", "? {}\n: x", "!!binary x", "\x00", "\ufeff---\n...\n",
		head + someRule,
		head + "  profile: restricted\n",
		head + "  rules: &r {hostPaths: *r}\n",
		head + "  rules: {hostPaths: {allowed: [{path: /a, readOnly: true, propagation: Bidirectional}]}, hostNamespaces: {allow: [pid]}}\n",
		head + "  rules: {resources: {onViolation: adjust, memory: {default: 1Mi, max: 1Gi}, cpu: {max: 0.5}, pids: {required: true}}}\n",
		head + "  rules: {seLinuxOptions: {type: a_t, allowedLevels: ['s0:c*']}, appArmorProfile: {apply: Localhost/x}}\n",
		head + "  rules: {capabilities: {drop: [ALL, sys_admin]}, seccompProfile: {}, procMount: {}, privileged: {}}\n",
		matchDoc(`{namespaces: ["{a,b}*", "**"], podSelector: {matchExpressions: [{key: a, operator: In, values: [b]}]}}`),
		matchDoc(`{podSelector: {matchLabels: {"a\nb": "c\nd"}}}`),
		"apiVersion: \"x\\ny\"\nkind: Policy\n---\n<<: {}\n",
	} {
		f.Add([]byte(seed))
	}
	place := regexp.MustCompile(`^fuzz\.yaml:[1-9][0-9]*:[1-9][0-9]*: .`)
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := Compile(Source{Name: "fuzz.yaml", Data: data})
		if (set == nil) == (err == nil) {
			t.Fatalf("set %v, error %v", set, err)
		}
		if err == nil {
			set.Evaluate(subject(newSpec()), Complete)
			return
		}
		for _, line := range strings.Split(err.Error(), "\n") {
			if !place.MatchString(line) {
				t.Errorf("no place: %q", line)
			}
		}
	})
}
