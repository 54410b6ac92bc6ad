package guest_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Openers of seals that work without any change of the node, and with the
// wrapper.
const (
	openerContainerd = "containerd"
	openerWrapper    = "runtime"
)

// policyDir is where the agent looks for policies.
const policyDir = "/etc/specguard/policies"

// policies are documents by namespace: the rules, or the profile, of all of its
// containers.
type policies map[string]string

func (p policies) write(t *testing.T) {
	t.Helper()
	for namespace, body := range p {
		write(t, filepath.Join(policyDir, namespace+".yaml"), fmt.Sprintf(`apiVersion: specguard.dev/v1beta1
kind: Policy
metadata: {name: %s}
spec:
  match: {namespaces: [%s]}
  %s
`, namespace, namespace, body))
	}
}

// install installs specguard's programs and units as docs/operations.md says.
func install(t *testing.T) {
	t.Helper()
	shell(t, "install -m 755 bin/specguard /usr/local/bin/specguard")
	shell(t, "install -m 644 deploy/systemd/* /etc/systemd/system/")
	shell(t, "mkdir -p /etc/specguard /var/log/specguard "+kubeletDir+"/pods")
	if exists("/sys/fs/selinux/enforce") {
		shell(t, "restorecon -R /etc/specguard /usr/local/bin /etc/systemd/system /var/log/specguard "+kubeletDir)
	}
	shell(t, "systemctl daemon-reload")
}

// startAgent starts the agent from its unit. With the wrapper, it is installed
// first.
func (n *node) startAgent(t *testing.T, opener string, p policies) {
	t.Helper()
	install(t)
	p.write(t)
	if opener == openerWrapper {
		n.wrap(t)
	}
	shell(t, "specguard validate "+policyDir)
	shell(t, "systemctl start specguard || { journalctl -u specguard --no-pager | tail -n 20; exit 1; }")
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(journal("specguard"))
		}
	})
}

// wrap puts the wrapper in the place of the OCI runtime.
func (n *node) wrap(t *testing.T) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "specguard", "install", "--runtime", "containerd", "--binary", "bin/specguard-runtime").CombinedOutput()
	t.Logf("specguard install: %s", out)
	if err != nil {
		t.Fatal(err)
	}
	write(t, "/etc/specguard/config.yaml", "opener: runtime\n")
	n.restart(t)
}

// journal is the end of what a unit has logged.
func journal(name string) string {
	out, err := exec.Command("journalctl", "-b", "-u", name, "--no-pager", "-o", "cat", "-n", "40").CombinedOutput()
	if err != nil {
		return err.Error()
	}
	return string(out)
}

// keep leaves a file for the machine outside to look at.
func keep(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(os.Getenv("OUT"), name), []byte(content), 0o644); err != nil {
		t.Error(err)
	}
}

// reloaded waits until the agent has taken up what the policies say now.
func reloaded(t *testing.T) {
	t.Helper()
	time.Sleep(5 * time.Second)
}

// lines are the lines of a text that hold all words.
func lines(text string, words ...string) []string {
	var found []string
next:
	for line := range strings.Lines(text) {
		for _, word := range words {
			if !strings.Contains(line, word) {
				continue next
			}
		}
		found = append(found, strings.TrimSpace(line))
	}
	return found
}
