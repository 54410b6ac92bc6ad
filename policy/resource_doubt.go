package policy

import "github.com/specguard/specguard/internal/strict"

const (
	// mostPids is the most processes that a kernel can have, and the largest limit that it takes.
	//
	// Source: Linux, include/linux/threads.h (PID_MAX_LIMIT); kernel/cgroup/pids.c.
	mostPids = 4 << 20

	// mostCPUs is the most processors that a kernel can have, in thousandths.
	//
	// Source: Linux, arch/x86/Kconfig and others (NR_CPUS).
	mostCPUs = 8192 * 1000

	// leastMemory is one page: whoever writes less means a unit.
	leastMemory = 4 << 10

	// leastContainer is less memory than any container needs to start.
	leastContainer = 1 << 20
)

// Warnings tells of limits that nothing is above, and of those with which nothing can run.
func (r *Resources) Warnings() []error {
	most := map[string]int64{"memory": hugeMemory, "cpu": mostCPUs, "pids": mostPids}
	var out []error
	for _, l := range r.limits() {
		if l.max >= most[l.name] {
			out = append(out, strict.Field(l.name, "max %s is more than any node has: the rule only denies a container without a limit (write "+
				"required: true)", l.format(l.max)))
		}
		if l.name != "memory" {
			continue
		}
		for _, n := range []int64{l.def, l.max} {
			if n > 0 && n < leastContainer {
				out = append(out, strict.Field(l.name, "no container can run with %s bytes (write a unit, such as Mi)", l.format(n)))
			}
		}
	}
	for _, l := range []struct {
		name string
		max  *Size
	}{{"swap", r.Swap.Max}, {"hugepages", r.Hugepages.Max}} {
		switch {
		case l.max == nil:
		case *l.max >= hugeMemory:
			out = append(out, strict.Field(l.name, "max %s is more than any node has", l.max))
		case *l.max > 0 && *l.max < leastMemory:
			out = append(out, strict.Field(l.name, "max %s is less than one page (write 0, or a unit such as Mi)", l.max))
		}
	}
	return out
}
