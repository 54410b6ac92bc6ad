package plugin

import (
	"strings"
	"testing"

	"github.com/specguard/specguard/plugin/seal"
)

// TestRuleHooks opens containers that have a hook of their own under policies
// that judge hooks: the seal is not one of those.
func TestRuleHooks(t *testing.T) {
	const foreign = `{"path":"/usr/bin/a"}`
	const deny = `specguard: denied by policy "p": hooks: hooks createRuntime /usr/bin/a not allowed (allowed: none)`
	pending := `{"path":"` + seal.Path(seal.Pending) + `"}`
	hooks := func(list ...string) string {
		if len(list) == 0 {
			return ""
		}
		return `,"hooks":{"createRuntime":[` + strings.Join(list, ",") + `]}`
	}
	for name, c := range map[string]struct {
		doc           string
		before, after string
		outcome, err  string
	}{
		"only the seal":           {doc("p", "rules: {hooks: {}}"), hooks(pending), hooks(), "allowed", ""},
		"only the seal, adjust":   {doc("p", "rules: {hooks: {onViolation: adjust}}"), hooks(pending), hooks(), "allowed", ""},
		"allowed":                 {doc("p", "rules: {hooks: {allowed: [/usr/bin/a]}}"), hooks(foreign, pending), hooks(foreign), "allowed", ""},
		"removed, after the seal": {doc("p", "rules: {hooks: {onViolation: adjust}}"), hooks(pending, foreign), `,"hooks":{}`, "adjusted", ""},
		"denied": {
			doc("p", "rules: {hooks: {}}"), hooks(foreign, pending), sealedBy(deny), "denied", deny,
		},
		"removed, denied by another": {
			doc("p", `rules: {hooks: {onViolation: adjust}, capabilities: {drop: [NET_ADMIN]}}`), hooks(foreign, pending),
			sealedBy(denied), "denied", denied,
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, c.doc)
			ctr := container()
			if _, err := n.create(pod(), ctr); err != nil {
				t.Fatal(err)
			}
			n.store.put(ctr.GetId(), spec(both, c.before, annotated(seal.Sealed)))
			if err := n.post(pod(), ctr); message(err) != c.err {
				t.Errorf("error %q, want %q", message(err), c.err)
			}
			got := n.store.get(ctr.GetId())
			want := spec(both, c.after, annotated(c.outcome))
			if c.outcome == "adjusted" {
				want = strings.Replace(want, stripped, `"specguard.dev/adjusted":"{\"container\":\"9b7e\",\"fields\":[{\"policy\":\"p\",`+
					`\"rule\":\"hooks\",\"field\":\"hooks.createRuntime./usr/bin/a\",\"was\":\"{\\\"path\\\":\\\"/usr/bin/a\\\"}\"}]}"`, 1)
			}
			if got != want {
				t.Errorf("spec\n%s\nwant\n%s", got, want)
			}
		})
	}
}
