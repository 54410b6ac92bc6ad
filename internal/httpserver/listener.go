package httpserver

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/time/rate"
)

// What the kernel keeps for clients. It counts against the memory limit of the pod, even
// for connections that the process has closed.
const (
	receiveBuffer = 8 << 10         // bytes of a connection that wait to be read
	sendBuffer    = 16 << 10        // bytes of an answer that the client has not read
	userTimeout   = 5 * time.Second // for a client that reads nothing of its answer
)

// listen listens with small buffers, which connections inherit.
func listen(ctx context.Context, address string, backlog int) (net.Listener, error) {
	config := net.ListenConfig{
		KeepAlive: -1, // no connection lasts
		Control: func(_, _ string, c syscall.RawConn) error {
			return control(c, func(fd int) error {
				return errors.Join(
					unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer),
					unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, sendBuffer),
					unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(userTimeout.Milliseconds())),
				)
			})
		},
	}
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	c, err := l.(*net.TCPListener).SyscallConn()
	if err == nil {
		// To listen again changes the backlog.
		err = control(c, func(fd int) error { return unix.Listen(fd, backlog) })
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func control(c syscall.RawConn, do func(fd int) error) error {
	var err error
	return errors.Join(c.Control(func(fd uintptr) { err = do(int(fd)) }), err)
}

// listener accepts connections at a pace, and leaves the others to the kernel.
type listener struct {
	net.Listener

	ctx     context.Context // ends the wait
	pace    *rate.Limiter
	room    *room
	counter Counter
}

// Accept waits until another connection may be accepted, and accepts one.
func (l *listener) Accept() (net.Conn, error) {
	if err := l.pace.Wait(l.ctx); err != nil {
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.counter.Accepted()
	return l.room.enter(c), nil
}
