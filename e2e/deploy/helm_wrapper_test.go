package deploy_test

import (
	"path"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"
)

// TestHelmInstall: kube-system and the agent's own namespace pass whatever the
// values say, so that no value locks a node out.
func TestHelmInstall(t *testing.T) {
	for name, c := range map[string]struct{ namespace, values, want string }{
		"default":    {namespace, "", "--pass-namespace kube-system --pass-namespace specguard-system"},
		"namespace":  {"guard", "", "--pass-namespace kube-system --pass-namespace guard"},
		"one of two": {"kube-system", "", "--pass-namespace kube-system"},
		"null":       {"guard", "passNamespaces: null", "--pass-namespace kube-system --pass-namespace guard"},
		"more":       {"guard", "passNamespaces: [cni, kube-system]", "--pass-namespace kube-system --pass-namespace guard --pass-namespace cni"},
		"prefix":     {"kube-system", "prefix: /opt/bin", "--prefix /opt/bin --pass-namespace kube-system"},
		"arguments":  {"kube-system", "extraArgs: [--runtime-handler, runc]", "--pass-namespace kube-system --runtime-handler runc"},
	} {
		all := helmIn(t, c.namespace, "wrapper: {install: true, "+c.values+"}")
		args := find[appsv1.DaemonSet](t, all, "specguard").Spec.Template.Spec.InitContainers[0].Args
		if got, want := strings.Join(args, " "), "install --root /host "+c.want; got != want {
			t.Errorf("%s: %s\nwant %s", name, got, want)
		}
	}
}

// TestHelmPrefix: the seal's hook is where the wrapper is installed.
func TestHelmPrefix(t *testing.T) {
	for prefix, want := range map[string]string{"": "", "/opt/bin": "/opt/bin/specguard-runtime", "/opt/bin/": "/opt/bin/specguard-runtime"} {
		all := helm(t, `wrapper: {install: true, prefix: "`+prefix+`"}`)
		args := find[appsv1.DaemonSet](t, all, "specguard").Spec.Template.Spec.InitContainers[0].Args
		installed := ""
		if i := slices.Index(args, "--prefix"); i >= 0 {
			installed = path.Join(args[i+1], "specguard-runtime")
		}
		var config struct{ HookPath string }
		if err := yaml.Unmarshal([]byte(configuration(t, all)), &config); err != nil {
			t.Fatal(err)
		}
		if installed != want || config.HookPath != want {
			t.Errorf("prefix %q: installed as %q, hookPath %q", prefix, installed, config.HookPath)
		}
	}
}

func TestHelmNotes(t *testing.T) {
	const elsewhere, restart = "exclude that namespace too", "systemctl restart"
	for name, c := range map[string]struct {
		namespace, values string
		want              []string
	}{
		"default":   {namespace, "", nil},
		"wrapper":   {namespace, "wrapper: {install: true}", []string{restart}},
		"elsewhere": {"guard", "wrapper: {install: true}", []string{restart, elsewhere}},
		"own":       {"guard", "existingConfigMap: ours", nil},
	} {
		files, err := tryHelm(t, c.namespace, c.values)
		if err != nil {
			t.Fatal(err)
		}
		notes := files["specguard/templates/NOTES.txt"]
		if !strings.Contains(notes, "--namespace "+c.namespace+" ") {
			t.Errorf("%s: the logs are not in %s:\n%s", name, c.namespace, notes)
		}
		for _, s := range []string{elsewhere, restart} {
			if strings.Contains(notes, s) != slices.Contains(c.want, s) {
				t.Errorf("%s: want %q in\n%s", name, c.want, notes)
			}
		}
	}
}
