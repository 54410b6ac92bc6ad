package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// image makes a root that has been installed into, as far as uninstall needs,
// and gives it.
func image(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		full := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// text is lines as a command prints them.
func text(lines ...string) string { return strings.Join(lines, "\n") + "\n" }

func TestInstallSaysThatNothingWasChanged(t *testing.T) {
	root := image(t, nil)
	specguard(t, "install", "--root", root).expect(t, 1, "",
		"nothing was changed: found neither containerd nor CRI-O below "+root+"\n")
	specguard(t, "install", "--root", root+"/none").expect(t, 1, "",
		"nothing was changed: root: lstat "+root+"/none: no such file or directory\n")
	specguard(t, "install", "extra").expect(t, 1, "", "specguard install takes no arguments, such as \"extra\": see specguard install --help\n")
}

func TestUninstall(t *testing.T) {
	const (
		main   = "/etc/containerd/config.toml"
		dropIn = "/etc/containerd/conf.d/99-specguard.toml"
		binary = "/usr/local/bin/specguard-runtime"
	)
	root := image(t, map[string]string{
		main:   "version = 3\nimports = [\"/etc/containerd/conf.d/99-specguard*.toml\"] # specguard install: added\n\n[debug]\n",
		dropIn: "version = 3\n", binary: "program",
	})
	changes := func(diff bool) string {
		if diff {
			return text("remove "+dropIn, "  - version = 3", "replace "+main,
				`  - imports = ["/etc/containerd/conf.d/99-specguard*.toml"] # specguard install: added`, "remove "+binary)
		}
		return text("remove "+dropIn, "replace "+main, "remove "+binary,
			"to do: restart the runtime (systemctl restart containerd); running containers are not affected")
	}
	specguard(t, "uninstall", "--root", root, "--dry-run").expect(t, 0, changes(true), "")

	bundle := filepath.Join(root, "run/containerd/io.containerd.runtime.v2.task/k8s.io/a/runtime")
	if err := os.MkdirAll(filepath.Dir(bundle), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(bundle, []byte(binary), 0o600); err != nil {
		t.Fatal(err)
	}
	specguard(t, "uninstall", "--root", root, "--dry-run").expect(t, 2,
		strings.Replace(changes(true), "remove "+binary+"\n", "", 1)+text(
			"specguard-runtime is kept; run specguard uninstall again later:",
			"  1 container or pod of containerd was made with it and still runs"), "")
	if err := os.Remove(bundle); err != nil {
		t.Fatal(err)
	}

	specguard(t, "uninstall", "--root", root).expect(t, 0, changes(false), "")
	if data, err := os.ReadFile(filepath.Join(root, main)); err != nil || string(data) != "version = 3\n\n[debug]\n" {
		t.Errorf("%s is %q, %v", main, data, err)
	}
	specguard(t, "uninstall", "--root", root).expect(t, 0, "nothing to change\n", "")
}

func TestLineDiff(t *testing.T) {
	for _, test := range []struct{ name, before, after, want string }{
		{"same", "a\nb\n", "a\nb\n", ""},
		{"new", "", "a\nb\n", "+ a|+ b"},
		{"gone", "a\nb", "", "- a|- b"},
		{"inserted", "a\nb\n", "a\nx\nb\n", "+ x"},
		{"replaced", "a\nb\nc\n", "a\nx\nc\n", "+ x|- b"},
		{"repeated lines", "a\na\nb\n", "a\nx\na\nb\n", "+ x"},
		{"at the end", "a", "a\nb", "+ b"},
	} {
		if got := strings.Join(lineDiff(test.before, test.after), "|"); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
