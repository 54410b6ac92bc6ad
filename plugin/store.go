package plugin

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
	Seccomp Asked

	// ImageUnseen: the store does not tell the image, and nothing else will.
	ImageUnseen bool
}

// SpecStore is where the runtime keeps the specs of created containers, and
// takes them from when it starts a container or runs a process in it.
type SpecStore interface {
	Get(ctx context.Context, id string) (Stored, error)
	Put(ctx context.Context, id string, spec []byte) error

	// Sandbox tells what a pod has that its containers' specs do not show, by
	// the id of the pod's sandbox. It never takes what it cannot read for
	// nothing: that is an error.
	Sandbox(ctx context.Context, id string) (*policy.Sandbox, error)
}

// Stopper is a SpecStore that can stop a container, or whatever else can.
type Stopper interface {
	// Stop kills the container's first process. A container that does not run
	// is no error.
	Stop(ctx context.Context, id string) error
}
