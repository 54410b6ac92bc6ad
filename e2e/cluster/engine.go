package cluster

import (
	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/scope"
)

// An engine is what differs between containerd and CRI-O.
type engine interface {
	// files are the configuration, by path on the node.
	files() map[string]string
	// command is the daemon with its arguments.
	command() []string
	// socket is where CRI is served, on the node.
	socket() string
	// imports are the commands that put an archive's images on the node.
	imports(transport, archive string, names []string) [][]string
}

func (c *Cluster) newEngine() engine {
	overlay := scope.CanOverlay(c.Dir())
	if c.options.Programs.Release.Project == build.ProjectCRIO {
		return crio{options: c.options, overlay: overlay}
	}
	return containerd{options: c.options, overlay: overlay}
}
