package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/specguard/specguard/e2e/agent"
	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/node"
)

// policy is a realistic policy under which every container of the benchmark
// is adjusted.
//
//go:embed policy.yaml
var policy string

func agentOptions(o options, binary string) agent.Options {
	a := agent.Options{Binary: binary, PolicyDir: o.policyDir}
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
	log := filepath.Join(n.Dir(), "nothing.log")
	process, err := n.Spawn(exec.Command(binary, "--nri-socket", n.NRISocket()), log)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		said, err := os.ReadFile(log)
		if err == nil && strings.Contains(string(said), "ready\n") {
			return nil
		}
		select {
		case <-process.Done():
			return fmt.Errorf("the do-nothing plugin ended: %s", said)
		case <-ctx.Done():
			return fmt.Errorf("the do-nothing plugin is not ready: %s", said)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
