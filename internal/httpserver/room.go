package httpserver

import (
	"errors"
	"net"
	"slices"
	"sync"
)

// headerSlack is what net/http reads beyond its limit of a header, and a byte
// by which it notices.
const headerSlack = 4<<10 + 1

// room holds the open connections. Where one comes and no seat is free, the one
// that has been there longest has to go: a client that is quick is served.
type room struct {
	seats   int
	request int // bytes that a client may send
	counter Counter

	mu   sync.Mutex
	open []*conn // the oldest first
}

func (r *room) enter(c net.Conn) net.Conn {
	guest := &conn{Conn: c, left: r.request, room: r}
	var oldest *conn
	r.mu.Lock()
	if len(r.open) >= r.seats {
		oldest = r.open[0]
		r.open = slices.Delete(r.open, 0, 1)
	}
	r.open = append(r.open, guest)
	r.mu.Unlock()
	if oldest != nil {
		r.counter.Shed()
		oldest.abort()
	}
	return guest
}

func (r *room) leave(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := slices.Index(r.open, c); i >= 0 {
		r.open = slices.Delete(r.open, i, i+1)
	}
}

// conn is a connection on which a client may send so much and no more: net/http
// reads on after the header, to find the end of a body that nobody wants.
type conn struct {
	net.Conn

	left int
	room *room
}

var errTooLong = errors.New("request too long")

// Read reads what the client may still send.
func (c *conn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errTooLong
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

// Close closes the connection and makes room for another.
func (c *conn) Close() error {
	c.room.leave(c)
	return c.Conn.Close()
}

// abort closes the connection and has the kernel forget what the client has not
// read or sent.
func (c *conn) abort() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Conn.Close()
}
