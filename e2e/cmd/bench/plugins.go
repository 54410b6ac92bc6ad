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

func agentOptions(o options, binary string, n *node.Node) agent.Options {
	a := agent.Options{Binary: binary, PolicyDir: o.policyDir, Config: "host: {kubeletDir: " + n.KubeletDir() + "}\n"}
	if o.release == build.CRIO {
		a.Opener = "runtime"
	}
	if o.policyDir == "" {
		a.Policies = map[string]string{"tenants.yaml": policy}
	}
	return a
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
