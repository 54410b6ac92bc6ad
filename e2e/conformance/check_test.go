package conformance_test

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

// check asks specguard, with the profile in force, about the files of the
// fixtures. A pod is denied where one of its containers is.
func check(t *testing.T, binary string, profile api.Level, all []fixture) map[string]answer {
	t.Helper()
	policy := filepath.Join(t.TempDir(), "policy.yaml")
	doc := fmt.Sprintf("apiVersion: specguard.dev/v1alpha1\nkind: Policy\nmetadata: {name: %s}\nspec: {profile: %[1]s}\n", profile)
	if err := os.WriteFile(policy, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"check", "--policy-dir", policy, "--output", "json"}
	out := make(map[string]answer)
	for _, f := range all {
		args = append(args, f.file)
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
		if _, judged := out[f.file]; !judged {
			out[f.file] = answer{outcome: "not judged", message: lineOf(stderr.String(), f.file)}
		}
	}
	return out
}

// and adds what is said of another container of the pod.
func (a answer) and(r report) answer {
	if a.outcome != "denied" {
		a.outcome, a.message = r.Outcome, r.Message
	}
	for _, v := range r.Violations {
		if !slices.Contains(a.rules, v.Rule) {
			a.rules = append(a.rules, v.Rule)
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
