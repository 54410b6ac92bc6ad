package node

import (
	"fmt"
	"os"
	"path/filepath"
)

// maxSocketPath is the kernel's limit for the path of a unix socket.
const maxSocketPath = 107

// paths are the places that make up a node, all below one folder.
type paths struct {
	dir, root, state, cni, logs      string
	socket, config, daemonLog        string
	nriSocket, nriPlugins, nriConfig string
	images                           string
}

// newPaths makes the folders of a node whose daemon has a name. The base is
// short because sockets lie below it.
func newPaths(daemon string) (paths, error) {
	dir, err := os.MkdirTemp("", "sg-")
	if err != nil {
		return paths{}, fmt.Errorf("make node folder: %w", err)
	}
	// Whoever is root in a user namespace has to get through it.
	if err := os.Chmod(dir, 0o711); err != nil {
		os.RemoveAll(dir)
		return paths{}, fmt.Errorf("make node folder: %w", err)
	}
	in := func(elem ...string) string { return filepath.Join(append([]string{dir}, elem...)...) }
	p := paths{
		dir: dir, root: in("root"), state: in("state"), cni: in("cni"), logs: in("pods"),
		socket: in(daemon + ".sock"), config: in(daemon + ".toml"), daemonLog: in(daemon + ".log"),
		nriSocket: in("nri.sock"), nriPlugins: in("nri", "plugins"), nriConfig: in("nri", "conf.d"),
		images: in("images.tar"),
	}
	if longest := p.socket + ".ttrpc"; len(longest) > maxSocketPath {
		os.RemoveAll(dir)
		return paths{}, fmt.Errorf("make node folder: the temporary folder's name is too long for sockets: %s", longest)
	}
	for _, folder := range []string{p.root, p.state, p.cni, p.logs, p.nriPlugins, p.nriConfig} {
		if err := os.MkdirAll(folder, 0o711); err != nil {
			os.RemoveAll(dir)
			return paths{}, fmt.Errorf("make node folder: %w", err)
		}
	}
	return p, nil
}
