package build

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// ImageName is the name of the agent's image in the archives of [Cache.Image].
const ImageName = "ghcr.io/specguard/specguard:v0.1.0"

// machineImage stands for an image with Go and make: it is this machine's
// /usr, which is mounted when the image is used. Modules come from Go's module
// cache.
const machineImage = `FROM scratch
COPY . /
ENV PATH=%s/bin:/usr/bin GOTOOLCHAIN=local GOPROXY=off GOFLAGS=-mod=readonly GOMODCACHE=/go/mod GOCACHE=/go/build
`

// Image builds the image of the Dockerfile for an architecture, as Go names
// it, and returns a Docker archive of it. It needs root and Debian's buildah,
// and no registry: the machine itself is the image that the Dockerfile starts
// from.
func (c *Cache) Image(ctx context.Context, arch string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	source := filepath.Dir(root)
	unlock, err := c.lock(ctx, "image-"+arch)
	if err != nil {
		return "", err
	}
	defer unlock()
	work, err := os.MkdirTemp("", "specguard-image-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	b := buildah{store: filepath.Join(work, "store")}
	volumes, err := b.machine(ctx, source, filepath.Join(work, "machine"))
	if err != nil {
		return "", err
	}
	args := append([]string{
		"bud", "--isolation=chroot", "--pull-never", "--platform=linux/" + arch, "--tag=" + ImageName,
		"--build-arg=GO_IMAGE=localhost/machine", "--build-arg=VERSION=test", "--build-arg=REVISION=none",
		"--build-arg=BUILDPLATFORM=linux/" + runtime.GOARCH, // which Docker sets by itself
	}, volumes...)
	if err := b.run(ctx, append(args, source)...); err != nil {
		return "", err
	}
	final := filepath.Join(c.dir, "image-"+arch+".tar")
	temp := filepath.Join(work, "image.tar")
	if err := b.run(ctx, "push", ImageName, "docker-archive:"+temp+":"+ImageName); err != nil {
		return "", err
	}
	data, err := os.ReadFile(temp)
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(final+".new", data, 0o644); err != nil {
		return "", err
	}
	return final, os.Rename(final+".new", final)
}

// buildah runs Debian's buildah on an image store of its own.
type buildah struct{ store string }

// machine makes the image localhost/machine, and gives the arguments that
// mount into it what it consists of.
func (b buildah) machine(ctx context.Context, source, dir string) ([]string, error) {
	if _, err := goTool(ctx, source, nil, "mod", "download"); err != nil {
		return nil, err
	}
	out, err := goTool(ctx, source, nil, "env", "GOROOT", "GOMODCACHE", "GOCACHE")
	if err != nil {
		return nil, err
	}
	env := strings.Fields(string(out))
	if len(env) != 3 {
		return nil, fmt.Errorf("go env: %q", out)
	}
	if err := os.MkdirAll(filepath.Join(dir, "tmp"), 0o777); err != nil {
		return nil, err
	}
	for _, name := range []string{"bin", "lib", "lib64"} { // as in Debian since /usr is merged
		if err := os.Symlink("usr/"+name, filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	file := filepath.Join(filepath.Dir(dir), "Dockerfile")
	if err := os.WriteFile(file, fmt.Appendf(nil, machineImage, env[0]), 0o600); err != nil {
		return nil, err
	}
	if err := b.run(ctx, "bud", "--isolation=chroot", "--tag=localhost/machine", "--file="+file, dir); err != nil {
		return nil, err
	}
	return []string{
		"--volume=/usr:/usr:ro", "--volume=" + env[0] + ":" + env[0] + ":ro",
		"--volume=" + env[1] + ":/go/mod", "--volume=" + env[2] + ":/go/build",
	}, nil
}

func (b buildah) run(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, Buildah, append([]string{
		"--storage-driver=vfs", "--root=" + b.store, "--runroot=" + b.store + ".run",
	}, args...)...)
	cmd.WaitDelay = 5 * time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("buildah %s: %w: %s", args[0], err, lastLines(string(out), 5))
	}
	return nil
}
