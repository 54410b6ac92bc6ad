package node

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// network is a CNI network of one plugin that sets nothing up: a pod gets a
// network namespace of its own and an address that exists on paper only.
var network = map[string]string{
	"nowhere": plugin("0.4.0", `"interfaces":[{"name":"eth0","sandbox":"'"$CNI_NETNS"'"}],`+
		`"ips":[{"version":"4","address":"192.0.2.2/24","interface":0}]`),
	"loopback":         plugin("0.3.1", `"interfaces":[{"name":"lo","sandbox":"'"$CNI_NETNS"'"}]`),
	"nowhere.conflist": `{"cniVersion":"0.4.0","name":"pods","plugins":[{"type":"nowhere"}]}` + "\n",
}

// plugin is a CNI plugin that knows one version of CNI and has one answer for
// every pod.
func plugin(version, added string) string {
	return `#!/bin/sh
case $CNI_COMMAND in
VERSION) echo '{"cniVersion":"` + version + `","supportedVersions":["` + version + `"]}' ;;
ADD) echo '{"cniVersion":"` + version + `",` + added + `}' ;;
esac
`
}

// AddNetwork makes the node able to run pods that do not share its network.
// Adding it again changes nothing.
func (n *Node) AddNetwork(ctx context.Context) error {
	if n.CRI.NetworkReady(ctx) == nil {
		return nil
	}
	for _, name := range []string{"nowhere", "loopback", "nowhere.conflist"} {
		// In place, and the configuration last: containerd notices that a file is
		// written, not that one is renamed, and CRI-O asks the plugins at once.
		if err := os.WriteFile(filepath.Join(n.paths.cni, name), []byte(network[name]), 0o755); err != nil {
			return fmt.Errorf("add network: %w", err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout())
	defer cancel()
	for {
		err := n.CRI.NetworkReady(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("add network: %w", err)
		case <-time.After(readyPoll):
		}
	}
}
