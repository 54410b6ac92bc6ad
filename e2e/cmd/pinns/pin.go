package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// pin mounts the namespaces that are asked for. They are those of a process
// that is there until they are mounted.
func (r request) pin() error {
	// By this path, because root of a new user namespace may be barred from
	// the folder that the program lies in.
	holder := exec.Command("/proc/self/exe", append([]string{holdCommand}, r.sysctls...)...)
	holder.SysProcAttr = r.attributes()
	var stderr strings.Builder
	holder.Stderr = &stderr
	stdin, err := holder.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := holder.StdoutPipe()
	if err != nil {
		return err
	}
	if err := holder.Start(); err != nil {
		return fmt.Errorf("make namespaces: %w", err)
	}
	said, _ := bufio.NewReader(stdout).ReadString('\n')
	if said == ready {
		err = r.mount(holder.Process.Pid)
	}
	stdin.Close()
	if end := holder.Wait(); end != nil {
		return fmt.Errorf("make namespaces: %w: %s", end, strings.TrimPrefix(strings.TrimSpace(stderr.String()), "pinns: "))
	}
	return err
}

// attributes make the holder's namespaces and, in a new user namespace, its
// root.
func (r request) attributes() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{UidMappings: r.uids, GidMappings: r.gids}
	for _, kind := range kinds {
		if *r.sources[kind.name] == fresh {
			a.Cloneflags |= kind.clone
		}
	}
	if len(r.uids) > 0 {
		a.GidMappingsEnableSetgroups = true
		a.Credential = &syscall.Credential{}
	}
	return a
}

// mount mounts the namespaces of a process where CRI-O looks for them. CRI-O
// unmounts what is there if this fails.
func (r request) mount(pid int) error {
	for _, kind := range kinds {
		if *r.sources[kind.name] == none {
			continue
		}
		dir := filepath.Join(r.dir, kind.name+"ns")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("pin %s: %w", kind.name, err)
		}
		// CRI-O has made the file, for its owner, where there is a user namespace.
		at := filepath.Join(dir, r.name)
		file, err := os.OpenFile(at, os.O_RDONLY|os.O_CREATE, 0)
		if err != nil {
			return fmt.Errorf("pin %s: %w", kind.name, err)
		}
		file.Close()
		if err := unix.Mount(fmt.Sprintf("/proc/%d/ns/%s", pid, kind.name), at, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("pin %s: mount at %s: %w", kind.name, at, err)
		}
	}
	return nil
}
