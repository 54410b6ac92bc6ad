package policy

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// swapFile is the limit of swap space in cgroup v2.
const swapFile = "memory.swap.max"

// swapOf gives the swap space that the container may use. The typed member is the
// sum of memory and swap; without a limit of memory all of that sum may be swap.
//
// Source: OCI runtime spec, config-linux.md, "Memory"; opencontainers/cgroups
// (ConvertMemorySwapToCgroupV2Value).
func swapOf(r *specs.LinuxResources) (int64, error) {
	if text, ok := r.Unified[swapFile]; ok {
		n, err := memoryResource{}.parse(strings.TrimSpace(text))
		if err != nil {
			return 0, fmt.Errorf("unified %s %q cannot be read", swapFile, text)
		}
		return n, nil
	}
	if r.Memory == nil {
		return unlimited, nil
	}
	total, memory := limitOf(r.Memory.Swap), typedMemory(r)
	switch {
	case total >= hugeMemory:
		return unlimited, nil
	case memory == unlimited:
		return total, nil
	default:
		return max(total-memory, 0), nil
	}
}

func typedMemory(r *specs.LinuxResources) int64 { return memoryResource{}.get(r) }

// changesSwap reports whether an update says anything of swap.
func changesSwap(r *specs.LinuxResources) bool {
	_, file := r.Unified[swapFile]
	return file || r.Memory != nil && r.Memory.Swap != nil && *r.Memory.Swap != 0
}

// check finds swap space that is too large.
func (l *SwapLimits) check(r *specs.LinuxResources) []Finding {
	if l.Max == nil {
		return nil
	}
	f := Finding{Allowed: "at most " + l.Max.String()}
	switch n, err := swapOf(r); {
	case err != nil:
		f.Found = err.Error()
	case n == unlimited:
		f.Found = "no swap limit"
		if !l.settable(r) {
			f.Fix = "set resources.limits.memory"
		}
	case n > int64(*l.Max):
		f.Found = fmt.Sprintf("swap limit %s is too high", Quantity(n))
	default:
		return nil
	}
	return []Finding{f}
}

// settable reports whether the limit can be written: OCI runtimes refuse the typed
// member without a limit of memory, and a file of cgroup v2 where cgroups are of
// version 1. A spec that names any such file is for version 2.
func (l *SwapLimits) settable(r *specs.LinuxResources) bool {
	return len(r.Unified) > 0 || typedMemory(r) != unlimited
}

// adjust lowers the limit to the maximum, where it can be written.
func (l *SwapLimits) adjust(r *specs.LinuxResources) []string {
	if len(l.check(r)) == 0 || !l.settable(r) {
		return nil
	}
	most := min(int64(*l.Max), hugeMemory-1)
	memory := typedMemory(r)
	if memory != unlimited {
		r.Memory.Swap = new(min(limitOf(r.Memory.Swap), memory+most, hugeMemory-1))
	}
	if _, file := r.Unified[swapFile]; file || memory == unlimited {
		r.Unified[swapFile] = strconv.FormatInt(most, 10)
	}
	return []string{"set swap limit to " + l.Max.String()}
}
