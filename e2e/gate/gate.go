// Package gate stands between the agent and containerd's API and lets tests
// choose what becomes of the agent's calls.
package gate

import (
	"fmt"
	"io"
	"net"
	"os"
	"sync"
)

// Mode is what the gate does with what the agent sends.
type Mode int

// The modes. The zero value lets everything pass.
const (
	Open   Mode = iota
	Hold        // nothing passes until the mode changes
	Refuse      // connections are closed
)

// A Gate listens on a unix socket and passes what comes in on to another.
type Gate struct {
	listener net.Listener
	target   string

	mu      sync.Mutex
	changed *sync.Cond
	mode    Mode
	held    int // calls that wait
	conns   map[net.Conn]bool
}

// New makes a gate at path before target.
func New(path, target string) (*Gate, error) {
	os.Remove(path)
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("gate: %w", err)
	}
	g := &Gate{listener: l, target: target, conns: map[net.Conn]bool{}}
	g.changed = sync.NewCond(&g.mu)
	go g.accept()
	return g, nil
}

// Set changes the mode. Refuse also closes the connections that there are.
func (g *Gate) Set(m Mode) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.mode = m
	if m == Refuse {
		for c := range g.conns {
			c.Close()
		}
	}
	g.changed.Broadcast()
}

// Held tells whether something waits at the gate.
func (g *Gate) Held() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.held > 0
}

// Close closes the gate and all connections.
func (g *Gate) Close() error {
	g.Set(Refuse)
	return g.listener.Close()
}

func (g *Gate) accept() {
	for {
		c, err := g.listener.Accept()
		if err != nil {
			return
		}
		go g.serve(c)
	}
}

func (g *Gate) serve(client net.Conn) {
	defer client.Close()
	if !g.enter(client) {
		return
	}
	defer g.leave(client)
	server, err := net.Dial("unix", g.target)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		defer client.Close()
		_, _ = io.Copy(client, server)
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if err != nil || !g.pass() {
			return
		}
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
	}
}

func (g *Gate) enter(c net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.mode == Refuse {
		return false
	}
	g.conns[c] = true
	return true
}

func (g *Gate) leave(c net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, c)
}

// pass waits while the gate holds and tells whether to go on.
func (g *Gate) pass() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held++
	for g.mode == Hold {
		g.changed.Wait()
	}
	g.held--
	return g.mode == Open
}
