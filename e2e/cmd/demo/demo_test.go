package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/require"
)

// TestReadmeShowsTheDemo runs the demo and compares what it ends with to the
// transcript in the README.
func TestReadmeShowsTheDemo(t *testing.T) {
	require.Host(t)
	var out bytes.Buffer
	if err := run(t.Context(), &out, build.Containerd2, ownPolicy); err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	const from = "What the kernel reports inside each container"
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
	if err := run(t.Context(), &out, build.Containerd2, policy); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "CONTAINER"+transcript) || !strings.Contains(transcript, "writable") {
		t.Errorf("the demo shows:\n%s\ndocs/first-policy.md:\n%s", &out, transcript)
	}
}

// TestDemoOnCRIO ends as on containerd, but for what CRI-O gives a container
// that no policy is for, and for where its socket is.
func TestDemoOnCRIO(t *testing.T) {
	require.Release(t, build.CRIO)
	var out bytes.Buffer
	if err := run(t.Context(), &out, build.CRIO, ownPolicy); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^(default|root|net-admin|privileged|host-root|socket|logs|compliant) .*\n( +exec .*\n)?`)
	got, want := rows.FindAllString(out.String(), -1), rows.FindAllString(string(readme), -1)
	if len(want) != 8 || strings.Join(got, "") != strings.Join(want, "") {
		t.Errorf("the demo ends with:\n%s\nREADME.md shows:\n%s", &out, strings.Join(want, ""))
	}
}
