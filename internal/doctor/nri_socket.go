package doctor

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"path"
	"syscall"
)

// checkNRISocket reports whether NRI's socket is there, accepts connections, and is
// out of reach for others. A connection that is closed at once does nothing:
// NRI logs that a plugin failed to register and goes on (github.com/containerd/nri,
// pkg/adaptation).
func checkNRISocket(ctx context.Context, n *Node) []Finding {
	info, err := n.own.Stat(n.NRISocket)
	if err != nil {
		return []Finding{problem(n.switchNRIOn(), "%v", err)}
	}
	var out []Finding
	if f := n.own.reachable(n.NRISocket, info); f != nil {
		out = append(out, *f)
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", n.NRISocket)
	if err != nil {
		return append(out, problem(n.switchNRIOn(), "nobody accepts connections: %v", err))
	}
	_ = conn.Close()
	return append(out, ok("%s accepts connections", n.NRISocket))
}

// switchNRIOn says how to, for the runtimes that there are.
func (n *Node) switchNRIOn() string {
	advice := "start the runtime with NRI on"
	for i, r := range n.runtimes {
		separator := ": "
		if i > 0 {
			separator = ", or "
		}
		advice += fmt.Sprintf("%s%s in %s", separator, r.config.Terms.On, r.config.Path)
	}
	return advice + "; or name its socket: --nri-socket"
}

// reachable finds fault with a socket that others can connect to, or with the
// folder that should keep them out; nil if there is none. To connect takes
// the right to write the socket (unix(7)).
func (f files) reachable(socket string, info fs.FileInfo) *Finding {
	fault := func(finding Finding) *Finding { return &finding }
	const advice = "let only root own it, in a folder of mode 0700"
	if info.Mode().Type() != fs.ModeSocket {
		return fault(problem("name the socket", "%s is not a socket", socket))
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || stat.Uid != 0 && stat.Uid != f.owner {
		return fault(problem(advice, "%s does not belong to root", socket))
	}
	dir := path.Dir(socket)
	folder, err := f.Stat(dir)
	if err != nil {
		return fault(problem(advice, "%v", err))
	}
	stat, ok := folder.Sys().(*syscall.Stat_t)
	switch open := folder.Mode().Perm()&0o011 != 0; {
	case !ok || stat.Uid != 0 && stat.Uid != f.owner:
		return fault(problem(advice, "%s does not belong to root", dir))
	case open && info.Mode().Perm()&0o002 != 0:
		return fault(problem(advice, "others can connect to %s (mode %04o, folder %04o)", socket, info.Mode().Perm(), folder.Mode().Perm()))
	case open:
		return fault(warning(advice, "others can enter %s (mode %04o); only the mode of %s itself keeps them from connecting",
			dir, folder.Mode().Perm(), socket))
	default:
		return nil
	}
}
