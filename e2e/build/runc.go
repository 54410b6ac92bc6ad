package build

import (
	"context"
	"os"
	"path/filepath"
)

// RuncVersion is the runc that current containerd and CRI-O run on here.
const RuncVersion = "v1.5.2"

// debianRunc is the runc 1.1 of Debian 12, which containerd 1.7 runs on here.
const debianRunc = "/usr/sbin/runc"

// Runc returns the path of the runc to run release on: the newest, built from
// its module with seccomp, or Debian's for containerd 1.7, so that both an old
// and a new pair of runtimes are covered. For CRI-O it is the newest behind
// fitrunc, a program of the tests.
func (c *Cache) Runc(ctx context.Context, release Release) (string, error) {
	if release.Major() == "1" {
		if err := Package("runc"); err != nil {
			return "", err
		}
		return debianRunc, nil
	}
	runc, err := c.NewRunc(ctx)
	if err != nil || release.Project != ProjectCRIO {
		return runc, err
	}
	return c.fitrunc(ctx, runc)
}

// fitrunc is the program that stands between CRI-O and a runc.
func (c *Cache) fitrunc(ctx context.Context, runc string) (string, error) {
	return c.own(ctx, "", ".", "./cmd/fitrunc", "-X main.runc="+runc)
}

// NewRunc returns the newest runc, built with seccomp.
func (c *Cache) NewRunc(ctx context.Context) (string, error) {
	dir, err := c.entry(ctx, "runc-"+RuncVersion, func(dir string) error {
		for _, name := range []string{"libseccomp-dev", "pkg-config"} {
			if err := Package(name); err != nil {
				return err
			}
		}
		_, err := goTool(ctx, os.TempDir(), []string{"CGO_ENABLED=1", "GOBIN=" + dir},
			"install", "-tags=seccomp", "github.com/opencontainers/runc@"+RuncVersion)
		return err
	})
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "runc"), nil
}
