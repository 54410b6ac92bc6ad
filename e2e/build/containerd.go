package build

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A Release is a version of containerd to build.
type Release struct {
	// Version of containerd, without the leading v.
	Version string
	// NRI, if set, replaces the version of the NRI module that this
	// containerd was released with, for behaviour that only later ones have.
	NRI string
}

// The releases that the tests run on.
var (
	// Containerd2 is current; it comes with NRI 0.12.3.
	Containerd2 = Release{Version: "2.4.2"}
	// Containerd2NRI is the same with the NRI that knows failure policies.
	Containerd2NRI = Release{Version: "2.4.2", NRI: "v0.12.5"}
	// Containerd1 is the last series before 2.0; it comes with NRI 0.8.0.
	Containerd1 = Release{Version: "1.7.35"}
)

// Major is the first number of the version.
func (r Release) Major() string {
	major, _, _ := strings.Cut(r.Version, ".")
	return major
}

func (r Release) String() string {
	if r.NRI == "" {
		return r.Version
	}
	return r.Version + "-nri-" + strings.TrimPrefix(r.NRI, "v")
}

// module is the path of the Go module that the release lives in.
func (r Release) module() string {
	if r.Major() == "1" {
		return "github.com/containerd/containerd"
	}
	return "github.com/containerd/containerd/v" + r.Major()
}

// Containerd is a built containerd.
type Containerd struct {
	Release Release
	Dir     string // holds all programs below; goes into PATH so that the shim is found
	Daemon  string
	Ctr     string
}

// Containerd returns the programs of release, building them at first use.
//
// The build happens in a module of its own that starts from containerd's
// go.mod and go.sum. So the pinned dependencies are those of the release, and
// the exclude directive of the 1.7 series, which `go install` refuses, is no
// obstacle.
func (c *Cache) Containerd(ctx context.Context, release Release) (Containerd, error) {
	dir, err := c.entry(ctx, "containerd-"+release.String(), func(dir string) error {
		return buildContainerd(ctx, release, dir)
	})
	if err != nil {
		return Containerd{}, err
	}
	return Containerd{
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
