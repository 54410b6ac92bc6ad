package cli

import (
	"fmt"
	"strings"
	"testing"
)

// TestCheckAsked: of a container that specguard has adjusted, check shows what was asked for, and
// no text that others have written.
func TestCheckAsked(t *testing.T) {
	p := policyFile(t, "capabilities: {onViolation: adjust, drop: [NET_ADMIN]}")
	noted := func(id string) string {
		return `,"specguard.dev/decision":"adjusted","specguard.dev/adjusted":"{\"container\":\"` + id + `\",\"fields\":[{\"policy\":\"q\",` +
			`\"rule\":\"runAsNonRoot\",\"field\":\"process.user.uid\",\"was\":\"0\",\"now\":\"1\"}],\"more\":2}"`
	}
	const asked = "  was asked for: process.user.uid: 0, now 1 (q: runAsNonRoot)\n  was asked for: 2 more fields differ\n"
	const forged = "  note: its annotation specguard.dev/adjusted is not specguard's: ignored\n"
	inspected := func(annotations string) string {
		return strings.Replace(fmt.Sprintf(inspect1, configJSON(noCaps, annotations)), `{"status":{`, `{"status":{"id":"9b7e",`, 1)
	}
	for name, c := range map[string]struct{ file, want string }{
		"its own":     {inspected(inAPod + noted("9b7e")), asked},
		"another's":   {inspected(inAPod + noted("web-0")), forged},
		"no JSON":     {inspected(inAPod + `,"specguard.dev/adjusted":"uid was 0"`), forged},
		"without ID":  {configJSON(noCaps, inAPod+noted("9b7e")), asked + "  note: its annotation specguard.dev/adjusted may not be specguard's: the file does not show the container's ID\n"},
		"no manifest": {"apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b, annotations: {specguard.dev/adjusted: x}}\nspec: {containers: [{name: c, image: i, securityContext: {capabilities: {drop: [ALL]}}}]}\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := specguard(t, "check", "--policy-dir", p, file(t, "f", c.file))
			got := ""
			for line := range strings.Lines(r.stdout) {
				if strings.Contains(line, "asked for") || strings.Contains(line, "specguard.dev") {
					got += line
				}
			}
			if got != c.want || r.code != 0 {
				t.Errorf("%s\nwant\n%s", r.stdout+r.stderr, c.want)
			}
		})
	}
	r := specguard(t, "check", "--policy-dir", p, "--output", "json", file(t, "f", inspected(inAPod+noted("9b7e"))))
	if want := `"asked":{"container":"9b7e","fields":[{"policy":"q","rule":"runAsNonRoot","field":"process.user.uid","was":"0","now":"1"}],"more":2}`; !strings.Contains(r.stdout, want) {
		t.Errorf("%s\nlacks %s", r.stdout, want)
	}
}
