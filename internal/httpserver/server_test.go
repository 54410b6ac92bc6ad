package httpserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sys/unix"
	"golang.org/x/time/rate"
)

// served is a server of a test.
type served struct {
	*Server

	t       *testing.T
	address string
	log     *strings.Builder

	accepted, shed atomic.Int64
}

func (s *served) Accepted() { s.accepted.Add(1) }
func (s *served) Shed()     { s.shed.Add(1) }

// serve serves a handler with other limits than the default ones.
func serve(t *testing.T, h http.HandlerFunc, change func(*limits)) *served {
	t.Helper()
	s := &served{t: t, log: &strings.Builder{}}
	log := logrus.New()
	log.SetOutput(s.log)
	s.Server = New(s, log)
	if change != nil {
		change(&s.limits)
	}
	address, err := s.Serve(t.Context(), "127.0.0.1:0", h)
	if err != nil {
		t.Fatal(err)
	}
	s.address = address.String()
	return s
}

func ok(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") }

// unpaced takes connections as they come.
func unpaced(l *limits) { l.pace, l.backlog = rate.Inf, 128 }

// dial connects and sends a text.
func (s *served) dial(text string) net.Conn {
	s.t.Helper()
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		s.t.Fatal(err)
	}
	_, _ = io.WriteString(c, text) // the server may have enough of it
	return c
}

// status is the status of the answer on a connection; 0 for none.
func status(c net.Conn) int {
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	return res.StatusCode
}

const get = "GET / HTTP/1.1\r\nHost: x\r\n"

func TestRequests(t *testing.T) {
	s := serve(t, ok, unpaced)
	filler := "X-A: " + strings.Repeat("a", 1000) + "\r\n"
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"plain":           {get + "\r\n", http.StatusOK},
		"some headers":    {get + strings.Repeat(filler, 3) + "\r\n", http.StatusOK},
		"big headers":     {get + strings.Repeat(filler, 10) + "\r\n", http.StatusRequestHeaderFieldsTooLarge},
		"endless headers": {get + strings.Repeat(filler, 10), http.StatusRequestHeaderFieldsTooLarge},
		"a body":          {get + "Content-Length: 2\r\n\r\nhi", http.StatusRequestEntityTooLarge},
		"chunks":          {get + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", http.StatusRequestEntityTooLarge},
		"semicolons":      {"GET /?a;b HTTP/1.1\r\nHost: x\r\n\r\n", http.StatusOK},
		"HTTP/2":          {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", http.StatusRequestEntityTooLarge},
	} {
		if got := status(s.dial(c.request)); got != c.status {
			t.Errorf("%s: status %d, want %d", name, got, c.status)
		}
	}
	if s.log.Len() > 0 {
		t.Errorf("clients make the log grow: %s", s.log)
	}
}

// TestBytesOfAConnection: what follows a header is not read, whatever it says.
func TestBytesOfAConnection(t *testing.T) {
	s := serve(t, ok, unpaced)
	c := s.dial(get + "Content-Length: 10000000\r\n\r\n")
	sent := 0
	for chunk := make([]byte, 64<<10); ; {
		n, err := c.Write(chunk)
		sent += n
		if err != nil {
			break
		}
	}
	if most := 4 << 20; sent > most { // what kernels hold
		t.Errorf("%d bytes were taken", sent)
	}
}

// TestNoKeepAlive: a connection has one request.
func TestNoKeepAlive(t *testing.T) {
	c := serve(t, ok, unpaced).dial(strings.Repeat(get+"\r\n", 2))
	got, _ := io.ReadAll(c)
	if n := strings.Count(string(got), "200 OK"); n != 1 || !strings.Contains(string(got), "Connection: close") {
		t.Errorf("%d answers: %q", n, got)
	}
}

// TestSlowClients have only so long for a request, however they come by it.
func TestSlowClients(t *testing.T) {
	s := serve(t, ok, func(l *limits) { unpaced(l); l.patience = 200 * time.Millisecond })
	for name, text := range map[string]string{"nothing": "", "a part": "GET / HT", "no end": get, "no body": get + "Content-Length: 5\r\n\r\n"} {
		start := time.Now()
		_, err := io.ReadAll(s.dial(text))
		if took := time.Since(start); took > 3*time.Second || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: the connection is closed after %s: %v", name, took, err)
		}
	}
	c := s.dial("")
	for range 40 { // a byte now and then
		if _, err := io.WriteString(c, "G"); err != nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("a client that sends a byte now and then stays")
}

// TestOldestGoes: with all seats taken a new client is served, and the oldest of
// those that have not finished loses its connection, and no other.
func TestOldestGoes(t *testing.T) {
	s := serve(t, ok, func(l *limits) { unpaced(l); l.open, l.patience = 3, time.Minute })
	var slow []net.Conn
	for i := range 3 {
		slow = append(slow, s.dial(get))
		waitFor(t, "accepted", func() bool { return s.accepted.Load() == int64(i+1) })
	}
	if got := status(s.dial(get + "\r\n")); got != http.StatusOK {
		t.Errorf("a quick client: status %d", got)
	}
	if _, err := slow[0].Read(make([]byte, 1)); !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("the oldest: %v", err)
	}
	for _, c := range slow[1:] {
		_, _ = io.WriteString(c, "\r\n")
		if got := status(c); got != http.StatusOK {
			t.Errorf("one that is not the oldest: status %d", got)
		}
	}
	if got := s.shed.Load(); got != 1 {
		t.Errorf("%v shed", got)
	}
}

