package scope

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Memory is how much memory a process holds, in bytes.
type Memory struct {
	RSS  int64 // all that is resident, shared program text included
	Anon int64 // its own part
	Peak int64 // the most that was resident
}

// Memory reads the process's memory from the kernel.
func (p *Process) Memory() (Memory, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	if err != nil {
		return Memory{}, fmt.Errorf("memory of a process: %w", err)
	}
	var m Memory
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(line, ":")
		kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch key {
		case "VmRSS":
			m.RSS = kib << 10
		case "RssAnon":
			m.Anon = kib << 10
		case "VmHWM":
			m.Peak = kib << 10
		}
	}
	if m.RSS == 0 {
		return Memory{}, fmt.Errorf("memory of a process: process %d has ended", p.PID())
	}
	return m, nil
}
