package wrapperapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
)

// Ask sends the request to the agent that listens on the socket. An answer
// that is not whole, not for this version or not from root is an error.
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

// Ping is an error unless an agent answers on the socket; what it answers does not
// matter.
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

// withoutAddress is the error that a network operation met, without the
// socket's address, which is told once.
func withoutAddress(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err
	}
	if call, ok := errors.AsType[*os.SyscallError](err); ok {
		err = call.Err
	}
	return err
}
