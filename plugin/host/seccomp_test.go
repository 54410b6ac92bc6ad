package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSeccompProfile(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "var/lib/kubelet/seccomp")
	if err := os.MkdirAll(filepath.Join(dir, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"a.json": "{}", "large.json": strings.Repeat(" ", maxSeccompProfile+1)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/var/lib/kubelet/seccomp/a.json", filepath.Join(dir, "link.json")); err != nil {
		t.Fatal(err)
	}
	h := New(root, "")
	for _, name := range []string{"a.json", "link.json"} {
		if data, err := h.SeccompProfile(name); err != nil || string(data) != "{}" {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
	for name, want := range map[string]string{"b.json": "no such file", "folder": "is not a file", "large.json": "larger than"} {
		if _, err := h.SeccompProfile(name); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), root) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := h.WithSeccompDir("/elsewhere").SeccompProfile("a.json"); err == nil {
		t.Error("read from another folder")
	}
	if _, err := New("", "").SeccompProfile("a.json"); err == nil {
		t.Error("read where nothing is seen")
	}
}
