package cluster

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// forward makes an address of the cluster's network one of the machine's,
// which it returns. It ends with the listener.
func (n *namespaces) forward(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("forward to the cluster: %w", err)
	}
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer near.Close()
				far, err := n.dial(address)
				if err != nil {
					return // the client sees a connection that ends
				}
				defer far.Close()
				go func() {
					_, _ = io.Copy(far, near) // the same
					far.Close()
				}()
				_, _ = io.Copy(near, far) // the same
			}()
		}
	}()
	return listener, nil
}

// dial connects from inside the cluster's network namespace. It must be called
// in a goroutine that ends: its thread goes with it.
func (n *namespaces) dial(address string) (net.Conn, error) {
	namespace, err := os.Open(filepath.Join("/proc", strconv.Itoa(n.init), "ns/net"))
	if err != nil {
		return nil, err
	}
	defer namespace.Close()
	runtime.LockOSThread() // and never unlocked: no other goroutine may get the thread
	if err := unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, err
	}
	return net.Dial("tcp", address)
}
