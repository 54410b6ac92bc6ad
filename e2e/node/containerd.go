package node

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// containerd is the engine of a node that runs containerd.
type containerd struct {
	options Options
	paths   paths
	overlay bool
}

func (containerd) prepare() error { return nil }

func (c containerd) configure([]string) error {
	return writeConfig(c.paths.config, c.config(), c.options.Extra)
}

// command starts containerd. The shim inherits its environment, and the OCI
// runtime the shim's.
func (c containerd) command(env []string) *exec.Cmd {
	programs := c.options.Programs
	cmd := exec.Command(programs.Daemon, "--config", c.paths.config)
	cmd.Dir = c.paths.dir
	cmd.Env = append(os.Environ(), "PATH="+programs.Dir+":"+os.Getenv("PATH"))
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

// importImages imports with containerd's own client. CRI learns of the images
// from events, a moment later.
func (c containerd) importImages(ctx context.Context, archive string, _ []string) error {
	cmd := exec.CommandContext(ctx, c.options.Programs.Ctr, "--address", c.paths.socket, "--namespace", "k8s.io",
		"images", "import", "--local", "--snapshotter", c.snapshotter(), archive)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("import images: %w: %s", err, out)
	}
	return nil
}

// specFile is the container's bundle, where the OCI runtime edits that. It is
// there while the container runs.
func (c containerd) specFile(id string) string {
	if !c.options.Wrapped {
		return ""
	}
	return filepath.Join(c.paths.state, "io.containerd.runtime.v2.task", "k8s.io", id, "config.json")
}

func (containerd) storage() []string { return nil }

func (c containerd) snapshotter() string {
	if c.overlay {
		return "overlayfs"
	}
	return "native"
}
