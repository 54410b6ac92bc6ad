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

// TestFirstPolicy shows the policy of docs/first-policy.md at work, and looks
// for the lines of its transcript.
func TestFirstPolicy(t *testing.T) {
	require.Host(t)
	data, err := os.ReadFile("../../../docs/first-policy.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), "```yaml\n# policies/teams.yaml\n")
	policy, _, _ := strings.Cut(rest, "```")
	_, rest, _ = strings.Cut(rest, "```\nCONTAINER")
	transcript, _, _ := strings.Cut(rest, "```")
	var out bytes.Buffer
	if err := run(t.Context(), &out, policy); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "CONTAINER"+transcript) || !strings.Contains(transcript, "writable") {
		t.Errorf("the demo shows:\n%s\ndocs/first-policy.md:\n%s", &out, transcript)
	}
}
