package policy

import (
	"maps"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// foreignFiles lists the files of cgroup v2 among those that the resources name
// which are more than a limit on the container. OCI runtimes write each name
// without a slash, as root and in the host's pid namespace: cgroup.procs takes
// any process of the host into the container's cgroup, and cgroup.freeze and
// cgroup.kill of an update stop or end it there.
//
// Source: opencontainers/cgroups, fs2 (setUnified); crun, src/libcrun/cgroup-resources.c
// (write_unified_resources); Linux, Documentation/admin-guide/cgroup-v2.rst.
func foreignFiles(r *specs.LinuxResources) []string {
	if r == nil || len(r.Unified) == 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(r.Unified)), isLimitFile)
}

// isLimitFile reports whether the file is a controller's, and about the processes
// of its cgroup alone. A partition of cpuset takes CPUs from others.
func isLimitFile(name string) bool {
	controller, rest, _ := strings.Cut(name, ".")
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_'
	}
	return slices.Contains([]string{"cpu", "cpuset", "dmem", "hugetlb", "io", "memory", "misc", "pids", "rdma"}, controller) &&
		rest != "" && !strings.ContainsFunc(rest, func(r rune) bool { return !plain(r) }) &&
		name != "cpuset.cpus.partition" && name != "cpuset.cpus.exclusive"
}

// fileFindings finds files that are more than limits.
func fileFindings(r *specs.LinuxResources) []Finding {
	files := foreignFiles(r)
	if len(files) == 0 {
		return nil
	}
	for i, name := range files {
		if name == "" {
			files[i] = "(unnamed)"
		} else if strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
			files[i] = "(with odd characters)"
		}
	}
	return []Finding{{Found: "cgroup file " + few(files) + " is set", Allowed: "limits of controllers, such as memory.high"}}
}

// cgroupFiles is the rule cgroupsPath for an update, which moves no container.
type cgroupFiles struct{ *CgroupsPath }

// Check finds files that are more than limits.
func (cgroupFiles) Check(s *Subject) []Finding { return fileFindings(resourcesOf(s)) }

func (c *CgroupsPath) ofUpdate() Rule { return cgroupFiles{c} }
