package scope

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// CanOverlay is whether the folder's filesystem can carry an overlay.
func CanOverlay(dir string) bool {
	probe, err := os.MkdirTemp(dir, "overlay-")
	if err != nil {
		return false
	}
	defer os.RemoveAll(probe)
	var at []string
	for _, name := range []string{"lower", "upper", "work", "merged"} {
		path := filepath.Join(probe, name)
		if err := os.Mkdir(path, 0o755); err != nil {
			return false
		}
		at = append(at, path)
	}
	options := "lowerdir=" + at[0] + ",upperdir=" + at[1] + ",workdir=" + at[2]
	if err := unix.Mount("overlay", at[3], "overlay", 0, options); err != nil {
		return false
	}
	if err := unix.Unmount(at[3], unix.MNT_DETACH); err != nil {
		return false
	}
	return true
}
