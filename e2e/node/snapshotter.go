package node

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// chooseSnapshotter returns overlayfs, or native where the folder's filesystem
// cannot carry an overlay.
func chooseSnapshotter(dir string) string {
	probe, err := os.MkdirTemp(dir, "overlay-")
	if err != nil {
		return "native"
	}
	defer os.RemoveAll(probe)
	var at []string
	for _, name := range []string{"lower", "upper", "work", "merged"} {
		path := filepath.Join(probe, name)
		if err := os.Mkdir(path, 0o755); err != nil {
			return "native"
		}
		at = append(at, path)
	}
	options := "lowerdir=" + at[0] + ",upperdir=" + at[1] + ",workdir=" + at[2]
	if err := unix.Mount("overlay", at[3], "overlay", 0, options); err != nil {
		return "native"
	}
	if err := unix.Unmount(at[3], unix.MNT_DETACH); err != nil {
		return "native"
	}
	return "overlayfs"
}
