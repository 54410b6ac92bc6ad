package judge

import (
	"context"

	"github.com/specguard/specguard/policy"
)

// Stored is a container as the runtime keeps it between creation and start.
type Stored struct {
	Spec  []byte // the OCI spec, as JSON
	Image string // the image reference; "" where the store does not tell

	// Runtime is the runtime's name for what runs the container, such as
	// io.containerd.runc.v2; "" where it is the OCI runtime that asks.
	Runtime string

	// Seccomp is the seccomp profile that the container asked the runtime for.
	Seccomp SeccompRequest

	// ImageUnseen: the store does not tell the image, and nothing else will.
	ImageUnseen bool
}

// SeccompRequest is the seccomp profile that a container asked its runtime for: one
// that has a name, or a file of the node. Empty: not known.
type SeccompRequest struct {
	Name      policy.SeccompPattern // RuntimeDefault or Unconfined
	Localhost string
}

// SpecStore is where the runtime keeps the specs of created containers, and
// takes them from when it starts a container or runs a process in it. Its methods
// may be called at the same time. A container or sandbox that is not there is an
// error, as is whatever cannot be read.
type SpecStore interface {
	// Get reads a container. Its spec belongs to the caller.
	Get(ctx context.Context, id string) (Stored, error)

	// Put writes a container's spec over the one that is there, whatever it is by then.
	Put(ctx context.Context, id string, spec []byte) error

	// Sandbox is what a pod has that its containers' specs do not show, by the id
	// of the pod's sandbox. Without an error it is not nil: what cannot be read is
	// never taken for nothing.
	Sandbox(ctx context.Context, id string) (*policy.Sandbox, error)
}

// Processes knows the processes of containers. A SpecStore may implement it. Its method may
// be called at the same time.
type Processes interface {
	// Process is the first process of a created container, by the node's ids; never
	// 0 without an error.
	Process(ctx context.Context, id string) (pid uint32, err error)
}

// Stopper stops containers. A SpecStore may implement it. Its method may be called at the
// same time.
type Stopper interface {
	// Stop kills the container's first process. A container that does not run
	// is no error.
	Stop(ctx context.Context, id string) error
}
