package build

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// containerd returns the programs of a containerd, building them at first use.
//
// The build happens in a module of its own that starts from containerd's
// go.mod and go.sum. So the pinned dependencies are those of the release, and
// the exclude directive of the 1.7 series, which `go install` refuses, is no
// obstacle.
func (c *Cache) containerd(ctx context.Context, release Release) (Programs, error) {
	dir, err := c.entry(ctx, "containerd-"+release.String(), func(dir string) error {
		return buildContainerd(ctx, release, dir)
	})
	if err != nil {
		return Programs{}, err
	}
	return Programs{
		Release: release,
		Dir:     dir,
		Daemon:  filepath.Join(dir, "containerd"),
		Ctr:     filepath.Join(dir, "ctr"),
	}, nil
}

func buildContainerd(ctx context.Context, release Release, dir string) error {
	source, err := module(ctx, release.module(), "v"+release.Version)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "specguard-build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	for _, name := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join(source, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(work, name), data, 0o644); err != nil {
			return err
		}
	}
	edit := []string{"mod", "edit", "-module=specguard.invalid/containerd",
		"-require=" + release.module() + "@v" + release.Version}
	if release.NRI != "" {
		edit = append(edit, "-require=github.com/containerd/nri@"+release.NRI)
	}
	if _, err := goTool(ctx, work, nil, edit...); err != nil {
		return err
	}
	args := []string{"build", "-mod=mod", "-tags=no_aufs no_btrfs no_devmapper no_zfs", "-o", dir + "/",
		"-ldflags=-X " + release.module() + "/version.Version=v" + release.Version} // as in a release
	for _, program := range []string{"containerd", "ctr", "containerd-shim-runc-v2"} {
		args = append(args, release.module()+"/cmd/"+program)
	}
	if _, err := goTool(ctx, work, []string{"CGO_ENABLED=0"}, args...); err != nil {
		return fmt.Errorf("containerd %s: %w", release, err)
	}
	return nil
}
