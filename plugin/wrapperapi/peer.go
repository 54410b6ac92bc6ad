package wrapperapi

import (
	"errors"
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// errNotRoot: the peer is not root.
var errNotRoot = errors.New("the other side of the socket is not root")

// fromRoot checks that root has opened the other side of the connection. The kernel tells
// (unix(7), SO_PEERCRED).
func fromRoot(conn *net.UnixConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return fmt.Errorf("peer credentials: %w", err)
	}
	var cred *unix.Ucred
	var credErr error
	if err := raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return fmt.Errorf("peer credentials: %w", err)
	}
	if credErr != nil {
		return fmt.Errorf("peer credentials: %w", credErr)
	}
	if cred.Uid != 0 {
		return errNotRoot
	}
	return nil
}
