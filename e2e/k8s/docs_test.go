package k8s_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/lab"
)

// repository is the folder that the documents' commands are run in.
func repository(t *testing.T) string {
	t.Helper()
	e2e, err := build.Root()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(e2e)
}

// documented is the block of a document that holds some text.
func documented(t *testing.T, document, holds string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(repository(t), "docs", document))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?ms)^ *```[a-z]+\n(.*?)^ *```").FindAllStringSubmatch(string(data), -1) {
		if strings.Contains(block[1], holds) {
			return block[1]
		}
	}
	t.Fatalf("no block of docs/%s holds %q", document, holds)
	return ""
}

// replaced is text with words replaced that it must have.
func replaced(t *testing.T, text string, oldnew ...string) string {
	t.Helper()
	for pair := range slices.Chunk(oldnew, 2) {
		if !strings.Contains(text, pair[0]) {
			t.Fatalf("no %q in:\n%s", pair[0], text)
		}
		text = strings.ReplaceAll(text, pair[0], pair[1])
	}
	return text
}

// shell runs commands of a document, as an operator would, and returns what
// they print.
func (g guarded) shell(t *testing.T, commands string) string {
	t.Helper()
	out, err := g.tryShell(t, commands)
	if err != nil {
		t.Fatalf("%v: %s\n%s", err, commands, out)
	}
	return out
}

func (g guarded) tryShell(t *testing.T, commands string) (string, error) {
	t.Helper()
	helm, err := lab.Cache(t).Helm(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "/bin/sh", "-ec", commands)
	cmd.Dir = repository(t)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+g.Kubeconfig,
		"PATH="+filepath.Dir(g.Program)+":"+filepath.Dir(helm)+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	return string(out), err
}
