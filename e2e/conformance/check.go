package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/pod-security-admission/api"
)

// report is what "specguard check" says of a container.
type report struct {
	File       string `json:"file"`
	Outcome    string `json:"outcome"`
	Message    string `json:"message"`
	Violations []struct {
		Rule string `json:"rule"`
	} `json:"violations"`
}

// Check asks specguard, with the profile in force, about the files of the
// fixtures. A pod is denied where one of its containers is.
func Check(t *testing.T, binary string, profile api.Level, all []Fixture) map[string]Answer {
	t.Helper()
	policy := filepath.Join(t.TempDir(), "policy.yaml")
	doc := fmt.Sprintf("apiVersion: specguard.dev/v1alpha1\nkind: Policy\nmetadata: {name: %s}\nspec: {profile: %[1]s}\n", profile)
	if err := os.WriteFile(policy, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"check", "--policy-dir", policy, "--output", "json"}
	out := make(map[string]Answer)
	for _, f := range all {
		args = append(args, f.File)
	}
	cmd := exec.CommandContext(t.Context(), binary, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	for dec := json.NewDecoder(bytes.NewReader(stdout)); ; {
		var r report
		if err := dec.Decode(&r); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v\n%s", err, stderr.String())
		}
		out[r.File] = out[r.File].and(r)
	}
	for _, f := range all {
		if _, judged := out[f.File]; !judged {
			out[f.File] = Answer{Outcome: "not judged", Message: lineOf(stderr.String(), f.File)}
		}
	}
	return out
}

// and adds what is said of another container of the pod.
func (a Answer) and(r report) Answer {
	if a.Outcome != "denied" {
		a.Outcome, a.Message = r.Outcome, r.Message
	}
	for _, v := range r.Violations {
		if !slices.Contains(a.Rules, v.Rule) {
			a.Rules = append(a.Rules, v.Rule)
		}
	}
	return a
}

// lineOf is the line of the text that is about the file.
func lineOf(text, file string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, file) {
			return strings.TrimSpace(line)
		}
	}
	return strings.TrimSpace(text)
}

// An Answer is what specguard says of a pod.
type Answer struct {
	Outcome string // allowed, denied or, for an error, not judged
	Rules   []string
	Message string
}

func (a Answer) String() string {
	switch n := len(a.Rules); {
	case n == 0:
		return a.Outcome
	case n > 2:
		return fmt.Sprintf("%s by %s and %d more", a.Outcome, a.Rules[0], n-1)
	default:
		return a.Outcome + " by " + strings.Join(a.Rules, ", ")
	}
}

// By tells whether one of the rules denied.
func (a Answer) By(rules []string) bool {
	return slices.ContainsFunc(a.Rules, func(r string) bool { return slices.Contains(rules, r) })
}
