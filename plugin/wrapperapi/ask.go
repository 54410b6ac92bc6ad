package wrapperapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
)

// Ask sends the request to the agent that listens on the socket. It is an error if the
// answer is incomplete, has another version, or does not come from root.
func Ask(ctx context.Context, socket string, req Request) (Answer, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return Answer{}, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })() // it ends what waits below
	answer, err := ask(conn.(*net.UnixConn), req)
	switch {
	case ctx.Err() != nil:
		return Answer{}, fmt.Errorf("%s: %w", socket, context.Cause(ctx))
	case err != nil:
		return Answer{}, fmt.Errorf("%s: %w", socket, err)
	}
	return answer, nil
}

// Ping returns an error unless an agent answers on the socket. The content of the answer
// does not matter.
func Ping(ctx context.Context, socket string) error {
	_, err := Ask(ctx, socket, Request{Kind: ping})
	return err
}

func ask(conn *net.UnixConn, req Request) (Answer, error) {
	if err := fromRoot(conn); err != nil {
		return Answer{}, err
	}
	req.Version = version
	if err := json.NewEncoder(conn).Encode(req); err != nil {
		return Answer{}, fmt.Errorf("ask: %w", withoutAddress(err))
	}
	var answer Answer
	if err := read(conn, &answer); err != nil {
		return Answer{}, fmt.Errorf("no answer: %w", withoutAddress(err))
	}
	if answer.Version != version {
		return Answer{}, fmt.Errorf("the agent speaks version %d of the protocol, this program version %d", answer.Version, version)
	}
	switch answer.Verdict {
	case Allowed, Forbidden, Unknown:
		return answer, nil
	default:
		return Answer{}, fmt.Errorf("unknown verdict %q", answer.Verdict)
	}
}

// withoutAddress returns the error inside a network operation's error, without the socket's
// address, which the caller adds once.
func withoutAddress(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err
	}
	if call, ok := errors.AsType[*os.SyscallError](err); ok {
		err = call.Err
	}
	return err
}
