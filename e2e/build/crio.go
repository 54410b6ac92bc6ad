package build

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// crioTags are those of CRI-O's own build, AppArmor included, without the parts
// that need more C libraries than libseccomp: signatures are checked in Go, and
// ostree and btrfs are left out.
const crioTags = "apparmor containers_image_openpgp containers_image_ostree_stub exclude_graphdriver_btrfs seccomp"

// crioBuild tells this build from earlier ones, with other tags.
const crioBuild = "apparmor"

// crio returns the programs of a CRI-O, building it at first use.
func (c *Cache) crio(ctx context.Context, release Release) (Programs, error) {
	pinns, err := c.own(ctx, "", ".", "./cmd/pinns")
	if err != nil {
		return Programs{}, err
	}
	dir, err := c.entry(ctx, release.String()+"-"+crioBuild, func(dir string) error {
		return buildCRIO(ctx, release, dir)
	})
	if err != nil {
		return Programs{}, err
	}
	return Programs{Release: release, Dir: dir, Daemon: filepath.Join(dir, "crio"), Pinns: pinns}, nil
}

// buildCRIO builds CRI-O in a module of its own that requires nothing else, so
// that the versions of its dependencies are those of the release.
func buildCRIO(ctx context.Context, release Release, dir string) error {
	for _, name := range []string{"libseccomp-dev", "pkg-config"} {
		if err := Package(name); err != nil {
			return err
		}
	}
	source, err := module(ctx, release.module(), "v"+release.Version)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "specguard-build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	sums, err := os.ReadFile(filepath.Join(source, "go.sum"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(work, "go.sum"), sums, 0o644); err != nil {
		return err
	}
	// The go directive is CRI-O's own: it decides how the dependencies behave.
	mod := fmt.Sprintf("module specguard.invalid/crio\n\ngo 1.24.1\n\nrequire %s v%s\n", release.module(), release.Version)
	if err := os.WriteFile(filepath.Join(work, "go.mod"), []byte(mod), 0o644); err != nil {
		return err
	}
	_, err = goTool(ctx, work, []string{"CGO_ENABLED=1"},
		"build", "-mod=mod", "-tags="+crioTags, "-o", dir+"/", release.module()+"/cmd/crio")
	if err != nil {
		return fmt.Errorf("CRI-O %s: %w", release.Version, err)
	}
	return nil
}
