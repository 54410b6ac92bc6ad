package cluster

import (
	"context"

	"github.com/specguard/specguard/e2e/build"
)

// Options say what a cluster is like. Programs, Runc and Kubernetes are
// required.
type Options struct {
	Programs   build.Programs
	Runc       string
	Kubernetes build.Kubernetes
	// Files are put on the node, by path, before anything starts; for example in
	// /etc/containerd/conf.d.
	Files map[string]string
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
