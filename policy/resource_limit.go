package policy

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// unlimited is the value of a limit that is missing. The kernel's own words
// for it are so large as well.
const unlimited = math.MaxInt64

// limit is what a rule says of one resource.
type limit struct {
	resource
	name     string
	unified  string // its file in cgroup v2
	def, max int64  // 0 where not given
	required bool
	format   func(int64) string
}

// resource reads and writes a limit in an OCI spec.
type resource interface {
	// typed gives the spec's member for the limit; nil where it is missing.
	typed(*specs.LinuxResources) *int64

	// get gives the limit that the typed members make.
	get(*specs.LinuxResources) int64

	// set sets the typed members.
	set(*specs.LinuxResources, int64)

	// parse reads the limit as it is written in cgroup v2.
	parse(string) (int64, error)

	// text writes the limit that the typed members make, as in cgroup v2.
	text(*specs.LinuxResources) string

	// requested gives what the spec shows of the pod's request; 0 for nothing.
	requested(*specs.LinuxResources) int64
}

// wanted reports whether the rule says anything of the resource.
func (l limit) wanted() bool { return l.required || l.max > 0 || l.def > 0 }

// value gives the limit that will be in force.
func (l limit) value(r *specs.LinuxResources) (int64, error) {
	text, ok := r.Unified[l.unified]
	if !ok {
		return l.get(r), nil
	}
	n, err := l.parse(strings.TrimSpace(text))
	if err != nil {
		return 0, fmt.Errorf("unified %s %q cannot be read", l.unified, text)
	}
	return n, nil
}

func (l limit) check(r *specs.LinuxResources) []Finding {
	if !l.wanted() {
		return nil
	}
	n, err := l.value(r)
	switch {
	case err != nil:
		return []Finding{{Found: err.Error(), Allowed: l.allowed(), Fix: l.fix()}}
	case n == unlimited:
		return []Finding{{Found: "no " + l.name + " limit", Allowed: l.allowed(), Fix: l.fix()}}
	case l.max > 0 && n > l.max:
		return []Finding{{Found: fmt.Sprintf("%s limit %s is too high", l.name, l.format(n)), Allowed: l.allowed(), Fix: l.fix()}}
	}
	return nil
}

func (l limit) allowed() string {
	if l.max > 0 {
		return "at most " + l.format(l.max)
	}
	return "any limit"
}

// fix is what the pod's author writes; a pod has no field for pids.
func (l limit) fix() string {
	switch {
	case l.name == "pids":
		return ""
	case l.max > 0:
		return fmt.Sprintf("set resources.limits.%s to at most %s", l.name, l.format(l.max))
	default:
		return "set resources.limits." + l.name
	}
}

// adjust lowers the limit, or sets it to what is given where there is none, but not below the
// request.
func (l limit) adjust(r *specs.LinuxResources, given allowance) []string {
	n := l.get(r)
	if n == unlimited && given.def < unlimited {
		n = min(max(given.def, l.requested(r)), given.max)
	}
	if l.max > 0 {
		n = min(n, l.max)
	}
	if n == unlimited {
		return nil
	}
	delete(r.Unified, l.unified)
	if n < l.get(r) {
		l.set(r, n)
	}
	return []string{"set " + l.name + " limit to " + l.format(l.get(r))}
}

// limitOf reads a typed limit: missing, 0 and negative ones are none.
func limitOf(n *int64) int64 {
	if n == nil || *n <= 0 {
		return unlimited
	}
	return *n
}

// parseMax reads a number of cgroup v2, or "max".
func parseMax(text string) (int64, error) {
	if text == "max" {
		return unlimited, nil
	}
	n, err := strconv.ParseUint(text, 10, 63)
	return int64(n), err
}

// memoryResource is memory in bytes.
type memoryResource struct{}

// hugeMemory is above what any node has: cgroup v1 shows such numbers where
// there is no limit.
const hugeMemory = 1 << 62

func (memoryResource) typed(r *specs.LinuxResources) *int64 {
	if r.Memory == nil {
		return nil
	}
	return r.Memory.Limit
}

func (m memoryResource) get(r *specs.LinuxResources) int64 {
	if n := limitOf(m.typed(r)); n < hugeMemory {
		return n
	}
	return unlimited
}

