package cli

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/containerd/nri/pkg/api"
)

// envMain makes this test binary the program itself.
const envMain = "SPECGUARD_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(envMain) != "" {
		os.Exit(Main(""))
	}
	os.Exit(m.Run())
}

// result is how a call of specguard ended.
type result struct {
	stdout, stderr string
	code           int
}

// specguard calls the program and waits for it.
func specguard(t *testing.T, args ...string) result {
	t.Helper()
	return call(t, nil, args...)
}

func call(t *testing.T, env []string, args ...string) result {
	t.Helper()
	cmd, stdout, stderr := command(t.Context(), env, args...)
	_ = cmd.Run() // the exit status tells
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

func command(ctx context.Context, env []string, args ...string) (cmd *exec.Cmd, stdout, stderr *bytes.Buffer) {
	cmd = exec.CommandContext(ctx, os.Args[0], args...)
	cmd.WaitDelay = 10 * time.Second
	cmd.Env = append(append(os.Environ(), envMain+"=1", "GORACE=atexit_sleep_ms=0"), env...)
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	return cmd, stdout, stderr
}

// expect compares everything that a call said and its exit status.
func (r result) expect(t *testing.T, code int, stdout, stderr string) {
	t.Helper()
	if r.code != code || r.stdout != stdout || r.stderr != stderr {
		t.Errorf("exit status %d, want %d\nstdout %q\nwant   %q\nstderr %q\nwant   %q", r.code, code, r.stdout, stdout, r.stderr, stderr)
	}
}

// file writes a file into a new folder and returns its path.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// policyFile writes a policy named p with those rules.
func policyFile(t *testing.T, rules ...string) string {
	t.Helper()
	return file(t, "p.yaml", policyText(rules...))
}

func policyText(rules ...string) string {
	return "apiVersion: specguard.dev/v1beta1\nkind: Policy\nmetadata: {name: p}\nspec:\n  rules:\n    " +
		strings.Join(rules, "\n    ") + "\n  " + notKubeSystem + "\n"
}

// notKubeSystem keeps a policy for every namespace from causing a warning.
const notKubeSystem = "match: {excludeNamespaces: [kube-system]}"

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		args   []string
		stderr string
	}{
		{[]string{"--bogus"}, "unknown flag --bogus: see specguard --help\n"},
		{[]string{"run", "--bogus"}, "unknown flag --bogus: see specguard run --help\n"},
		{[]string{"check", "--polcy-dir", "x"}, "unknown flag --polcy-dir: did you mean --policy-dir?\n"},
		{[]string{"audit", "--criosocket", "x"}, "unknown flag --criosocket: did you mean --cri-socket?\n"},
		{[]string{"check", "--pod-lables=a=b", "x"}, "unknown flag --pod-lables: did you mean --pod-labels?\n"},
		{[]string{"check", "-x"}, "unknown shorthand flag: 'x' in -x\n"},
		{[]string{"bogus"}, "unknown command \"bogus\": see specguard --help\n"},
		{[]string{"chekc", "x.yaml"}, "unknown command \"chekc\": did you mean check?\n"},
		{[]string{"run", "extra"}, "specguard run takes no arguments, such as \"extra\": see specguard run --help\n"},
		{[]string{"validate"}, "specguard validate needs a PATH: see specguard validate --help\n"},
		{[]string{"check"}, "specguard check needs a FILE: see specguard check --help\n"},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) { specguard(t, c.args...).expect(t, 1, "", c.stderr) })
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{}, {"--help"}} {
		r := specguard(t, args...)
		for _, name := range []string{"run", "validate", "check", "doctor", "version"} {
			if !strings.Contains(r.stdout, "\n  "+name+" ") {
				t.Errorf("%v: no %s in %s", args, name, r.stdout)
			}
		}
		if r.code != 0 {
			t.Errorf("%v: exit status %d", args, r.code)
		}
	}
}

// TestPreinstalled starts the program as NRI does, without arguments: it runs
// the agent, which fails for want of a connection.
func TestPreinstalled(t *testing.T) {
	env := []string{api.PluginNameEnvVar + "=specguard", api.PluginIdxEnvVar + "=90", api.PluginSocketEnvVar + "=none"}
	r := call(t, env)
	if r.code != 1 || r.stdout != "" || !strings.Contains(r.stderr, "policies in force") {
		t.Errorf("%+v", r)
	}
	if strings.Contains(r.stderr, "specguard starts") && !strings.Contains(r.stderr, `invalid socket in environment (NRI_PLUGIN_SOCKET="none")`) {
		t.Errorf("%+v", r)
	}
	specguard := call(t, env, "version")
	if specguard.code != 0 || !strings.HasPrefix(specguard.stdout, "specguard ") {
		t.Errorf("with a command of its own: %+v", specguard)
	}
}