// TestManyConnections: a quick client is served beside many slow ones.
func TestManyConnections(t *testing.T) {
	s := serve(t, ok, unpaced)
	for range 100 {
		s.dial(get)
	}
	if got := status(s.dial(get + "\r\n")); got != http.StatusOK {
		t.Errorf("status %d", got)
	}
	if got := s.shed.Load(); got != 101-32 {
		t.Errorf("%v shed", got)
	}
}

// TestPace: connections are accepted at a pace, after some at once.
func TestPace(t *testing.T) {
	s := serve(t, ok, func(l *limits) { l.pace, l.burst, l.backlog = 20, 10, 128 })
	start := time.Now()
	var clients sync.WaitGroup
	for range 30 {
		clients.Go(func() {
			if got := status(s.dial(get + "\r\n")); got != http.StatusOK {
				t.Errorf("status %d", got)
			}
		})
	}
	clients.Wait()
	if took := time.Since(start); took < 900*time.Millisecond {
		t.Errorf("30 connections took %s, of which 20 come after the burst", took)
	}
	if got := s.accepted.Load(); got != 30 {
		t.Errorf("%v accepted", got)
	}
}

// TestBacklog: connections that wait have their turn before the kubelet gives up;
// those beyond are the kernel's to drop.
func TestBacklog(t *testing.T) {
	l := defaultLimits()
	if wait := time.Duration(float64(l.backlog) / float64(l.pace) * float64(time.Second)); wait >= 2*time.Second {
		t.Errorf("the last one that waits has its turn after %s", wait)
	}
	s := serve(t, ok, func(l *limits) { l.pace, l.burst, l.backlog = 0.01, 1, 2 })
	connected := 0
	for range 20 {
		c, err := net.DialTimeout("tcp", s.address, 100*time.Millisecond)
		if err == nil {
			connected++
			t.Cleanup(func() { c.Close() })
		}
	}
	if connected > 1+3 { // the kernel has one more wait
		t.Errorf("%d connections", connected)
	}
}

// TestInFlight: requests whose connection was closed count until they end.
func TestInFlight(t *testing.T) {
	release, entered := make(chan struct{}), make(chan struct{}, 100)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { entered <- struct{}{}; <-release; ok(w, r) }, func(l *limits) { unpaced(l); l.inFlight = 2 })
	var held []net.Conn
	for range 2 {
		held = append(held, s.dial(get+"\r\n"))
		<-entered
	}
	waitFor(t, "refused", func() bool { return status(s.dial(get+"\r\n")) == http.StatusServiceUnavailable })
	close(release)
	for _, c := range held {
		if got := status(c); got != http.StatusOK {
			t.Errorf("status %d", got)
		}
	}
	waitFor(t, "served", func() bool { return status(s.dial(get+"\r\n")) == http.StatusOK })
}

// TestKernelBuffers: accepted connections have the small buffers and the timeout.
func TestKernelBuffers(t *testing.T) {
	l, err := listen(t.Context(), "127.0.0.1:0", 8)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]struct{ level, option, most int }{
		"receive buffer": {unix.SOL_SOCKET, unix.SO_RCVBUF, 2 * receiveBuffer}, // the kernel doubles it
		"send buffer":    {unix.SOL_SOCKET, unix.SO_SNDBUF, 2 * sendBuffer},
		"user timeout":   {unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 5000},
	} {
		var got int
		err := control(raw, func(fd int) (err error) { got, err = unix.GetsockoptInt(fd, o.level, o.option); return err })
		if err != nil || got == 0 || got > o.most {
			t.Errorf("%s: %d, %v", name, got, err)
		}
	}
}

func TestEnds(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	s := New(&served{}, logrus.New())
	address, err := s.Serve(ctx, "127.0.0.1:0", http.HandlerFunc(ok))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Serve(ctx, address.String(), nil); err == nil || !strings.HasPrefix(err.Error(), "listen for HTTP: ") {
		t.Errorf("an address that is taken: %v", err)
	}
	end()
	waitFor(t, "nobody listens", func() bool {
		c, err := net.Dial("tcp", address.String())
		if err == nil {
			c.Close()
		}
		return err != nil
	})
}

func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: never", what)
		}
	}
}
