package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"k8s.io/pod-security-admission/api"

	"github.com/specguard/specguard/e2e/conformance"
)

// report is what came out for a level.
type report struct {
	level   api.Level
	pods    []conformance.Pod
	results []conformance.Comparison // of each pod
	count   map[conformance.Kind]int
}

// compare judges the pods, which are in the files.
func compare(ctx context.Context, binary string, level api.Level, pods []conformance.Pod, files []string) (*report, error) {
	standard, err := conformance.NewStandard(level, api.LatestVersion())
	if err != nil {
		return nil, err
	}
	answers, err := conformance.Check(ctx, binary, string(level), files)
	if err != nil {
		return nil, err
	}
	r := &report{level: level, pods: pods, count: make(map[conformance.Kind]int)}
	for i, p := range pods {
		answer := answers[files[i]]
		answer.Message = strings.ReplaceAll(answer.Message, files[i], "the object")
		c := standard.Compare(p.Pod, answer)
		r.results = append(r.results, c)
		r.count[c.Kind()]++
	}
	return r, nil
}

func (r *report) print(out io.Writer, verbose bool) {
	both := make(map[bool]int) // by whether Kubernetes allows
	why := make(map[conformance.Kind]map[string]int)
	for i, c := range r.results {
		kind := c.Kind()
		if kind == conformance.Agree {
			both[c.Allowed]++
		}
		for _, reason := range c.Reasons() {
			if why[kind] == nil {
				why[kind] = make(map[string]int)
			}
			why[kind][reason]++
		}
		if kind == conformance.Agree && !verbose {
			continue
		}
		for _, d := range c.Differences {
			fmt.Fprintf(out, "  %s: %s: %s: %s", r.level, kind, r.pods[i].Name, d)
			if d.Reason != "" {
				fmt.Fprintf(out, " (%s)", d.Reason)
			}
			fmt.Fprintln(out)
		}
	}
	fmt.Fprintf(out, "%s: %d agree (%d allowed, %d denied), %d not visible, %d stricter, %d disagree\n", r.level,
		r.count[conformance.Agree], both[true], both[false],
		r.count[conformance.NotVisible], r.count[conformance.Stricter], r.count[conformance.Disagree])
	printReasons(out, "not visible", why[conformance.NotVisible])
	printReasons(out, "stricter", why[conformance.Stricter])
	printReasons(out, "agree, but not in each control", why[conformance.Agree])
}

func printReasons(out io.Writer, about string, count map[string]int) {
	for _, reason := range slices.Sorted(maps.Keys(count)) {
		fmt.Fprintf(out, "  %s: %d: %s\n", about, count[reason], reason)
	}
}
