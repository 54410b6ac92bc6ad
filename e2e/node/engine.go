package node

import (
	"context"
	"os/exec"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/scope"
)

// An engine is what differs between containerd and CRI-O.
type engine interface {
	// prepare is called once, before all else.
	prepare() error
	// configure writes the daemon's configuration; env is for the OCI runtime.
	configure(env []string) error
	// command starts the daemon; env is for the OCI runtime.
	command(env []string) *exec.Cmd
	// importImages imports the archive of images, with the daemon running.
	importImages(ctx context.Context, archive string, names []string) error
	// specFile is the file that holds what a container runs with; "" if CRI
	// tells it.
	specFile(id string) string
	// storage are folders of the daemon's besides root and state.
	storage() []string
}

// newEngine returns the engine of the release in o.
func newEngine(o Options, p paths) engine {
	overlay := scope.CanOverlay(p.root)
	if o.Programs.Release.Project == build.ProjectCRIO {
		return crio{options: o, paths: p, overlay: overlay}
	}
	return containerd{options: o, paths: p, overlay: overlay}
}
