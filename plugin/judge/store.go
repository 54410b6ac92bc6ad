package judge

import (
	"context"

	"github.com/specguard/specguard/policy"
)

// Stored is a container as the runtime keeps it between creation and start.
type Stored struct {
	Spec  []byte // the OCI spec, as JSON
	Image string // the image reference; "" if the store does not show it

	// Runtime is the runtime's name for what runs the container, such as
	// io.containerd.runc.v2; "" if the OCI runtime itself sends the spec.
	Runtime string

	// Seccomp is the seccomp profile that the container asked the runtime for.
	Seccomp SeccompRequest

	// ImageUnseen: the store does not show the image, and nothing else will.
	ImageUnseen bool
}

// SeccompRequest is the seccomp profile that a container asked its runtime for: by name, or
// as a file of the node. The zero value: not known.
type SeccompRequest struct {
	Name      policy.SeccompPattern // RuntimeDefault or Unconfined
	Localhost string
}

// SpecStore is the store in which the runtime keeps the specs of created containers. The
// runtime reads them there when it starts a container or runs a process in it. A SpecStore
// must be safe for concurrent use. It is an error if the container or sandbox does not
// exist or cannot be read.
type SpecStore interface {
	// Get reads a container. The caller may keep and edit the spec.
	Get(ctx context.Context, id string) (Stored, error)

	// Put replaces the container's spec, even if it has changed since Get.
	Put(ctx context.Context, id string, spec []byte) error

	// Sandbox returns what a pod has that its containers' specs do not show. id is the ID of
	// the pod's sandbox. The result is not nil without an error, so that what cannot be read
	// never counts as absent.
	Sandbox(ctx context.Context, id string) (*policy.Sandbox, error)
}

// Processes knows the processes of containers. A SpecStore may implement it. It must be
// safe for concurrent use.
type Processes interface {
	// Process returns the process ID of a created container's first process, as the node
	// sees it. It is never 0 without an error.
	Process(ctx context.Context, id string) (pid uint32, err error)
}

// Stopper stops containers. A SpecStore may implement it. It must be safe for concurrent
// use.
type Stopper interface {
	// Stop kills the container's first process. It is no error if the container does not run
	// or does not exist.
	Stop(ctx context.Context, id string) error
}
