package cluster

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/image"
)

// callTimeout bounds a call of a client.
const callTimeout = 2 * time.Minute

// Kubeconfig is the path of the administrator's kubeconfig. Its server can be
// reached in the cluster's network only.
func (c *Cluster) Kubeconfig() string { return c.file("admin.conf") }

// Kubectl runs kubectl as the administrator, with the machine's files, and
// returns what it prints. Its error holds what kubectl wrote about it.
func (c *Cluster) Kubectl(ctx context.Context, args ...string) (string, error) {
	return c.kubectl(ctx, "", args...)
}

// Apply applies manifests.
func (c *Cluster) Apply(ctx context.Context, manifests string) error {
	_, err := c.kubectl(ctx, manifests, "apply", "--filename=-")
	return err
}

func (c *Cluster) kubectl(ctx context.Context, stdin string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	cmd := c.host.networkCommand(ctx, c.options.Kubernetes.Kubectl,
		append([]string{"--kubeconfig=" + c.Kubeconfig(), "--cache-dir=" + c.file("kubectl")}, args...)...)
	var stderr strings.Builder
	cmd.Stdin, cmd.Stderr = strings.NewReader(stdin), &stderr
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return string(out), fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}

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

// Import puts images on the node and waits until they are there for pods.
func (c *Cluster) Import(ctx context.Context, images ...image.Image) error {
	file, err := os.CreateTemp(c.Dir(), "images-")
	if err != nil {
		return fmt.Errorf("make images: %w", err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if err := image.Write(file, build.Busybox, images...); err != nil {
		return err
	}
	var names []string
	for _, image := range images {
		names = append(names, image.Name)
	}
	return c.ImportArchive(ctx, file.Name(), names...)
}

// ImportArchive puts the images of an archive, of OCI or Docker, on the node and
// waits until those of these names are there for pods.
func (c *Cluster) ImportArchive(ctx context.Context, file string, names ...string) error {
	bounded, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	cmd := c.host.command(bounded, c.options.Programs.Ctr, "--namespace=k8s.io", "images", "import",
		"--local", "--snapshotter="+c.snapshotter(), file)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("import images: %w: %s", err, out)
	}
	return c.waitFor(ctx, "images", func(ctx context.Context) error { return c.cri.Ready(ctx, names...) })
}

// Namespace makes a namespace and waits until pods can be made in it.
func (c *Cluster) Namespace(ctx context.Context, name string) error {
	if _, err := c.Kubectl(ctx, "create", "namespace", name); err != nil {
		return err
	}
	_, err := c.Kubectl(ctx, "--namespace="+name, "wait", "--for=create", "serviceaccount/default", "--timeout=30s")
	return err
}
