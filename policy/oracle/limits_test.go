package oracle

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// limits are what a container may have of the node; infinite where there is none.
type limits struct{ memory, cpu, pids float64 }

// limitsOf reads them: a file of cgroup v2 that is named is written last.
func limitsOf(r *specs.LinuxResources) limits {
	l := limits{math.Inf(1), math.Inf(1), math.Inf(1)}
	if r.Memory != nil {
		l.memory = amount(r.Memory.Limit)
	}
	if c := r.CPU; c != nil {
		period := 100_000.0
		if c.Period != nil && *c.Period > 0 {
			period = float64(*c.Period)
		}
		l.cpu = amount(c.Quota) / period
	}
	if r.Pids != nil {
		l.pids = amount(r.Pids.Limit)
	}
	if text, ok := r.Unified["memory.max"]; ok {
		l.memory = written(text)
	}
	if text, ok := r.Unified["pids.max"]; ok {
		l.pids = written(text)
	}
	if text, ok := r.Unified["cpu.max"]; ok {
		quota, period, two := strings.Cut(strings.TrimSpace(text), " ")
		l.cpu = written(quota) / 100_000
		if n := written(period); two {
			l.cpu = written(quota) / n
		}
		if written(quota) < 1_000 { // less than the kernel takes
			l.cpu = math.NaN()
		}
	}
	return l
}

func amount(n *int64) float64 {
	if n == nil || *n <= 0 || *n >= noPages {
		return math.Inf(1)
	}
	return float64(*n)
}

// noPages is a number of bytes that no machine has: half of what the kernel takes
// for no limit.
const noPages = 1 << 62

// written is the number that a file of the cgroup is given; "max" is none. NaN is
// what the kernel does not take, or what may be read in another way: nothing can be
// said about the limit.
func written(text string) float64 {
	text = strings.TrimSpace(text)
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case text == "max" || err == nil && n >= noPages:
		return math.Inf(1)
	case err != nil || n < 0:
		return math.NaN()
	default:
		return float64(n)
	}
}

// plainText reports whether text that is written to a file of the cgroup is as the
// kernel shows it.
var plainText = regexp.MustCompile(`^(max|[0-9]+)( [0-9]+)?$`)

// unlimited adds what there is no limit for.
func (s *state) unlimited() {
	for name, n := range map[string]float64{"memory": s.limits.memory, "CPU": s.limits.cpu, "processes": s.limits.pids} {
		if math.IsInf(n, 1) {
			s.add(noLimit, name)
		}
	}
}

// leastCPU is what the smallest quota with the largest period gives.
const leastCPU = 0.01

// above lists the limits that are higher than before.
func (l limits) above(before limits) []string {
	var out []string
	for _, c := range []struct {
		name          string
		before, after float64
	}{{"memory", before.memory, l.memory}, {"CPU", before.cpu, l.cpu}, {"processes", before.pids, l.pids}} {
		if c.after > c.before && !(c.name == "CPU" && c.after <= leastCPU) {
			out = append(out, fmt.Sprintf("limit of %s: %g, was %g", c.name, c.after, c.before))
		}
	}
	return out
}
