//go:build release

package release_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/specguard/specguard/e2e/release"
)

// TestSameBytes makes releases of two clones, in different folders.
func TestSameBytes(t *testing.T) {
	var made [2]map[string]string
	for i := range made {
		out := filepath.Join(t.TempDir(), "dist")
		if err := release.Make(t.Context(), release.Options{Checkout: checkout(t), Version: version, Out: out}); err != nil {
			t.Fatal(err)
		}
		made[i] = sums(t, out)
		check := exec.CommandContext(t.Context(), "sha256sum", "-c", "--strict", "SHA256SUMS")
		check.Dir = out
		if text, err := check.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, text)
		}
	}
	for name, sum := range made[0] {
		if made[1][name] != sum {
			t.Errorf("%s differs", name)
		}
	}
	if len(made[0]) != 9 || len(made[1]) != 9 {
		t.Errorf("made %v", made)
	}
}

func sums(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := make(map[string]string)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = fmt.Sprintf("%x", sha256.Sum256(data))
	}
	return out
}
