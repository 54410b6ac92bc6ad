package apparmor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Parser is where containerd looks for the program that compiles profiles. Without it,
// containerd treats AppArmor as off.
const Parser = "/sbin/apparmor_parser"

// Result is what Load found or did.
type Result string

// The results.
const (
	Off    Result = "AppArmor is off"
	There  Result = "AppArmor profile " + Default + " is loaded already"
	Loaded Result = "loaded AppArmor profile " + Default
)

// Node is where a profile is loaded.
type Node struct {
	Root   string // where the node's files are
	parser string // Parser, but for tests
}

// Load loads the profile, unless the kernel already has a profile of that name, whatever
// its content.
func (n Node) Load(ctx context.Context) (Result, error) {
	on, err := os.ReadFile(filepath.Join(n.Root, "sys/module/apparmor/parameters/enabled"))
	if errors.Is(err, os.ErrNotExist) || err == nil && strings.TrimSpace(string(on)) == "N" {
		return Off, nil
	}
	if err != nil {
		return "", fmt.Errorf("whether AppArmor is on: %w", err)
	}
	if there, err := n.loaded(); there || err != nil {
		return There, err
	}
	if err := n.parse(ctx, profile(n.Root)); err != nil {
		return "", err
	}
	switch there, err := n.loaded(); {
	case err != nil:
		return "", err
	case !there:
		return "", fmt.Errorf("apparmor_parser loaded the profile, but the kernel does not list it")
	}
	return Loaded, nil
}

// loaded reports whether the kernel has a profile of that name.
func (n Node) loaded() (bool, error) {
	list, err := os.ReadFile(filepath.Join(n.Root, "sys/kernel/security/apparmor/profiles"))
	if err != nil {
		return false, fmt.Errorf("which AppArmor profiles are loaded: %w", err)
	}
	for line := range strings.Lines(string(list)) {
		if strings.HasPrefix(line, Default+" (") {
			return true, nil
		}
	}
	return false, nil
}

// parse compiles and loads the profile with the node's own parser.
func (n Node) parse(ctx context.Context, text string) error {
	parser := n.parser
	if parser == "" {
		parser = Parser
	}
	if _, err := os.Stat(filepath.Join(n.Root, parser)); err != nil {
		return fmt.Errorf("the node has no %s (install AppArmor's user space, which most distributions call apparmor): %w", parser, err)
	}
	cmd := exec.CommandContext(ctx, parser, "--replace", "--skip-cache")
	cmd.Env, cmd.Dir, cmd.Stdin = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, "/", strings.NewReader(text)
	if filepath.Clean(n.Root) != "/" {
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: n.Root}
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", parser, err, strings.Join(strings.Fields(string(out)), " "))
	}
	return nil
}
