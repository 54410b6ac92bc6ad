package scope

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// hierarchies returns where the machine's cgroup hierarchies are mounted: one
// of version 2, which can hold and kill processes, and any of version 1.
func hierarchies() (v2 string, v1 []string, err error) {
	mounts, err := os.Open("/proc/self/mounts")
	if err != nil {
		return "", nil, fmt.Errorf("find cgroups: %w", err)
	}
	defer mounts.Close()
	lines := bufio.NewScanner(mounts)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		switch {
		case len(fields) < 3:
		case fields[2] == "cgroup2" && v2 == "":
			v2 = fields[1]
		case fields[2] == "cgroup":
			v1 = append(v1, fields[1])
		}
	}
	if err := lines.Err(); err != nil {
		return "", nil, fmt.Errorf("find cgroups: %w", err)
	}
	if v2 == "" {
		return "", nil, errors.New("find cgroups: no hierarchy of version 2 is mounted")
	}
	return v2, v1, nil
}

// cgroup is the scope's part of every hierarchy.
type cgroup struct {
	name    string
	daemons string   // for the scope's own processes, in the hierarchy of version 2
	all     []string // the scope's folder in every hierarchy
}

func newCgroup(name string) (cgroup, error) {
	v2, v1, err := hierarchies()
	if err != nil {
		return cgroup{}, err
	}
	c := cgroup{name: name, daemons: filepath.Join(v2, name, "daemons")}
	for _, mount := range append(v1, v2) {
		c.all = append(c.all, filepath.Join(mount, name))
	}
	if err := os.MkdirAll(c.daemons, 0o755); err != nil {
		return cgroup{}, fmt.Errorf("make cgroup: %w", err)
	}
	return c, nil
}
