package cluster

import (
	"context"
	"fmt"
	"strings"
)

func (c *Cluster) apiReady(ctx context.Context) error {
	_, err := c.Kubectl(ctx, "get", "--raw=/readyz")
	return err
}

// nodeReady is whether the node is ready, pods may be put on it and the default
// namespace may have some.
func (c *Cluster) nodeReady(ctx context.Context) error {
	out, err := c.Kubectl(ctx, "get", "node/"+NodeName, "--output=jsonpath={.status.conditions[?(@.type=='Ready')].status} {.spec.taints}")
	if err != nil {
		return err
	}
	if strings.TrimSpace(out) != "True" {
		return fmt.Errorf("node %s: ready, taints: %s", NodeName, out)
	}
	_, err = c.Kubectl(ctx, "get", "serviceaccount/default")
	return err
}
