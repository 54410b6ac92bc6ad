package wrapper

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/wrapperconfig"
	"github.com/specguard/specguard/plugin/wrapperapi"
)

// maxState bounds a container's state, in bytes. The container's annotations are
// in it; on CRI-O they hold those of its pod more than once.
const maxState = 16 << 20

// hook is the seal that can be passed: an OCI createRuntime hook (OCI runtime
// spec, config.md, "POSIX-platform Hooks"), to which the runtime gives the
// container's state. It has the final spec in the bundle judged; its error
// keeps the container from starting.
func hook(cfg *wrapperconfig.Config, stdin io.Reader) error {
	var state specs.State
	limited := &io.LimitedReader{R: stdin, N: maxState + 1}
	err := json.NewDecoder(limited).Decode(&state)
	switch {
	case limited.N <= 0:
		return fmt.Errorf("the container's state is larger than %d MiB: its annotations are too large", maxState>>20)
	case err != nil:
		return fmt.Errorf("read the container's state: %w", err)
	}
	if state.ID == "" || state.Bundle == "" {
		return errors.New("the container's state names no container or no bundle")
	}
	b, spec, err := openSpec(state.Bundle)
	if err != nil {
		return err
	}
	defer b.Close()
	req := request(wrapperapi.Verify, b, spec, state.ID)
	if req.Root, req.Mounts, err = mounted(b, spec, state.Pid); err != nil {
		return err
	}
	answer, err := ask(cfg, req)
	if err != nil {
		return errors.New(unasked(err))
	}
	if answer.Verdict != wrapperapi.Allowed {
		return errors.New(answer.Message)
	}
	return b.check()
}

// mounted is what is mounted in the container, and where its root filesystem is
// in that: at this point the OCI runtime has made the mounts and not yet changed
// the root (OCI runtime spec, config.md, "CreateRuntime Hooks").
func mounted(b *bundle, spec *specs.Spec, pid int) (root string, mountinfo []byte, err error) {
	if spec.Root == nil {
		return "", nil, errors.New("the container's spec has no root filesystem")
	}
	root = spec.Root.Path
	if !filepath.IsAbs(root) {
		root = filepath.Join(b.path, root)
	}
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return "", nil, fmt.Errorf("the container's root filesystem: %w", err)
	}
	if pid <= 0 || inOwnMounts(pid) {
		return root, nil, nil // such as one in a virtual machine
	}
	if mountinfo, err = os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", pid)); err != nil {
		return "", nil, fmt.Errorf("read what is mounted in the container: %w", err)
	}
	return root, mountinfo, nil
}

// inOwnMounts reports whether the process is in the mount namespace of this
// program, and so in none of a container: such as one that runs a virtual
// machine.
func inOwnMounts(pid int) bool {
	own, err := os.Readlink("/proc/self/ns/mnt")
	its, missing := os.Readlink(fmt.Sprintf("/proc/%d/ns/mnt", pid))
	return err == nil && missing == nil && own == its
}
