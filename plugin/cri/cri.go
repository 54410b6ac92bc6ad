// Package cri lists containers through the Container Runtime Interface. It also stops them,
// if the container runtime has no other API for that.
package cri

import (
	"context"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/recordsize"
)

// Client talks to a container runtime. It is safe for concurrent use.
type Client struct {
	conn    *grpc.ClientConn
	runtime runtime.RuntimeServiceClient

	reading sync.Mutex
	records map[string]recordsize.Record // of the containers that Records has read, by id
}

var (
	_ judge.Stopper       = (*Client)(nil)
	_ judge.RunningLister = (*Client)(nil)
)

// maxMessage limits a runtime's answer, in bytes, like the kubelet's client does. A pod can
// have 256 KiB of annotations.
const maxMessage = 16 << 20

// reconnect returns how soon to retry a lost connection: soon, because a runtime may have
// just started.
func reconnect() grpc.ConnectParams {
	return grpc.ConnectParams{
		Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
		MinConnectTimeout: time.Second,
	}
}

// New returns a Client for the unix socket. It connects on first use.
func New(socket string) (*Client, error) {
	conn, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)), grpc.WithConnectParams(reconnect()))
	if err != nil {
		return nil, fmt.Errorf("CRI socket %s: %w", socket, err)
	}
	return &Client{conn: conn, runtime: runtime.NewRuntimeServiceClient(conn)}, nil
}

// Close closes the connection.
func (c *Client) Close() error { return c.conn.Close() }

// patience is how long a runtime may take to serve CRI, and to stop a container. CRI-O
// serves NRI before CRI when it starts.
const patience = 3 * time.Second

// Stop kills the container. It is no error if the container does not run or does not exist
// (CRI, StopContainer).
func (c *Client) Stop(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if _, err := c.runtime.StopContainer(ctx, &runtime.StopContainerRequest{ContainerId: id}, grpc.WaitForReady(true)); err != nil {
		return fmt.Errorf("CRI: %w", err)
	}
	return nil
}
