package kube

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// A Node is the node that a cluster's pods run on, and a shell on it.
type Node struct {
	Name string
	// Runtime is containerd or cri-o.
	Runtime string

	client *Client
}

// shell is a pod that may do anything on its node.
const shell = `apiVersion: v1
kind: Pod
metadata: {name: node-shell, namespace: kube-system}
spec:
  nodeName: %s
  hostPID: true
  terminationGracePeriodSeconds: 0
  tolerations: [{operator: Exists}]
  containers:
    - name: main
      image: %s
      imagePullPolicy: IfNotPresent
      command: [sleep, "86400"]
      securityContext: {privileged: true}
`

// Node finds the only node that takes any pod, and starts a shell on it, in a
// pod of an image that has busybox.
func (c *Client) Node(ctx context.Context, image string) (*Node, error) {
	var list corev1.NodeList
	if err := c.Get(ctx, &list, "nodes"); err != nil {
		return nil, err
	}
	nodes := slices.DeleteFunc(list.Items, func(n corev1.Node) bool { return n.Spec.Unschedulable || len(n.Spec.Taints) > 0 })
	if len(nodes) != 1 {
		return nil, fmt.Errorf("the cluster has %d nodes without a taint, not one", len(nodes))
	}
	n := &Node{Name: nodes[0].Name, client: c}
	n.Runtime, _, _ = strings.Cut(nodes[0].Status.NodeInfo.ContainerRuntimeVersion, ":")
	if err := c.Apply(ctx, fmt.Sprintf(shell, n.Name, image)); err != nil {
		return nil, err
	}
	_, err := c.Kubectl(ctx, "--namespace=kube-system", "wait", "--for=condition=Ready", "pod/node-shell", "--timeout=90s")
	return n, err
}

// Close removes the shell.
func (n *Node) Close(ctx context.Context) error {
	_, err := n.client.Kubectl(ctx, "--namespace=kube-system", "delete", "pod/node-shell", "--ignore-not-found")
	return err
}

// Run runs a shell script on the node, with the node's files, programs and
// processes, and returns what it prints.
func (n *Node) Run(ctx context.Context, script string) (string, error) {
	return n.client.kubectl(ctx, "", n.exec(script)...)
}

// Write writes a file of the node in one step.
func (n *Node) Write(ctx context.Context, path, content string) error {
	_, err := n.client.kubectl(ctx, content, n.exec(fmt.Sprintf("mkdir -p %[1]s && cat >%[1]s/.new && mv %[1]s/.new %[2]s",
		filepath.Dir(path), path))...)
	return err
}

func (n *Node) exec(script string) []string {
	return []string{"--namespace=kube-system", "exec", "--stdin", "node-shell", "--",
		"nsenter", "-t", "1", "-m", "-u", "-n", "-i", "--", "/bin/sh", "-c", script}
}
