package cluster

import (
	"context"

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
