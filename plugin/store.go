package plugin

import "context"

// Stored is a container as the runtime keeps it between creation and start.
type Stored struct {
	Spec  []byte // the OCI spec, as JSON
	Image string // the image reference
}

// SpecStore is where the runtime keeps the specs of created containers, and
// takes them from when it starts a container or runs a process in it.
type SpecStore interface {
	Get(ctx context.Context, id string) (Stored, error)
	Put(ctx context.Context, id string, spec []byte) error
}