// set also sets the sum of memory and swap, where there is one: cgroup v1
// wants it no lower than the limit.
func (memoryResource) set(r *specs.LinuxResources, n int64) {
	if r.Memory == nil {
		r.Memory = &specs.LinuxMemory{}
	}
	if swap := r.Memory.Swap; swap != nil && *swap != 0 {
		n = min(n, limitOf(swap))
		r.Memory.Swap = new(n)
	}
	r.Memory.Limit = new(n)
}

func (memoryResource) parse(text string) (int64, error) {
	n, err := parseMax(text)
	if n >= hugeMemory {
		n = unlimited
	}
	return n, err
}

func (m memoryResource) text(r *specs.LinuxResources) string {
	return strconv.FormatInt(m.get(r), 10)
}

// pidsResource is a number of processes and threads.
type pidsResource struct{}

func (pidsResource) typed(r *specs.LinuxResources) *int64 {
	if r.Pids == nil {
		return nil
	}
	return r.Pids.Limit
}

func (p pidsResource) get(r *specs.LinuxResources) int64 { return limitOf(p.typed(r)) }

func (pidsResource) set(r *specs.LinuxResources, n int64) {
	if r.Pids == nil {
		r.Pids = &specs.LinuxPids{}
	}
	r.Pids.Limit = new(n)
}

func (pidsResource) parse(text string) (int64, error) { return parseMax(text) }

func (p pidsResource) text(r *specs.LinuxResources) string { return strconv.FormatInt(p.get(r), 10) }

// cpuResource is CPU time in thousandths of a CPU, rounded up.
type cpuResource struct{}

// What the kernel knows of a CPU's bandwidth, in microseconds (Linux,
// Documentation/scheduler/sched-bwc.rst).
const (
	defaultPeriod = 100_000
	minPeriod     = 1_000
	maxPeriod     = 1_000_000
	minQuota      = 1_000
)

func (cpuResource) typed(r *specs.LinuxResources) *int64 {
	if r.CPU == nil {
		return nil
	}
	return r.CPU.Quota
}

func (c cpuResource) get(r *specs.LinuxResources) int64 {
	if r.CPU == nil {
		return unlimited
	}
	return share(limitOf(c.typed(r)), periodOf(r.CPU))
}

// set keeps the period where the kernel takes it, with the quota that comes of
// it; a very small share needs a longer one.
func (cpuResource) set(r *specs.LinuxResources, n int64) {
	if r.CPU == nil {
		r.CPU = &specs.LinuxCPU{}
	}
	period := periodOf(r.CPU)
	if period < minPeriod || period > maxPeriod {
		period = defaultPeriod
	}
	if n*int64(period) < minQuota*1000 {
		period = maxPeriod
	}
	quota := n * int64(period) / 1000
	r.CPU.Quota, r.CPU.Period = new(quota), new(period)
	if r.CPU.Burst != nil { // the kernel takes no burst above the quota
		r.CPU.Burst = new(min(*r.CPU.Burst, uint64(quota)))
	}
}

// parse wants the period too: the kernel would keep the one that is in force.
func (cpuResource) parse(text string) (int64, error) {
	quota, period, two := strings.Cut(text, " ")
	q, err := parseMax(quota)
	switch {
	case err == nil && q == unlimited && !two:
		return unlimited, nil
	case err == nil && !two:
		return 0, errors.New("it has no period")
	case err != nil:
		return 0, err
	}
	p, err := strconv.ParseUint(strings.TrimSpace(period), 10, 63)
	return share(q, max(p, 1)), err
}

func (cpuResource) text(r *specs.LinuxResources) string {
	return fmt.Sprintf("%d %d", *r.CPU.Quota, periodOf(r.CPU))
}

func periodOf(c *specs.LinuxCPU) uint64 {
	if c.Period == nil || *c.Period == 0 {
		return defaultPeriod
	}
	return *c.Period
}

// share is quota/period in thousandths, rounded up.
func share(quota int64, period uint64) int64 {
	if quota == unlimited {
		return unlimited
	}
	hi, lo := bits.Mul64(uint64(quota), 1000)
	if hi >= period {
		return unlimited
	}
	n, rest := bits.Div64(hi, lo, period)
	if rest > 0 {
		n++
	}
	return int64(min(n, unlimited))
}
