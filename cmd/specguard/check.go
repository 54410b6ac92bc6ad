package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/specguard/specguard/plugin/reload"
	"github.com/specguard/specguard/policy"
	"github.com/specguard/specguard/policy/ocispec"
)

// Exit statuses of check.
const (
	exitError  = exitCode(1)
	exitDenied = exitCode(2)
)

func checkCommand() *cobra.Command {
	var dir, output, namespace string
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "Say what the policies would do with a container",
		Long: `Say what the policies would do with a container, given its OCI config.json
or the output of "crictl inspect".

Exit status 0: allowed, as it is or adjusted. 2: denied. 1: error.

The node is not asked: symlinks of host paths are taken as they are written,
and AppArmor and SELinux are taken to be on.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			log := logrus.New()
			log.SetOutput(io.Discard)
			policies, err := reload.Open(dir, dir == defaultPolicyDir, log) // as the agent does
			if err != nil {
				return err
			}
			write, err := reporter(output, cmd.OutOrStdout())
			if err != nil {
				return err
			}
			return check(policies.Current(), files, namespace, write)
		},
	}
	cmd.Flags().StringVar(&dir, "policy-dir", defaultPolicyDir, "folder of policy files, or one file")
	cmd.Flags().StringVar(&output, "output", "text", "text or json")
	cmd.Flags().StringVar(&namespace, "namespace", "", "the pod's namespace, where the file does not tell it")
	return cmd
}

// check reports on every file; its error is the worst exit status.
func check(set *policy.Set, files []string, namespace string, write func(report) error) error {
	var worst error
	for _, file := range files {
		r, err := judge(set, file, namespace)
		if err == nil {
			err = write(r)
		}
		switch {
		case err != nil:
			fmt.Fprintf(os.Stderr, "%s: %v\n", file, err)
			worst = exitError
		case r.Outcome == policy.Denied && worst == nil:
			worst = exitDenied
		}
	}
	return worst
}

// report is what check says about one file.
type report struct {
	File      string         `json:"file"`
	Namespace string         `json:"namespace"`
	Pod       string         `json:"pod,omitempty"`
	Container string         `json:"container,omitempty"`
	Outcome   policy.Outcome `json:"outcome"`
	Message   string         `json:"message,omitempty"`
	Policies  []string       `json:"policies"`

	Violations []policy.Violation  `json:"violations,omitempty"`
	Audit      []policy.Violation  `json:"audit,omitempty"`
	Changes    []policy.Adjustment `json:"changes,omitempty"`
	Diff       []ocispec.Change    `json:"diff,omitempty"`
}

func judge(set *policy.Set, file, namespace string) (report, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return report{}, errors.Unwrap(err)
	}
	sub, err := subjectFrom(data)
	if err != nil {
		return report{}, err
	}
	if sub.Pod.Namespace == "" {
		sub.Pod.Namespace = namespace
	}
	d := set.Evaluate(sub, policy.Final)
	r := report{
		File: file, Namespace: sub.Pod.Namespace, Pod: sub.Pod.Name, Container: sub.Container.Name,
		Outcome: d.Outcome(), Message: d.Message(), Policies: d.Policies,
		Violations: d.Violations, Audit: d.Audit,
	}
	if r.Outcome == policy.Adjusted {
		r.Changes = d.Adjustments
		r.Diff, err = ocispec.Diff(sub.Spec, d.Spec)
	}
	return r, err
}

func reporter(output string, w io.Writer) (func(report) error, error) {
	switch output {
	case "json":
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return func(r report) error { return enc.Encode(r) }, nil
	case "text":
		return func(r report) error { _, err := io.WriteString(w, r.text()); return err }, nil
	default:
		return nil, fmt.Errorf("output %q is not one of text, json", output)
	}
}

func (r report) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", r.File, r.Outcome)
	if len(r.Policies) == 0 {
		b.WriteString(" (no policy matches)")
	} else {
		fmt.Fprintf(&b, " (policies: %s)", strings.Join(r.Policies, ", "))
	}
	b.WriteByte('\n')
	for _, v := range r.Violations {
		fmt.Fprintf(&b, "  denied by %s: %s: %s\n", v.Policy, v.Rule, v.Finding)
	}
	for _, v := range r.Audit {
		fmt.Fprintf(&b, "  audit, %s: %s: %s\n", v.Policy, v.Rule, v.Finding)
	}
	for _, c := range r.Changes {
		fmt.Fprintf(&b, "  adjusted by %s: %s: %s\n", c.Policy, c.Rule, c.Change)
	}
	for _, d := range r.Diff {
		if d.Removed != "" {
			fmt.Fprintf(&b, "  - %s: %s\n", d.Path, d.Removed)
		}
		if d.Added != "" {
			fmt.Fprintf(&b, "  + %s: %s\n", d.Path, d.Added)
		}
	}
	return b.String()
}
