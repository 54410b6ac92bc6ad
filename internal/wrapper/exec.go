package wrapper

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/specguard/specguard/internal/ocispec"
)

// execute limits a process to execute in a container to what the container was given, and returns
// the arguments for the real runtime.
//
// With --process the process comes as a file, which container runtimes make
// from their own copy of the spec: it is clamped. Without, the real runtime
// takes the process from the bundle; flags that ask for more are refused.
func execute(c command, real string) ([]string, error) {
	given, err := givenProcess(c, real)
	if err != nil {
		return nil, err
	}
	file := c.flags.value("process")
	if file == "" {
		return c.args, within(c.flags, given)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the process: %w", err)
	}
	asked, err := ocispec.DecodeProcess(raw)
	if err != nil {
		return nil, err
	}
	if raw, err = ocispec.PatchProcess(raw, asked, clamp(asked, given)); err != nil {
		return nil, err
	}
	path, err := inMemory(raw)
	if err != nil {
		return nil, err
	}
	return c.with("process", path), nil
}

// givenProcess is the process of the spec that the container was made by. The
// real runtime knows the bundle (OCI runtime spec, runtime.md, "State").
func givenProcess(c command, real string) (*specs.Process, error) {
	id := c.operands[0]
	args := append(slices.Clone(c.args[:c.nameAt]), "state", id)
	out, err := exec.Command(real, args...).Output()
	if err != nil {
		if failed, ok := errors.AsType[*exec.ExitError](err); ok {
			err = errors.New(strings.TrimSpace(string(failed.Stderr)))
		}
		return nil, fmt.Errorf("ask the OCI runtime for the container's state: %w", err)
	}
	var state specs.State
	if err := json.Unmarshal(out, &state); err != nil {
		return nil, fmt.Errorf("read the container's state: %w", err)
	}
	if state.ID != id || state.Bundle == "" {
		return nil, fmt.Errorf("the OCI runtime does not report the bundle of container %q", id)
	}
	b, spec, err := openSpec(state.Bundle)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	if spec.Process == nil {
		return nil, errors.New("the container's spec has no process")
	}
	return spec.Process, nil
}

// within refuses flags of exec that ask for more than the container has.
func within(fs flags, given *specs.Process) error {
	refuse := func(name, value, has string) error {
		return fmt.Errorf("refused: exec --%s %s: the container has %s", name, value, has)
	}
	own := strconv.FormatUint(uint64(given.User.UID), 10)
	group := own + ":" + strconv.FormatUint(uint64(given.User.GID), 10)
	if u := fs.value("user"); u != "" && u != own && u != group {
		return refuse("user", u, group)
	}
	for _, list := range fs.values("additional-gids") {
		for g := range strings.SplitSeq(list, ",") {
			if gid, err := strconv.ParseUint(g, 10, 32); err != nil || !slices.Contains(given.User.AdditionalGids, uint32(gid)) {
				return refuse("additional-gids", g, fmt.Sprint(given.User.AdditionalGids))
			}
		}
	}
	var bounding []string
	if given.Capabilities != nil {
		bounding = given.Capabilities.Permitted
	}
	for _, list := range fs.values("cap") {
		for c := range strings.SplitSeq(list, ",") {
			if !slices.Contains(bounding, c) {
				return refuse("cap", c, strings.Join(bounding, ","))
			}
		}
	}
	for _, label := range []struct{ name, has string }{{"apparmor", given.ApparmorProfile}, {"process-label", given.SelinuxLabel}} {
		if v := fs.value(label.name); v != "" && v != label.has {
			return refuse(label.name, v, strconv.Quote(label.has))
		}
	}
	for _, v := range fs.values("env") {
		if len(clampEnv([]string{v}, given.Env)) == 0 {
			return fmt.Errorf("refused: exec --env %s: the container has no such variable", variable(v))
		}
	}
	if v := fs.value("no-new-privs"); v != "" && v != "true" && given.NoNewPrivileges {
		return refuse("no-new-privs", v, "no_new_privs")
	}
	return nil
}

// inMemory puts the data into a file that has no name and that nothing can
// change any more, and returns a path by which the program that this one
// becomes finds it.
func inMemory(data []byte) (string, error) {
	fd, err := unix.MemfdCreate("specguard-process", unix.MFD_ALLOW_SEALING)
	if err != nil {
		return "", fmt.Errorf("keep the process in memory: %w", err)
	}
	for rest := data; len(rest) > 0; {
		n, err := unix.Write(fd, rest)
		if err != nil {
			return "", fmt.Errorf("keep the process in memory: %w", err)
		}
		rest = rest[n:]
	}
	const seals = unix.F_SEAL_WRITE | unix.F_SEAL_GROW | unix.F_SEAL_SHRINK | unix.F_SEAL_SEAL
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals); err != nil {
		return "", fmt.Errorf("keep the process in memory: %w", err)
	}
	return fmt.Sprintf("/proc/self/fd/%d", fd), nil
}
