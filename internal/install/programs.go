package install

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	securejoin "github.com/cyphar/filepath-securejoin"
)

// systemPath is where daemons find programs, and the wrapper its runtimes.
const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// programTimeout bounds a runtime that prints its version or configuration.
const programTimeout = 20 * time.Second

// programs runs a program of the node, such as its runtime, and gives its
// standard output.
type programs interface {
	run(ctx context.Context, env []string, path string, args ...string) ([]byte, error)
}

// chroot runs programs with the node's root as theirs.
type chroot struct{ root string }

func (c chroot) run(ctx context.Context, env []string, path string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, programTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append([]string{"PATH=" + systemPath, "HOME=/root"}, env...)
	cmd.Dir = "/"
	cmd.WaitDelay = time.Second
	if c.root != "/" {
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: c.root}
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w%s", strings.Join(append([]string{path}, args...), " "), err, lastLine(stderr.String()))
	}
	return out, nil
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if last := lines[len(lines)-1]; last != "" {
		return ": " + last
	}
	return ""
}

// find returns the path of a program of the node; on the node itself, PATH goes
// first.
func (t tree) find(name string) (string, bool) {
	if t.root == "/" {
		if p, err := exec.LookPath(name); err == nil && filepath.IsAbs(p) {
			return p, true
		}
	}
	for _, folder := range filepath.SplitList(systemPath) {
		p := filepath.Join(folder, name)
		if info, err := t.stat(p); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return p, true
		}
	}
	return "", false
}

// scratch is a folder of the node for copies that are only looked at. It is
// near where the wrapper will be, since /tmp may not be for programs.
type scratch struct{ here, node string }

func newScratch(t tree, prefix string) (scratch, error) {
	near := prefix
	for !t.isDir(near) {
		near = filepath.Dir(near)
	}
	folder, err := securejoin.SecureJoin(t.root, near)
	if err != nil {
		return scratch{}, err
	}
	here, err := os.MkdirTemp(folder, ".specguard-install-")
	if err != nil {
		return scratch{}, t.strip(err)
	}
	return scratch{here: here, node: filepath.Join(near, filepath.Base(here))}, nil
}

// write makes a file and gives its path on the node.
func (s scratch) write(name string, data []byte, mode os.FileMode) (string, error) {
	p := filepath.Join(s.here, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
		return "", err
	}
	if err := os.WriteFile(p, data, mode); err != nil {
		return "", err
	}
	return filepath.Join(s.node, name), nil
}

func (s scratch) remove() { _ = os.RemoveAll(s.here) } // what is left harms nothing
