package deploy_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/specguard/specguard/e2e/build"
)

// agent builds specguard.
func agent(t *testing.T) string {
	t.Helper()
	cache, err := build.Open()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := cache.Agent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

// folder writes a ConfigMap's keys as files, as the kubelet does.
func folder(t *testing.T, m *corev1.ConfigMap) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range m.Data {
		write(t, filepath.Join(dir, name), data)
	}
	return dir
}

func write(t *testing.T, path, data string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestPolicies: the policies of each overlay are valid and decide as its name
// says, and the agent's own pod is not kept out by them.
func TestPolicies(t *testing.T) {
	binary := agent(t)
	dir := t.TempDir()
	pod := func(namespace, securityContext string) string {
		path := filepath.Join(dir, namespace+".yaml")
		write(t, path, "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: "+namespace+
			"}\nspec: {containers: [{name: main, image: web, securityContext: "+securityContext+"}]}\n")
		return path
	}
	privileged := pod("team-a", "{privileged: true}")
	root := pod("team-b", "{runAsUser: 0}")
	system := pod("kube-system", "{privileged: true}")
	for name, enforces := range map[string]bool{"audit": false, "enforce": true, "crio": false} {
		t.Run(name, func(t *testing.T) {
			all := overlay(t, name)
			policies := folder(t, find[corev1.ConfigMap](t, all, "specguard-policies"))
			output(t, binary, "validate", policies)
			own := filepath.Join(t.TempDir(), "daemonset.yaml")
			write(t, own, string(text(t, find[appsv1.DaemonSet](t, all, "specguard"))))
			for _, c := range []struct {
				what, file string
				denied     bool
				audited    string
			}{
				{"privileged", privileged, enforces, "privileged"},
				{"root", root, false, "runAsNonRoot"},
				{"kube-system", system, false, ""},
				{"the agent", own, false, ""},
			} {
				out, denied := check(t, binary, policies, c.file)
				if denied != c.denied {
					t.Errorf("%s: denied is %t\n%s", c.what, denied, out)
				}
				if !denied && strings.Contains(out, `"audit"`) != (c.audited != "") || !strings.Contains(out, c.audited) {
					t.Errorf("%s: want an audit of %q in\n%s", c.what, c.audited, out)
				}
			}
		})
	}
}

// check tells what specguard check says, and whether something is denied.
func check(t *testing.T, binary, policies, file string) (string, bool) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), binary, "check", "--policy-dir", policies, "--output", "json", file).Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 2) {
		t.Fatalf("check %s: %v\n%s", file, err, out)
	}
	return string(out), err != nil
}

// TestConfiguration: the agent takes the configuration, and Helm's with all
// settings that docs/deployment.md shows, but those that are the pod's. It reads
// it before the policies, whose folder is not there.
func TestConfiguration(t *testing.T) {
	binary := agent(t)
	_, shown, _ := strings.Cut(read(t, "docs/deployment.md"), "```yaml\npolicyDir:")
	shown, _, _ = strings.Cut("policyDir:"+shown, "```")
	var settings map[string]any
	if err := yaml.Unmarshal([]byte(shown), &settings); err != nil {
		t.Fatal(err)
	}
	delete(settings, "http")
	delete(settings["host"].(map[string]any), "root")
	values := string(text(t, map[string]any{"config": settings}))
	for name, all := range map[string][]object{"overlay": overlay(t, "audit"), "Helm": helm(t, values)} {
		config := configuration(t, all)
		if out := startWith(t, binary, config); !strings.Contains(out, "\n/no/such: ") {
			t.Errorf("%s: %s", name, out)
		}
		if out := startWith(t, binary, config+"\nhtpp: x\n"); !strings.Contains(out, "htpp") {
			t.Errorf("%s: an unknown field is not told: %s", name, out)
		}
	}
}

// configuration gives the agent's configuration file.
func configuration(t *testing.T, all []object) string {
	t.Helper()
	return find[corev1.ConfigMap](t, all, "specguard-config").Data["config.yaml"]
}

// startWith tells what the agent says with a configuration and without policies.
func startWith(t *testing.T, binary, config string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	write(t, file, config)
	out, err := exec.CommandContext(t.Context(), binary, "run", "--config", file, "--policy-dir", "/no/such").CombinedOutput()
	if err == nil {
		t.Fatalf("it runs without policies\n%s", out)
	}
	return string(out)
}
