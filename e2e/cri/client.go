package cri

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	api "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/e2e/patience"
)

// callTimeout bounds every call to the runtime, like the kubelet's own limit.
func callTimeout() time.Duration { return patience.For(30 * time.Second) }

// A Client talks to one container runtime.
type Client struct {
	Runtime api.RuntimeServiceClient
	Images  api.ImageServiceClient

	conn   *grpc.ClientConn
	layout Layout
}

// Layout says where on the host the client's pods are.
type Layout struct {
	// CgroupParent is the cgroup that every pod's cgroup lies below.
	CgroupParent string
	// LogRoot is the folder of all pods' log folders.
	LogRoot string
	// SpecFile is the file that holds the OCI spec that a container runs with;
	// "" if CRI tells it.
	SpecFile func(id string) string
	// KubeletDir is the folder of a kubelet's files, if containers are to get
	// the hosts file that a kubelet always mounts: without one CRI-O mounts the
	// host's.
	KubeletDir string
}

// Dial connects to the runtime's unix socket. It does not wait for an answer.
func Dial(socket string, layout Layout) (*Client, error) {
	conn, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(16<<20)))
	if err != nil {
		return nil, fmt.Errorf("dial CRI: %w", err)
	}
	return &Client{
		Runtime: api.NewRuntimeServiceClient(conn),
		Images:  api.NewImageServiceClient(conn),
		conn:    conn,
		layout:  layout,
	}, nil
}

// Close ends the connection.
func (c *Client) Close() error { return c.conn.Close() }

// Ready reports whether the runtime serves containers and knows all images.
func (c *Client) Ready(ctx context.Context, images ...string) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout())
	defer cancel()
	if err := c.condition(ctx, api.RuntimeReady); err != nil {
		return err
	}
	for _, name := range images {
		image, err := c.Images.ImageStatus(ctx, &api.ImageStatusRequest{Image: &api.ImageSpec{Image: name}})
		if err != nil {
			return fmt.Errorf("CRI image status: %w", err)
		}
		if image.Image == nil {
			return fmt.Errorf("CRI image status: %s is not there", name)
		}
	}
	return nil
}

// NetworkReady reports whether the runtime has a network for pods.
func (c *Client) NetworkReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout())
	defer cancel()
	return c.condition(ctx, api.NetworkReady)
}

// condition is the error of a condition that the runtime says does not hold.
func (c *Client) condition(ctx context.Context, name string) error {
	status, err := c.Runtime.Status(ctx, &api.StatusRequest{})
	if err != nil {
		return fmt.Errorf("CRI status: %w", err)
	}
	for _, condition := range status.GetStatus().GetConditions() {
		if condition.Type == name && !condition.Status {
			return fmt.Errorf("CRI status: not %s: %s", name, condition.Message)
		}
	}
	return nil
}

// RunPod makes and starts a sandbox.
func (c *Client) RunPod(ctx context.Context, config *api.PodSandboxConfig) (*Sandbox, error) {
	return c.RunPodHandler(ctx, config, "")
}

// RunPodHandler makes and starts a sandbox under a runtime handler.
func (c *Client) RunPodHandler(ctx context.Context, config *api.PodSandboxConfig, handler string) (*Sandbox, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout())
	defer cancel()
	answer, err := c.Runtime.RunPodSandbox(ctx, &api.RunPodSandboxRequest{Config: config, RuntimeHandler: handler})
	if err != nil {
		return nil, fmt.Errorf("run pod %s: %w", config.GetMetadata().GetName(), err)
	}
	return &Sandbox{ID: answer.PodSandboxId, Config: config, client: c}, nil
}

// RemoveAll removes every pod that the runtime knows, with its containers.
func (c *Client) RemoveAll(ctx context.Context) error {
	list, err := c.Runtime.ListPodSandbox(ctx, &api.ListPodSandboxRequest{})
	if err != nil {
		return fmt.Errorf("list pods: %w", err)
	}
	for _, pod := range list.Items {
		if err := (&Sandbox{ID: pod.Id, client: c}).Remove(ctx); err != nil {
			return err
		}
	}
	return nil
}
