package cli

import (
	"strings"
	"testing"
)

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "RULES:\n  privileged                Forbids the privileges of a container with privileged: true\n"},
		{[]string{"hostPaths.allowed.propagation"}, "FIELD: spec.rules.hostPaths.allowed[].propagation <None, HostToContainer, Bidirectional>\n\n" +
			"DESCRIPTION:\n    The strongest mount propagation allowed.\n\nDEFAULT: None\n\nVALUES:\n" +
			"  None             private\n  HostToContainer  slave\n  Bidirectional    shared\n"},
		{[]string{"profile", "restricted"}, "\nRULES:\n  capabilities  {onViolation: reject, drop: [ALL], allow: [CAP_NET_BIND_SERVICE]}\n      Capabilities: all but one must be dropped.\n"},
		{[]string{"capabilities"}, "\nEXAMPLE:\n    capabilities: {onViolation: adjust, drop: [ALL], allow: [NET_BIND_SERVICE]}\n"},
	} {
		r := specguard(t, append([]string{"explain"}, c.args...)...)
		if r.code != 0 || r.stderr != "" || !strings.Contains(r.stdout, c.want) {
			t.Errorf("%v: %+v, want %s", c.args, r, c.want)
		}
		for l := range strings.Lines(r.stdout) {
			if len(l) > 160 || strings.TrimRight(l, " \n")+"\n" != l {
				t.Errorf("%v: %q", c.args, l)
			}
		}
	}
	specguard(t, "explain", "capabilityes").expect(t, 1, "", "there is no rule or field \"capabilityes\": did you mean capabilities?\n")
}
