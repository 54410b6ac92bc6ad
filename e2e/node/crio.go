package node

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/specguard/specguard/e2e/build"
)

// crio is the engine of a node that runs CRI-O.
type crio struct {
	options Options
	paths   paths
	overlay bool
}

// storageConfig has CRI-O's mounts seen outside its mount namespace.
const storageConfig = `[storage]
driver = %q
graphroot = %q
runroot = %q
[storage.options.overlay]
skip_mount_home = "true"
`

// prepare makes the node's folder a mount that is shared between the mount
// namespaces of CRI-O and of the machine; see [crio.command].
func (c crio) prepare() error {
	err := unix.Mount(c.paths.dir, c.paths.dir, "", unix.MS_BIND, "")
	if err == nil {
		err = unix.Mount("", c.paths.dir, "", unix.MS_SHARED, "")
	}
	if err != nil {
		return fmt.Errorf("share node folder: %w", err)
	}
	return nil
}

func (c crio) configure(env []string) error {
	files := map[string]string{
		"policy.json":     `{"default": [{"type": "insecureAcceptAnything"}]}` + "\n",
		"registries.conf": "",
		"storage.conf":    fmt.Sprintf(storageConfig, c.driver(), c.paths.root, c.storageRun()),
	}
	for name, content := range files {
		if err := os.WriteFile(c.file(name), []byte(content), 0o644); err != nil {
			return fmt.Errorf("configuration: %w", err)
		}
	}
	return writeConfig(c.paths.config, c.config(env), c.options.Extra)
}

// file is the path of a file that CRI-O's libraries would else look for in /etc.
func (c crio) file(name string) string { return filepath.Join(c.paths.dir, name) }

// command starts CRI-O. It hands its environment to an OCI runtime that it
// starts by itself, for exec, but what conmon gets is in the configuration.
//
// CRI-O refuses to mount a folder that its store lies in, such as the root,
// where mounts are private, as they are without systemd. So it runs in a mount
// namespace in which they are shared. Its own mounts all lie in the node's
// folder, which that namespace shares with the machine's and with the next one.
func (c crio) command(env []string) *exec.Cmd {
	cmd := exec.Command("unshare", "--mount", "--propagation", "shared",
		c.options.Programs.Daemon, "--config", c.paths.config, "--config-dir", c.paths.config+".d")
	cmd.Dir = c.paths.dir
	cmd.Env = append(c.environment(), env...)
	return cmd
}

// environment keeps CRI-O's libraries from the machine's own files. With
// XDG_RUNTIME_DIR CRI-O would hand nothing else to the OCI runtime.
func (c crio) environment() []string {
	env := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "XDG_RUNTIME_DIR=")
	})
	return append(env, "TMPDIR="+c.paths.state,
		"CONTAINERS_STORAGE_CONF="+c.file("storage.conf"), "CONTAINERS_REGISTRIES_CONF="+c.file("registries.conf"))
}

// skopeoScript runs skopeo where the cache that it keeps in /var/lib is gone
// with it.
const skopeoScript = `mount -t tmpfs tmpfs /var/lib && exec "$0" "$@"`

// importImages copies the images to CRI-O's store, which notices by itself.
func (c crio) importImages(ctx context.Context, archive string, names []string) error {
	for _, name := range names {
		cmd := exec.CommandContext(ctx, "unshare", "--mount", "/bin/sh", "-c", skopeoScript, build.Skopeo,
			"--policy", c.file("policy.json"), "--tmpdir", c.paths.state, "copy", "--quiet", "oci-archive:"+archive+":"+name,
			"containers-storage:"+name)
		cmd.Env = c.environment()
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("import %s: %w: %s", name, err, out)
		}
	}
	return nil
}

// specFile is the container's bundle. What CRI tells is CRI-O's own copy, which
// an OCI runtime that edits its bundle does not change.
func (c crio) specFile(id string) string {
	return filepath.Join(c.storageRun(), c.driver()+"-containers", id, "userdata", "config.json")
}

func (c crio) storage() []string { return []string{c.storageRun()} }

func (c crio) driver() string {
	if c.overlay {
		return "overlay"
	}
	return "vfs"
}

// storageRun is the folder of what is there only while containers are.
func (c crio) storageRun() string { return filepath.Join(c.paths.state, "storage") }
