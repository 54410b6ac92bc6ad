package cluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/image"
)

// Formats of archives of images, as skopeo names them.
const (
	ociArchive    = "oci-archive"
	dockerArchive = "docker-archive"
)

// importImages makes images and puts them on the node.
func (c *Cluster) importImages(ctx context.Context, images []image.Image) error {
	file, err := os.CreateTemp(c.Dir(), "images-")
	if err != nil {
		return fmt.Errorf("make images: %w", err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if err := image.Write(file, build.Busybox, images...); err != nil {
		return err
	}
	return c.importArchive(ctx, ociArchive, file.Name(), image.Names(images)...)
}

// importArchive puts images on the node and waits until they are there for pods.
func (c *Cluster) importArchive(ctx context.Context, transport, file string, names ...string) error {
	bounded, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for _, command := range c.engine.imports(transport, file, names) {
		if out, err := c.command(bounded, command).CombinedOutput(); err != nil {
			return fmt.Errorf("import images: %w: %s", err, out)
		}
	}
	return c.waitFor(ctx, "images", func(ctx context.Context) error { return c.cri.Ready(ctx, names...) })
}

func (c *Cluster) command(ctx context.Context, command []string) *exec.Cmd {
	return c.host.command(ctx, command[0], command[1:]...)
}
