package policy

import (
	"fmt"

	"github.com/opencontainers/runtime-spec/specs-go"
	"pgregory.net/rapid"
)

func drawDevices(t *rapid.T, _ Action) []string {
	volumes := fmt.Sprintf("allowVolumeDevices: %v", rapid.Bool().Draw(t, "volume devices"))
	return []string{volumes, "allowed: " + flow(some(t, "device",
		"{path: /dev/fuse, driver: fuse}", `{path: "/dev/nvidia*", driver: uvm, access: `+pick(t, "uvm", "r", "rwm")+"}",
		"{path: /dev/fuse, major: 10, minor: 229, access: "+pick(t, "fuse", "r", "rw", "rwm")+"}",
		`{path: "/dev/nvidia*", access: rw}`,
		"{path: /dev/sda, type: b, major: 8}")...)}
}

// drawDevicesEdit makes nodes and rules of a few devices, in any order.
func drawDevicesEdit(t *rapid.T) option {
	types := []string{"", "a", "b", "c", "c", "u"}
	return func(s *specs.Spec) {
		for range rapid.IntRange(0, 3).Draw(t, "nodes") {
			s.Linux.Devices = append(s.Linux.Devices, specs.LinuxDevice{
				Path:  pick(t, "device path", "/dev/fuse", "/dev/nvidia0", "/dev/sda", "/dev/null", "/dev/x/../fuse"),
				Type:  pick(t, "device type", types[1:]...),
				Major: pick[int64](t, "device major", 10, 8, 1, -1), Minor: pick[int64](t, "device minor", 229, 3, 0),
			})
		}
		for range rapid.IntRange(0, 4).Draw(t, "device rules") {
			s.Linux.Resources.Devices = append(s.Linux.Resources.Devices, specs.LinuxDeviceCgroup{
				Allow: rapid.Bool().Draw(t, "allow"), Type: pick(t, "type", types...),
				Major:  pick(t, "major", nil, new(int64(-1)), new(int64(8)), new(int64(10))),
				Minor:  pick(t, "minor", nil, new(int64(0)), new(int64(229))),
				Access: pick(t, "access", "rwm", "rw", "r", "m", ""),
			})
		}
	}
}
