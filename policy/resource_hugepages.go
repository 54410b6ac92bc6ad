package policy

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// hugepageFile reports whether the file of cgroup v2 is a limit of huge pages, and of
// which size.
//
// Source: Linux, Documentation/admin-guide/cgroup-v2.rst, "HugeTLB".
func hugepageFile(name string) (size string, ok bool) {
	rest, ok := strings.CutPrefix(name, "hugetlb.")
	if !ok || !strings.HasSuffix(rest, ".max") {
		return "", false
	}
	size, _, _ = strings.Cut(rest, ".")
	return size, true
}

// check finds limits of huge pages that are too high.
func (l *HugepageLimits) check(r *specs.LinuxResources) []Finding {
	if l.Max == nil {
		return nil
	}
	var out []Finding
	find := func(format string, args ...any) {
		out = append(out, Finding{Found: fmt.Sprintf(format, args...), Allowed: "at most " + l.Max.String(),
			Fix: "lower the huge pages in resources.limits"})
	}
	for _, h := range r.HugepageLimits {
		if h.Limit > uint64(*l.Max) {
			find("limit %s of huge pages of %s is too high", hugepageText(h.Limit), h.Pagesize)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Unified)) {
		size, ok := hugepageFile(name)
		if !ok {
			continue
		}
		switch n, err := parseMax(strings.TrimSpace(r.Unified[name])); {
		case err != nil:
			find("unified %s %q cannot be read", name, r.Unified[name])
		case n > int64(*l.Max):
			find("limit %s of huge pages of %s is too high", hugepageText(uint64(n)), size)
		}
	}
	return out
}

// hugepageText writes a limit; one above all that is possible is none.
func hugepageText(n uint64) string {
	if n >= unlimited {
		return "unlimited"
	}
	return Quantity(n).String()
}

// adjust lowers the limits that are too high.
func (l *HugepageLimits) adjust(r *specs.LinuxResources) []string {
	if l.Max == nil {
		return nil
	}
	var done []string
	lowered := func(size string) {
		done = append(done, fmt.Sprintf("set limit of huge pages of %s to %s", size, l.Max))
	}
	for i := range r.HugepageLimits {
		if h := &r.HugepageLimits[i]; h.Limit > uint64(*l.Max) {
			h.Limit = uint64(*l.Max)
			lowered(h.Pagesize)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Unified)) {
		size, ok := hugepageFile(name)
		if !ok {
			continue
		}
		if n, err := parseMax(strings.TrimSpace(r.Unified[name])); err != nil || n > int64(*l.Max) {
			r.Unified[name] = strconv.FormatInt(int64(*l.Max), 10)
			lowered(size)
		}
	}
	return done
}
