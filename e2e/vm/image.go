package vm

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/scope"
)

// files are the scripts that make the disk, and what it gets besides Debian's
// packages and built programs: files/root is copied over its root, files/policy
// are modules of SELinux policy.
//
//go:embed all:files
var files embed.FS

// An Image is what a machine boots.
type Image struct {
	Disk   string // never written to: each machine has a copy
	Kernel string
	Initrd string
}

// Missing says what making and running a machine needs and is not there.
func Missing() error {
	var errs []error
	if os.Geteuid() != 0 {
		errs = append(errs, errors.New("not root"))
	}
	for _, name := range []string{"busybox-static", "debootstrap", "e2fsprogs", "qemu-system-x86", "xz-utils"} {
		errs = append(errs, build.Package(name))
	}
	return errors.Join(errs...)
}

// Build returns the image, making it unless all that goes into it is as it was.
// policy are further modules of SELinux policy (.te, .fc, .if, .cil).
func Build(ctx context.Context, cache *build.Cache, policy ...string) (Image, error) {
	if err := Missing(); err != nil {
		return Image{}, err
	}
	base, err := buildBase(ctx, cache)
	if err != nil {
		return Image{}, err
	}
	put, err := inputs(ctx, cache, policy)
	if err != nil {
		return Image{}, fmt.Errorf("image: %w", err)
	}
	key, err := put.key(filepath.Base(base))
	if err != nil {
		return Image{}, fmt.Errorf("image: %w", err)
	}
	dir, err := cache.Entry(ctx, "vm-"+key, func(dir string) error { return put.finish(ctx, base, dir) })
	if err != nil {
		return Image{}, err
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	return Image{Disk: in("disk"), Kernel: in("vmlinux"), Initrd: in("initrd")}, nil
}

// buildBase is the part that takes longest and changes least: Debian's packages.
func buildBase(ctx context.Context, cache *build.Cache) (string, error) {
	script, err := files.ReadFile("files/base.sh")
	if err != nil {
		return "", err
	}
	packages, err := files.ReadFile("files/packages")
	if err != nil {
		return "", err
	}
	list := strings.Join(strings.Fields(string(packages)), ",")
	return cache.Entry(ctx, "vm-base-"+hash(string(script), list), func(dir string) error {
		return apart(ctx, string(script), dir, list)
	})
}

// finish makes the image of a base in dir.
func (i input) finish(ctx context.Context, base, dir string) error {
	stage := filepath.Join(dir, "stage")
	if err := i.write(stage); err != nil {
		return err
	}
	script, err := files.ReadFile("files/finish.sh")
	if err != nil {
		return err
	}
	if err := apart(ctx, string(script), base, stage, dir); err != nil {
		return err
	}
	if err := extractKernel(ctx, filepath.Join(dir, "vmlinuz"), filepath.Join(dir, "vmlinux")); err != nil {
		return err
	}
	init, err := files.ReadFile("files/init")
	if err != nil {
		return err
	}
	return errors.Join(writeInitrd(filepath.Join(dir, "initrd"), init, build.Busybox, filepath.Join(dir, "modules")), os.RemoveAll(stage))
}

// apart runs a shell script in mount and pid namespaces of its own, and in a
// scope: whatever becomes of it or of this process, no mount and no process is
// left.
func apart(ctx context.Context, script string, args ...string) error {
	dir, err := os.MkdirTemp("", "specguard-vm-")
	if err != nil {
		return err
	}
	s, err := scope.New(dir)
	if err != nil {
		return err
	}
	cmd := exec.Command("unshare", append([]string{"--mount", "--propagation", "private",
		"--pid", "--fork", "--kill-child", "/bin/sh", "-c", script, "specguard-vm"}, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")
	log := filepath.Join(dir, "log")
	p, err := s.Spawn(cmd, log)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	select {
	case <-ctx.Done():
		err = ctx.Err()
	case <-p.Done():
		if err = p.Err(); err != nil {
			err = fmt.Errorf("%w: %s", err, scope.Tail(log))
		}
	}
	return errors.Join(err, s.Close())
}
