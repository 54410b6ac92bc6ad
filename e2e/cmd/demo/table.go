package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/specguard/specguard/e2e/cri"
)

// show prints the table, and the denials below it.
func show(w io.Writer, results []result) error {
	fmt.Fprintln(w, "\nWhat the kernel reports inside each container, for the main process and for a process that exec starts:")
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "CONTAINER\tASKED FOR\tRESULT\tPROCESS\tUID\tCAPEFF\tNONEWPRIVS\tSECCOMP\tROOTFS\t/TMP")
	for _, r := range results {
		if r.main == nil {
			fmt.Fprintf(t, "%s\t%s\t%s\t-\t-\t-\t-\t-\t-\t-\n", r.name, r.asked, r.outcome)
			continue
		}
		fmt.Fprintf(t, "%s\t%s\t%s\tmain\t%s\n", r.name, r.asked, r.outcome, columns(*r.main))
		fmt.Fprintf(t, "\t\t\texec\t%s\n", columns(*r.exec))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if slices.ContainsFunc(results, func(r result) bool { return r.denial != "" }) {
		fmt.Fprintln(w, "\nError messages of the denied containers:")
		fmt.Fprintln(w)
	}
	for _, r := range results {
		if r.denial != "" {
			fmt.Fprintf(w, "%s:\n  %s\n", r.name, r.denial)
		}
	}
	return nil
}

func columns(t cri.Truth) string {
	root := writable(!t.RootReadOnly())
	return fmt.Sprintf("%d\t%s\t%s\t%s\t%s\t%s", t.UID, capabilities(t.Effective), yes(t.NoNewPrivs), seccomp(t.Seccomp), root,
		writable(t.TmpWritable))
}

func writable(b bool) string {
	if b {
		return "writable"
	}
	return "read-only"
}

func capabilities(c cri.Caps) string {
	if c == 0 {
		return "none"
	}
	return fmt.Sprintf("%016x", uint64(c))
}

func seccomp(mode int) string {
	if mode == 2 {
		return "filter"
	}
	return "off"
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func indent(s string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n    ") + "\n"
}
