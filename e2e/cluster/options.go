package cluster

import (
	"context"
	"errors"
	"runtime"

	"github.com/specguard/specguard/e2e/build"
)

// Options are what a cluster is made of. All are required.
type Options struct {
	Programs   build.Programs
	Runc       string
	Kubernetes build.Kubernetes
}

// Build builds what a cluster on a release of a container runtime needs.
func Build(ctx context.Context, cache *build.Cache, release build.Release) (Options, error) {
	programs, err := cache.Programs(ctx, release)
	if err != nil {
		return Options{}, err
	}
	runc, err := cache.Runc(ctx, release)
	if err != nil {
		return Options{}, err
	}
	kubernetes, err := cache.Kubernetes(ctx)
	return Options{Programs: programs, Runc: runc, Kubernetes: kubernetes}, err
}

// StartWithAgent is [Start] for a cluster whose node has the agent's image, made
// of the checkout's Dockerfile.
func StartWithAgent(ctx context.Context, cache *build.Cache, o Options) (*Cluster, error) {
	archive, err := cache.Image(ctx, runtime.GOARCH)
	if err != nil {
		return nil, err
	}
	c, err := Start(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := c.importArchive(ctx, dockerArchive, archive, build.ImageName); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}
