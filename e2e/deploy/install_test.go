package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/require"
)

// TestInstallNeedsNoMore: the init container of the overlay for CRI-O can
// install the wrapper into a node's root with the capabilities that it has,
// and not without.
func TestInstallNeedsNoMore(t *testing.T) {
	require.Or(t, root())
	cache, err := build.Open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cache.Runtime(t.Context()); err != nil { // beside specguard
		t.Fatal(err)
	}
	install := find[appsv1.DaemonSet](t, overlay(t, "crio"), "specguard").Spec.Template.Spec.InitContainers[0]
	caps := "-all"
	for _, c := range install.SecurityContext.Capabilities.Add {
		caps += ",+" + strings.ToLower(string(c))
	}
	run := func(caps string) (node, out string, err error) {
		node = nodeRoot(t, cache)
		args := []string{"--no-new-privs", "--bounding-set=" + caps, "--inh-caps=-all", agent(t)}
		for _, arg := range install.Args {
			if arg == "/host" {
				arg = node
			}
			args = append(args, arg)
		}
		printed, err := exec.CommandContext(t.Context(), "setpriv", args...).CombinedOutput()
		return node, string(printed), err
	}
	node, out, err := run(caps)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, file := range []string{"usr/local/bin/specguard-runtime", "etc/specguard/runtime.yaml", "etc/containerd/conf.d/99-specguard.toml"} {
		if _, err := os.Stat(filepath.Join(node, file)); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
	if _, out, err := run("-all"); err == nil {
		t.Errorf("the capability is not needed\n%s", out)
	}
}

// nodeRoot makes the root of a node with containerd. Its runc is a program that
// has a version, which is all that install asks of it.
func nodeRoot(t *testing.T, cache *build.Cache) string {
	t.Helper()
	programs, err := cache.Programs(t.Context(), build.Containerd2)
	if err != nil {
		t.Fatal(err)
	}
	node := t.TempDir()
	for name, source := range map[string]string{"usr/bin/containerd": programs.Daemon, "usr/sbin/runc": programs.Daemon} {
		data, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		program(t, filepath.Join(node, name), data)
	}
	for _, dir := range []string{"etc/containerd", "usr/local/bin"} {
		if err := os.MkdirAll(filepath.Join(node, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(node, "etc/containerd/config.toml"), "version = 3\n")
	return node
}

func program(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o755); err != nil {
		t.Fatal(err)
	}
}
