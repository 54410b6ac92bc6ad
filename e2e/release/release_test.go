package release_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/specguard/specguard/e2e/release"
)

// version is that of the chart.
const version = "v0.1.0"

// checkout clones the repository as it is committed.
func checkout(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "clone")
	if out, err := exec.CommandContext(t.Context(), "git", "clone", "-q", "../..", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir
}

// TestNotices: the list in the repository is of what is linked into the programs.
func TestNotices(t *testing.T) {
	want, err := release.Notices(t.Context(), "../..")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../THIRD_PARTY_NOTICES")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("THIRD_PARTY_NOTICES is not what the programs consist of: make generate")
	}
	if n := strings.Count(want, "Permission is hereby granted"); n < 3 {
		t.Errorf("%d texts of the MIT license: the texts are missing", n)
	}
}

// TestRefusals: a release is of a version, and of what is committed.
func TestRefusals(t *testing.T) {
	dir := checkout(t)
	for _, tt := range []struct{ version, edit, want string }{
		{"", "", `version "" is none`},
		{"0.1.0", "", `version "0.1.0" is none (allowed: vMAJOR.MINOR.PATCH`},
		{"v0.1", "", "is none"},
		{version, "README.md", "changes that are not committed:\n M README.md"},
	} {
		if tt.edit != "" {
			if err := os.WriteFile(filepath.Join(dir, tt.edit), []byte("edited"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		err := release.Make(context.Background(), release.Options{Checkout: dir, Version: tt.version, Out: filepath.Join(t.TempDir(), "dist")})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %s", tt.version, err, tt.want)
		}
	}
	if entries, _ := os.ReadDir(dir); slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == "bin" }) {
		t.Error("it has built something")
	}
}
