package cli

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestSeccompDir: check and test judge by the content of the node's seccomp profiles, and apply them.
func TestSeccompDir(t *testing.T) {
	strict := `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read", "execve"], "action": "SCMP_ACT_ALLOW"}]}`
	loose := `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["acct"], "action": "SCMP_ACT_ERRNO"}]}`
	dir := filepath.Dir(file(t, "strict.json", strict))
	pod := func(profile string) string {
		return "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: team-a}\nspec: {containers: [{name: app, image: nginx, securityContext: " +
			"{seccompProfile: {" + profile + "}}}]}\n"
	}
	local := pod("type: Localhost, localhostProfile: strict.json")
	blocks := policyFile(t, "seccompProfile: {anyProfile: true, block: {syscalls: [mount]}}")
	applies := policyFile(t, "seccompProfile: {onViolation: adjust, allowed: [Localhost/strict.json], apply: Localhost/strict.json}")
	for name, c := range map[string]struct {
		policy, pod, dir string
		code             int
		stdout, stderr   string
	}{
		"content is not known": {blocks, local, "", 2, "does not block mount", ""},
		"content is known":     {blocks, local, dir, 0, "allowed", ""},
		"another content":      {blocks, local, filepath.Dir(file(t, "strict.json", loose)), 2, "does not block mount", ""},
		"cannot be applied":    {applies, pod("type: Unconfined"), "", 2, "Localhost/strict.json cannot be applied", ""},
		"is applied":           {applies, pod("type: Unconfined"), dir, 0, "adjusted", ""},
		"no such file":         {blocks, local, t.TempDir(), 1, "", "seccomp profile strict.json: "},
		"outside":              {blocks, pod("type: Localhost, localhostProfile: ../x"), dir, 1, "", "../x"},
	} {
		t.Run(name, func(t *testing.T) {
			args := []string{"check", "--policy-dir", c.policy, file(t, "pod.yaml", c.pod)}
			if c.dir != "" {
				args = append(args, "--seccomp-dir", c.dir)
			}
			r := specguard(t, args...)
			if r.code != c.code || !strings.Contains(r.stdout, c.stdout) || !strings.Contains(r.stderr, c.stderr) || (c.stderr == "") != (r.stderr == "") {
				t.Errorf("%+v", r)
			}
			if known := c.dir != "" && c.code != 1; known && strings.Contains(r.stdout, "what the seccomp profile") {
				t.Errorf("%s", r.stdout)
			}
		})
	}

	tests := "apiVersion: specguard.dev/v1beta1\nkind: PolicyTest\nmetadata: {name: s}\nspec:\n  policies: [" + applies + "]\n  seccompDir: " + dir + "\n  cases:\n" +
		"    - {name: c, given: {pod: {metadata: {namespace: a}, spec: {containers: [{name: app, image: nginx}]}}}, expect: {outcome: adjusted}}\n"
	if r := specguard(t, "test", file(t, "x_test.yaml", tests)); r.code != 0 {
		t.Errorf("%+v", r)
	}
	if r := specguard(t, "test", file(t, "x_test.yaml", strings.Replace(tests, "  seccompDir: "+dir+"\n", "", 1))); r.code != 1 {
		t.Errorf("%+v", r)
	}
}
