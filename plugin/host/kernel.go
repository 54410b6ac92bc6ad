package host

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// RecursiveMountOptions asks the kernel whether it has mount_setattr(2).
func (h *Host) RecursiveMountOptions() bool {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return false
	}
	return atLeast(unix.ByteSliceToString(name.Release[:]), 5, 12)
}

// atLeast reports whether a kernel release, such as 6.1.0-13-amd64, is that version or
// later.
func atLeast(release string, major, minor int) bool {
	var have [2]int
	if n, err := fmt.Sscanf(release, "%d.%d", &have[0], &have[1]); err != nil || n != 2 {
		return false
	}
	return have[0] > major || have[0] == major && have[1] >= minor
}
