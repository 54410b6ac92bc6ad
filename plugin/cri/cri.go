// Package cri lists containers through the Container Runtime Interface, and
// stops them where the container runtime has no other API for it.
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

// Client talks to a container runtime. Its methods may be called at the same time.
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

// maxMessage bounds what a runtime may answer, in bytes; a pod can have 256 KiB
// of annotations. It is the limit of the kubelet's client.
const maxMessage = 16 << 20

// reconnect is how soon a lost connection is tried again: a runtime that has
// just started is to be asked.
func reconnect() grpc.ConnectParams {
	return grpc.ConnectParams{
		Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
		MinConnectTimeout: time.Second,
	}
}

// New makes a Client of the unix socket. It connects when it is first used.
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

// patience is how long a runtime may take to serve CRI, and to stop a container.
// CRI-O serves NRI first when it starts.
const patience = 3 * time.Second

// Stop kills the container. One that does not run, or is not there, is no
// error (CRI, StopContainer).
func (c *Client) Stop(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if _, err := c.runtime.StopContainer(ctx, &runtime.StopContainerRequest{ContainerId: id}, grpc.WaitForReady(true)); err != nil {
		return fmt.Errorf("CRI: %w", err)
	}
	return nil
}
