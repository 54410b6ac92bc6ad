package main

import (
	"context"
	_ "embed"

	"github.com/specguard/specguard/e2e/agent"
	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/node"
)

// policy is a realistic policy under which every container of the benchmark
// is adjusted.
//
//go:embed policy.yaml
var policy string

func agentOptions(ctx context.Context, cache *build.Cache, o options, binary string, n *node.Node) (agent.Options, error) {
	a := agent.Options{Binary: binary, PolicyDir: o.policyDir, Config: "host: {kubeletDir: " + n.KubeletDir() + "}\n"}
	if binary == o.beforeAgent { // it may be older than the field
		a.Config = "host: {kubeletDir: " + n.KubeletDir() + ", runtimeDirs: null}\n"
	}
	if o.release == build.CRIO {
		wrapper, err := cache.Runtime(ctx)
		if err != nil {
			return a, err
		}
		hook, err := agent.Hook(n, wrapper)
		if err != nil {
			return a, err
		}
		a.Opener = "runtime"
		a.Config += "hookPath: " + hook + "\n"
	}
	if o.policyDir == "" {
		a.Policies = map[string]string{"tenants.yaml": policy}
	}
	return a, nil
}

// startNothing connects the plugin that does nothing to a node.
func startNothing(ctx context.Context, cache *build.Cache, n *node.Node) error {
	binary, err := cache.Nothing(ctx)
	if err != nil {
		return err
	}
	_, err = agent.StartNothing(ctx, n, binary)
	return err
}
