package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// usage is what a process has used: of CPU time, and of memory (VmRSS) in
// bytes.
type usage struct {
	cpu time.Duration
	rss int64
}

// ticks is how many clock ticks a second has in /proc (proc_pid_stat(5)): 100 on
// every Linux of today.
const ticks = 100

// usage is that of the agent, which runs in a container of the cluster.
func (m *measurement) usage() (usage, error) {
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return usage{}, err
	}
	ours := filepath.Base(m.Cgroups()[0])
	for _, file := range files {
		dir := filepath.Dir(file)
		command, _ := os.ReadFile(file)                         // a process may end meanwhile
		cgroups, _ := os.ReadFile(filepath.Join(dir, "cgroup")) // the same
		if strings.HasPrefix(string(command), "/usr/local/bin/specguard\x00run\x00") && strings.Contains(string(cgroups), ours) {
			return usageOf(dir)
		}
	}
	return usage{}, fmt.Errorf("no agent runs")
}

func usageOf(dir string) (usage, error) {
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return usage{}, err
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest) // from the third on
	if len(fields) < 22 {
		return usage{}, fmt.Errorf("%s/stat: %q", dir, stat)
	}
	var n [3]int64
	for i, at := range []int{11, 12, 21} { // utime, stime, rss
		if n[i], err = strconv.ParseInt(fields[at], 10, 64); err != nil {
			return usage{}, err
		}
	}
	return usage{cpu: time.Duration(n[0]+n[1]) * time.Second / ticks, rss: n[2] * int64(os.Getpagesize())}, nil
}
