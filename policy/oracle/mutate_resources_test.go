package oracle

import (
	"math"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
)

func resourceMutations() []mutation {
	return []mutation{
		{"device rule", func(c *choice, s *specs.Spec) {
			r := s.Linux.Resources
			r.Devices = slices.Insert(r.Devices, c.n(len(r.Devices)+1), specs.LinuxDeviceCgroup{
				Allow: c.n(3) > 0, Type: pick(c, "b", "c", "a", "", "u"), Access: pick(c, "rwm", "rw", "r", "w", "m", "mr"),
				Major: pick(c, nil, new(int64(8)), new(int64(1)), new(int64(10)), new(int64(254)), new(int64(-1)), new(int64(195))),
				Minor: pick(c, nil, new(int64(0)), new(int64(1)), new(int64(3)), new(int64(229)), new(int64(-1))),
			})
		}},
		{"device rules gone", func(_ *choice, s *specs.Spec) { s.Linux.Resources.Devices = nil }},
		{"device rules swapped", func(c *choice, s *specs.Spec) {
			if d := s.Linux.Resources.Devices; len(d) > 0 {
				a, b := c.n(len(d)), c.n(len(d))
				d[a], d[b] = d[b], d[a]
			}
		}},
		{"device node", func(c *choice, s *specs.Spec) {
			s.Linux.Devices = append(s.Linux.Devices, specs.LinuxDevice{
				Path: pick(c, "/dev/sda", "/dev/null", "/dev/../etc/x", "/dev/fuse", "/dev/kvm", "/dev/tty", "/dev/dri/renderD128", "/etc/shadow", "/dev/net/tun"),
				Type: pick(c, "b", "c", "u", "p"), Major: pick[int64](c, 8, 1, 10, 5, 226), Minor: pick[int64](c, 0, 3, 229, 232, 200, 128),
			})
		}},
		{"memory", func(c *choice, s *specs.Spec) {
			s.Linux.Resources.Memory = pick(c, nil, &specs.LinuxMemory{}, &specs.LinuxMemory{
				Limit: new(pick[int64](c, -1, 0, 1<<20, 1<<28, 1<<40, noPages, math.MaxInt64)), Swap: pick(c, nil, new(int64(-1)), new(int64(1<<28)), new(int64(1<<20))),
			})
		}},
		{"cpu", func(c *choice, s *specs.Spec) {
			s.Linux.Resources.CPU = pick(c, nil, &specs.LinuxCPU{}, &specs.LinuxCPU{
				Quota:  pick(c, nil, new(int64(-1)), new(int64(0)), new(int64(1000)), new(int64(50000)), new(int64(500)), new(int64(1<<40))),
				Period: pick(c, nil, new(uint64(0)), new(uint64(100000)), new(uint64(1000)), new(uint64(999)), new(uint64(1e7))),
				Burst:  pick(c, nil, new(uint64(100)), new(uint64(1e9))),
			})
		}},
		{"processes", func(c *choice, s *specs.Spec) {
			s.Linux.Resources.Pids = pick(c, nil, &specs.LinuxPids{}, &specs.LinuxPids{Limit: new(pick[int64](c, -1, 0, 1, 100, 1e6))})
		}},
		{"cgroup's file", func(c *choice, s *specs.Spec) {
			r := s.Linux.Resources
			if r.Unified == nil {
				r.Unified = make(map[string]string)
			}
			r.Unified[pick(c, "memory.max", "cpu.max", "pids.max", "memory.high", "memory.swap.max", "cgroup.procs", "cgroup.kill")] =
				pick(c, "max", "1048576", "max 100000", "50000 100000", "50000", "0", " 5 ", "-1", "9223372036854775807", "1G", "")
		}},
		{"no resources", func(_ *choice, s *specs.Spec) { s.Linux.Resources = &specs.LinuxResources{} }},
	}
}
