// Package kube drives a Kubernetes cluster as an operator does: by a kubeconfig,
// with kubectl, and with a shell on its nodes.
package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// callTimeout bounds a call of a program.
const callTimeout = 3 * time.Minute

// A Client is a user of a cluster.
type Client struct {
	Program    string // kubectl
	Kubeconfig string // a file
	CacheDir   string // where kubectl keeps what it knows of the API; "" for its default
}

// Kubectl runs kubectl and returns what it prints. Its error holds what kubectl
// wrote about it.
func (c *Client) Kubectl(ctx context.Context, args ...string) (string, error) {
	return c.kubectl(ctx, "", args...)
}

// Apply applies manifests.
func (c *Client) Apply(ctx context.Context, manifests string) error {
	_, err := c.kubectl(ctx, manifests, "apply", "--filename=-")
	return err
}

func (c *Client) kubectl(ctx context.Context, stdin string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	flags := []string{"--kubeconfig=" + c.Kubeconfig}
	if c.CacheDir != "" {
		flags = append(flags, "--cache-dir="+c.CacheDir)
	}
	cmd := exec.CommandContext(ctx, c.Program, append(flags, args...)...)
	var stderr strings.Builder
	cmd.Stdin, cmd.Stderr = strings.NewReader(stdin), &stderr
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return string(out), fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}

// Get reads objects into a list.
func (c *Client) Get(ctx context.Context, list any, args ...string) error {
	out, err := c.Kubectl(ctx, append([]string{"get", "--output=json"}, args...)...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(out), list); err != nil {
		return fmt.Errorf("kubectl get %s: %w", strings.Join(args, " "), err)
	}
	return nil
}

// Namespace makes a namespace and waits until pods can be made in it.
func (c *Client) Namespace(ctx context.Context, name string) error {
	if _, err := c.Kubectl(ctx, "create", "namespace", name); err != nil {
		return err
	}
	_, err := c.Kubectl(ctx, "--namespace="+name, "wait", "--for=create", "serviceaccount/default", "--timeout=30s")
	return err
}
