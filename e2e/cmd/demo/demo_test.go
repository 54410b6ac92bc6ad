package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/specguard/specguard/e2e/require"
)

// TestReadmeShowsTheDemo runs the demo and compares what it ends with to the
// transcript in the README.
func TestReadmeShowsTheDemo(t *testing.T) {
	require.Host(t)
	var out bytes.Buffer
	if err := run(t.Context(), &out, ownPolicy); err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	const from = "What the kernel says inside"
	_, got, _ := strings.Cut(out.String(), from)
	_, want, _ := strings.Cut(string(readme), from)
	want, _, _ = strings.Cut(want, "```")
	if settled(got) != settled(want) {
		t.Errorf("the demo ends with:\n%s\nREADME.md shows:\n%s", got, want)
	}
}

// settled takes out what differs between runs: the node's folder.
func settled(s string) string {
	return strings.TrimSpace(regexp.MustCompile(`/[^ ]*/sg-[0-9]+/`).ReplaceAllString(s, "DIR/"))
}
