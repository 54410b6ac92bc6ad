package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
)

// report is what "specguard check" says of a container.
type report struct {
	File       string      `json:"file"`
	Outcome    string      `json:"outcome"`
	Message    string      `json:"message"`
	Policies   []string    `json:"policies"`
	Violations []violation `json:"violations"`
}

type violation struct {
	Rule  string `json:"rule"`
	Found string `json:"found"`
}

// The outcomes of an Answer.
const (
	allowed   = "allowed"
	denied    = "denied"
	notJudged = "not judged" // for an error
)

// Check asks specguard, with the profile (which may have a version) in force in all
// namespaces, about files. A pod is denied where one of its containers is.
func Check(ctx context.Context, binary, profile string, files []string) (map[string]Answer, error) {
	out := make(map[string]Answer)
	for some := range slices.Chunk(files, 500) {
		if err := check(ctx, binary, profile, some, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func check(ctx context.Context, binary, profile string, files []string, out map[string]Answer) error {
	args := append([]string{"check", "--policy-dir", "-", "--output", "json"}, files...)
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Stdin = strings.NewReader(fmt.Sprintf("apiVersion: specguard.dev/v1beta1\nkind: Policy\nmetadata: {name: standard}\n"+
		"spec: {profile: %s, match: {namespaces: ['*', kube-system]}}\n", profile))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		return err
	}
	for dec := json.NewDecoder(bytes.NewReader(stdout)); ; {
		var r report
		if err := dec.Decode(&r); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("%w\n%s", err, stderr.String())
		}
		if !slices.Contains(r.Policies, "standard") {
			return fmt.Errorf("%s: a container is judged by %q", r.File, r.Policies)
		}
		out[r.File] = out[r.File].and(r)
	}
	for _, f := range files {
		if line := lineOf(stderr.String(), f); line != "" {
			out[f] = Answer{Outcome: notJudged, Message: line}
		} else if _, judged := out[f]; !judged {
			out[f] = Answer{Outcome: notJudged, Message: sentence(stderr.String())}
		}
	}
	return nil
}

// and adds what is said of another container of the pod.
func (a Answer) and(r report) Answer {
	if a.Outcome != denied {
		a.Outcome, a.Message = r.Outcome, r.Message
	}
	for _, v := range r.Violations {
		if !slices.Contains(a.Rules, v.Rule) {
			a.Rules = append(a.Rules, v.Rule)
		}
		if !slices.Contains(a.found, v) {
			a.found = append(a.found, v)
		}
	}
	return a
}

// words are what the rules found; "" where none of them denied.
func (a Answer) words(rules []string) string {
	var out []string
	for _, v := range a.found {
		if slices.Contains(rules, v.Rule) {
			out = append(out, v.Rule+": "+v.Found)
		}
	}
	return strings.Join(out, ", ")
}

// always tells whether all that the rules found is called so.
func (a Answer) always(rules []string, found string) bool {
	all := true
	for _, v := range a.found {
		all = all && (!slices.Contains(rules, v.Rule) || strings.Contains(v.Found, found))
	}
	return all && a.By(rules)
}

// others are what rules found that are for no control.
func (a Answer) others() []string {
	var out []string
	for _, v := range a.found {
		if !slices.ContainsFunc(controls(), func(c control) bool { return slices.Contains(c.rules, v.Rule) }) {
			out = append(out, v.Rule+": "+v.Found)
		}
	}
	return out
}

// lineOf is the line of the text that is about the file; "" for none.
func lineOf(text, file string) string {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, file+":") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// An Answer is what specguard says of a pod.
type Answer struct {
	Outcome string // allowed, denied or, for an error, not judged
	Rules   []string
	Message string

	found []violation
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
