package agent

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/specguard/specguard/e2e/node"
	"github.com/specguard/specguard/e2e/scope"
)

// StartNothing connects the plugin that does nothing to a node.
func StartNothing(ctx context.Context, n *node.Node, binary string) (*scope.Process, error) {
	log := filepath.Join(n.Dir(), "nothing.log")
	process, err := n.Spawn(exec.Command(binary, "--nri-socket", n.NRISocket()), log)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout())
	defer cancel()
	for {
		said, err := os.ReadFile(log)
		if err == nil && strings.Contains(string(said), "ready\n") {
			return process, nil
		}
		select {
		case <-process.Done():
			return nil, fmt.Errorf("the do-nothing plugin ended: %s", said)
		case <-ctx.Done():
			process.Kill(context.WithoutCancel(ctx))
			return nil, fmt.Errorf("the do-nothing plugin is not ready: %s", said)
		case <-time.After(readyPoll):
		}
	}
}
