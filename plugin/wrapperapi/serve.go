package wrapperapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// ioTimeout limits the time to read a request, and to write an answer.
	ioTimeout = 5 * time.Second

	// requestTimeout limits a request, from its connection to its answer.
	requestTimeout = 5 * time.Second

	// maxAtOnce is how many requests are read and judged at a time, because messages may be
	// long. The others wait, and the waiting counts as part of their time.
	maxAtOnce = 4
)

// errBusy: there was no room for a request in time.
var errBusy = errors.New("too many requests at once")

// Listen creates the socket, and its folder if that is missing. It replaces a socket that
// an earlier agent has left. It is an error if others can write to the folder. It is an
// error if an agent still answers on the socket: when this agent ends, nobody would answer
// there any more.
func Listen(path string) (*net.UnixListener, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the runtime socket's folder: %w", err)
	}
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		return nil, fmt.Errorf("the runtime socket's folder %s: %w", dir, err)
	}
	if int(st.Uid) != os.Geteuid() || st.Mode&0o022 != 0 {
		return nil, fmt.Errorf("the runtime socket's folder %s belongs to user %d, mode %04o: it must belong to root, and nobody else may "+
			"write to it", dir, st.Uid, st.Mode&0o7777)
	}
	if conn, err := net.Dial("unix", path); err == nil {
		_ = conn.Close()
		return nil, fmt.Errorf("another agent answers at %s", path)
	}
	temp := fmt.Sprintf("%s.%d", path, os.Getpid())
	_ = os.Remove(temp)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: temp, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("listen on the runtime socket: %w", err)
	}
	// The path then belongs to the next agent.
	l.SetUnlinkOnClose(false)
	err = os.Chmod(temp, 0o600)
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		_ = l.Close()
		_ = os.Remove(temp)
		return nil, fmt.Errorf("the runtime socket: %w", err)
	}
	return l, nil
}

// Serve answers requests with handle until the context ends. handle must be safe for
// concurrent use. A request that cannot be read or does not come from root is refused, and
// refused is called with the reason; it must be safe for concurrent use too.
func Serve(ctx context.Context, l *net.UnixListener, handle func(context.Context, Request) Answer, refused func(error)) {
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	s := server{handle: handle, refused: refused, room: make(chan struct{}, maxAtOnce)}
	for {
		conn, err := l.AcceptUnix()
		switch {
		case ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			refused(err)
			time.Sleep(10 * time.Millisecond) // such as no file descriptors left
			continue
		}
		go s.serve(ctx, conn)
	}
}

// server answers requests.
type server struct {
	handle  func(context.Context, Request) Answer
	refused func(error)
	room    chan struct{}
}

func (s *server) serve(ctx context.Context, conn *net.UnixConn) {
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	answer := s.answer(ctx, conn)
	answer.Version = version
	_ = conn.SetWriteDeadline(time.Now().Add(ioTimeout))
	if err := json.NewEncoder(conn).Encode(answer); err != nil {
		s.refused(fmt.Errorf("the answer was not received: %w", err))
	}
}

// answer reads the request and lets handle judge it, when there is room for it.
func (s *server) answer(ctx context.Context, conn *net.UnixConn) Answer {
	select {
	case s.room <- struct{}{}:
		defer func() { <-s.room }()
	case <-ctx.Done():
		s.refused(errBusy)
		return Forbid("specguard: refused: " + errBusy.Error())
	}
	req, err := receive(conn)
	if err != nil {
		s.refused(err)
		return Forbid("specguard: refused: " + err.Error())
	}
	if req.Kind == ping {
		return Answer{Verdict: Unknown}
	}
	return s.handle(ctx, req)
}

func receive(conn *net.UnixConn) (Request, error) {
	if err := fromRoot(conn); err != nil {
		return Request{}, err
	}
	_ = conn.SetReadDeadline(time.Now().Add(ioTimeout))
	var req Request
	if err := read(conn, &req); err != nil {
		return Request{}, fmt.Errorf("read the request: %w", err)
	}
	switch {
	case req.Version != version:
		return Request{}, fmt.Errorf("the request is of version %d of the protocol, the agent speaks version %d", req.Version, version)
	case req.Kind == ping:
		return req, nil
	case req.ID == "" || req.Kind != Create && req.Kind != Verify:
		return Request{}, fmt.Errorf("a request without id, or of the unknown stage %q", req.Kind)
	}
	return req, nil
}
