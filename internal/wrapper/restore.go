package wrapper

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// restore refuses to restore a process from a checkpoint: its privileges are in the checkpoint's
// memory images, not in a spec.
func restore() error {
	return errors.New("refused: a restored checkpoint cannot be judged")
}

// refuseRestored refuses where the process that runs the hook is an OCI runtime
// that restores a checkpoint. (runc runs createRuntime hooks then, too.)
func refuseRestored(pid int) error {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return fmt.Errorf("find out which command of the OCI runtime runs the hook: %w", err)
	}
	if len(text) == 0 {
		return errors.New("cannot find out which command of the OCI runtime runs the hook")
	}
	if restores(strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")) {
		return restore()
	}
	return nil
}

// restores reports whether the command line is that of an OCI runtime that
// restores a checkpoint. Of one with flags that are not known, any word counts.
func restores(argv []string) bool {
	if c, err := parse(argv[1:]); err == nil && c.name != "" {
		return c.name == "restore"
	}
	return slices.Contains(argv[1:], "restore")
}
