package cri

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"golang.org/x/net/websocket"
	api "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// streamProtocol is Kubernetes' protocol for streams over a WebSocket: the first
// byte of each message names the stream, and the last message says how the
// command ended.
const streamProtocol = "v4.channel.k8s.io"

// Streams of the protocol.
const (
	streamStdout = 1
	streamStderr = 2
	streamStatus = 3
)

// StreamExec is Exec the way of kubectl exec: the runtime gives an address, and
// the command runs when somebody connects there.
func (r *Running) StreamExec(ctx context.Context, command ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout())
	defer cancel()
	answer, err := r.client.Runtime.Exec(ctx, &api.ExecRequest{ContainerId: r.ID, Cmd: command, Stdout: true, Stderr: true})
	if err != nil {
		return "", fmt.Errorf("exec: %w", err)
	}
	config, err := websocket.NewConfig("ws"+strings.TrimPrefix(answer.Url, "http"), answer.Url)
	if err != nil {
		return "", fmt.Errorf("exec: %w", err)
	}
	config.Protocol = []string{streamProtocol}
	conn, err := config.DialContext(ctx)
	if err != nil {
		return "", fmt.Errorf("exec: %w", err)
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return "", fmt.Errorf("exec: %w", err)
	}
	streams := map[byte]*strings.Builder{streamStdout: {}, streamStderr: {}}
	for {
		var message []byte
		if err := websocket.Message.Receive(conn, &message); err != nil {
			return "", fmt.Errorf("exec: %w", err)
		}
		if len(message) == 0 {
			continue
		}
		if message[0] == streamStatus && len(message) > 1 {
			return streams[streamStdout].String(), ended(message[1:], streams[streamStderr].String())
		}
		if stream := streams[message[0]]; stream != nil {
			stream.Write(message[1:])
		}
	}
}

// ended is how a command ended that wrote stderr, from its status.
func ended(status []byte, stderr string) error {
	var s struct {
		Status, Message, Reason string
		Details                 struct {
			Causes []struct{ Message string }
		}
	}
	if err := json.Unmarshal(status, &s); err != nil {
		return fmt.Errorf("exec: status: %w", err)
	}
	switch {
	case s.Status == "Success":
		return nil
	case s.Reason == "NonZeroExitCode" && len(s.Details.Causes) == 1:
		return fmt.Errorf("exec: exit code %s: %s", s.Details.Causes[0].Message, strings.TrimSpace(stderr))
	default:
		return fmt.Errorf("exec: %s", s.Message)
	}
}
