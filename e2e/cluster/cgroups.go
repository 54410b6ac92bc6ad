package cluster

import (
	"fmt"
	"os"
	"path/filepath"
)

// makeCgroups makes the kubelet's root cgroup in every hierarchy. In one of
// cpusets (version 1) nothing can run before it has some of its parent's.
func (c *Cluster) makeCgroups() error {
	for _, group := range c.scope.Cgroups() {
		if err := os.MkdirAll(group, 0o755); err != nil {
			return fmt.Errorf("make cgroup: %w", err)
		}
		for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
			parent, err := os.ReadFile(filepath.Join(filepath.Dir(group), name))
			if err != nil {
				continue // not a hierarchy of cpusets, or one of version 2
			}
			if err := os.WriteFile(filepath.Join(group, name), parent, 0o644); err != nil {
				return fmt.Errorf("make cgroup: %w", err)
			}
		}
	}
	return nil
}
