package plugin

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// timedConn is a connection to NRI that knows how long a request has waited when its
// handler starts: in the socket, because the agent did not run, and in this process. The
// runtime counts from when it sends the request, and does not tell when that was.
//
// A request cannot have arrived before the socket was last seen empty. watch looks every
// tick, so that this estimate is close.
type timedConn struct {
	net.Conn
	raw syscall.RawConn
	now func() time.Time

	mu    sync.Mutex
	empty time.Time // when nothing was there to be read, last

	// unhandled: something has been read whose handler has not started. It arrived after
	// since. NRI sends one request at a time, unless it has given one up: then the next one
	// counts from when that one arrived.
	unhandled bool
	since     time.Time
}

func newTimedConn(conn net.Conn) (*timedConn, error) {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return nil, errors.New("the connection to NRI is not a socket")
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	w := &timedConn{Conn: conn, raw: raw, now: time.Now}
	w.empty = w.now()
	w.since = w.empty
	return w, nil
}

// Read reads, and notes the earliest time at which the data can have arrived. It holds the
// lock, so that nothing looks in between.
func (w *timedConn) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	var failed error
	err = w.raw.Read(func(fd uintptr) bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		for {
			if n, failed = syscall.Read(int(fd), p); !errors.Is(failed, unix.EINTR) {
				break
			}
		}
		if n > 0 && !w.unhandled {
			w.unhandled, w.since = true, w.empty
		}
		return !errors.Is(failed, unix.EAGAIN)
	})
	switch {
	case err != nil:
		return 0, err
	case failed != nil:
		return 0, os.NewSyscallError("read", failed)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// Write writes an answer. After it, the next request may come.
func (w *timedConn) Write(p []byte) (int, error) {
	w.look()
	return w.Conn.Write(p)
}

// look notes the time if there is nothing to read.
func (w *timedConn) look() {
	now := w.now()
	_ = w.raw.Control(func(fd uintptr) { // an error: it is closed
		w.mu.Lock()
		defer w.mu.Unlock()
		if n, err := unix.IoctlGetInt(int(fd), unix.SIOCINQ); err == nil && n == 0 {
			w.empty = now
		}
	})
}

// waited must be called when a handler starts. It returns how long at most its request has
// waited.
func (w *timedConn) waited() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unhandled = false
	return max(0, w.now().Sub(w.since))
}

// unread returns how long something has been waiting to be read.
func (w *timedConn) unread() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return max(0, w.now().Sub(w.empty)-tick)
}

// watch looks every tick until the context ends.
func (w *timedConn) watch(ctx context.Context, p *pulse) {
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	p.start(w.now())
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			w.look()
			p.observe(w.now())
		}
	}
}
