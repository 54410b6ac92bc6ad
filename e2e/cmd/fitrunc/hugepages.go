package main

import (
	"encoding/json"
	"os"
	"strings"
)

// hasHugePages is whether cgroups can limit huge pages here: a hierarchy of
// version 1 for it, or a controller of version 2.
func hasHugePages() bool {
	mounts, _ := os.ReadFile("/proc/self/mounts")
	for line := range strings.Lines(string(mounts)) {
		fields := strings.Fields(line)
		if len(fields) > 3 && fields[2] == "cgroup" && strings.Contains(fields[3], "hugetlb") {
			return true
		}
	}
	controllers, _ := os.ReadFile("/sys/fs/cgroup/cgroup.controllers") // version 2 alone has it there
	return strings.Contains(string(controllers), "hugetlb")
}

// noHugePages takes the limits of huge pages out of resources.
func noHugePages(resources json.RawMessage) (json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(resources, &fields); err != nil {
		return nil, err
	}
	if _, ok := fields["hugepageLimits"]; !ok {
		return resources, nil
	}
	delete(fields, "hugepageLimits")
	return json.Marshal(fields)
}
