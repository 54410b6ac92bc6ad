package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/specguard/specguard/e2e/scope"
)

// report is what a run found.
type report struct {
	Runtime    string `json:"runtime"`
	Containers int    `json:"containersPerCondition"`
	Rows       []row  `json:"rows"`

	// Calls are calls of the OCI runtime.
	Calls []call `json:"calls"`
	Agent struct {
		BinaryBytes  int64 `json:"binaryBytes"`
		WrapperBytes int64 `json:"wrapperBytes"`
		RSSBytes     int64 `json:"rssBytes"`
		RSSAnonBytes int64 `json:"rssAnonBytes"`
	} `json:"agent"`
}

// row is one phase under one condition.
type row struct {
	Condition  string  `json:"condition"`
	Phase      string  `json:"phase"`
	P50        float64 `json:"p50Milliseconds"`
	P95        float64 `json:"p95Milliseconds"`
	P50Plain   float64 `json:"p50ToNoPlugin"`
	P95Plain   float64 `json:"p95ToNoPlugin"`
	P50Nothing float64 `json:"p50ToDoNothing"`
	P95Nothing float64 `json:"p95ToDoNothing"`

	P50Hardened float64 `json:"p50ToHardened"`
	P95Hardened float64 `json:"p95ToHardened"`

	// P50Before is to the earlier programs, P50Host to containers that mount the
	// host without a plugin; 0 where that does not apply.
	P50Before float64 `json:"p50ToBefore,omitempty"`
	P50Host   float64 `json:"p50ToNoPluginHostPath,omitempty"`
}

func newReport(o options, conditions []*condition, binary int64, memory scope.Memory) *report {
	r := &report{Runtime: o.release.String(), Containers: o.count}
	r.Agent.BinaryBytes, r.Agent.RSSBytes, r.Agent.RSSAnonBytes = binary, memory.RSS, memory.Anon
	for _, phase := range []string{"create", "start", "create+start"} {
		first := len(r.Rows)
		for _, c := range conditions {
			times := c.times(phase)
			r.Rows = append(r.Rows, row{
				Condition: c.name, Phase: phase,
				P50: percentile(times, 50), P95: percentile(times, 95),
			})
		}
		rows := map[string]row{}
		for _, x := range r.Rows[first:] {
			rows[x.Condition] = x
		}
		plain, nothing, hardened := rows[noPlugin], rows[nothing], rows[hardened]
		for i := first; i < len(r.Rows); i++ {
			x := &r.Rows[i]
			x.P50Plain, x.P95Plain = x.P50/plain.P50, x.P95/plain.P95
			x.P50Nothing, x.P95Nothing = x.P50/nothing.P50, x.P95/nothing.P95
			x.P50Hardened, x.P95Hardened = x.P50/hardened.P50, x.P95/hardened.P95
			kind := strings.TrimPrefix(x.Condition, strings.TrimSuffix(x.Condition, ofHost))
			if old, ok := rows[before+kind]; ok && x.Condition == specguard+kind {
				x.P50Before = x.P50 / old.P50
			}
			if host, ok := rows[noPlugin+ofHost]; ok && kind != "" {
				x.P50Host = x.P50 / host.P50
			}
		}
	}
	return r
}

// times returns the times of a phase, sorted.
func (c *condition) times(phase string) []time.Duration {
	times := make([]time.Duration, len(c.create))
	for i := range times {
		if phase != "start" {
			times[i] += c.create[i]
		}
		if phase != "create" {
			times[i] += c.start[i]
		}
	}
	slices.Sort(times)
	return times
}

// percentile returns the nearest-rank percentile of sorted times, in
// milliseconds.
func percentile(sorted []time.Duration, p int) float64 {
	if len(sorted) == 0 {
		return 0
	}
	rank := (len(sorted)*p + 99) / 100
	return float64(sorted[max(rank, 1)-1]) / float64(time.Millisecond)
}

// ratio is a ratio in words; nothing where it does not apply.
func ratio(x float64) string {
	if x == 0 {
		return ""
	}
	return fmt.Sprintf("%.3f", x)
}

func (r *report) print(w io.Writer) {
	fmt.Fprintf(w, "%s, %d containers per condition, alternating between the nodes\n"+
		"(hardened: the containers ask by themselves for what specguard adjusts)\n\n", r.Runtime, r.Containers)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "phase\tcondition\tp50 ms\tp95 ms\tp50/no plugin\tp95/no "+
		"plugin\tp50/do-nothing\tp95/do-nothing\tp50/hardened\tp95/hardened\tp50/before\tp50/host path\t")
	for _, x := range r.Rows {
		fmt.Fprintf(t, "%s\t%s\t%.1f\t%.1f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%s\t%s\t\n",
			x.Phase, x.Condition, x.P50, x.P95, x.P50Plain, x.P95Plain, x.P50Nothing, x.P95Nothing, x.P50Hardened, x.P95Hardened,
			ratio(x.P50Before), ratio(x.P50Host))
	}
	t.Flush()
	fmt.Fprintf(w, "\nruncs called directly and through specguard-runtime, alternating\n\n")
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "call\trunc p50 ms\twrapped p50 ms\tadded ms\twrapped/runc\t")
	for _, c := range r.Calls {
		fmt.Fprintf(t, "%s\t%.1f\t%.1f\t%.1f\t%.3f\t\n", c.Name, c.P50, c.P50Wrapped, c.P50Wrapped-c.P50, c.P50Wrapped/c.P50)
	}
	t.Flush()
	const mib = 1 << 20
	fmt.Fprintf(w, "\nspecguard-runtime: binary %.1f MiB\nagent: binary %.1f MiB, after the containers VmRSS %.1f MiB, RssAnon %.1f MiB\n",
		float64(r.Agent.WrapperBytes)/mib, float64(r.Agent.BinaryBytes)/mib, float64(r.Agent.RSSBytes)/mib, float64(r.Agent.RSSAnonBytes)/mib)
}
