package judge

import (
	"fmt"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/plugin/seal"
)

// Opener is how the seals of a runtime's containers are opened: where the
// complete spec of a container can be read before it starts, and written. Its
// methods may be called at the same time, and always return the same.
type Opener interface {
	// Name is the opener's name, as operators give it.
	Name() string

	// Seal are the hooks that keep a container from running; never nil. They must
	// not be edited.
	Seal() *specs.Hooks

	// Store is where the runtime keeps the specs of created containers; nil
	// where they are sent to Judge.Ask instead.
	Store() SpecStore

	// Adjusts reports whether specs can be written. Where not, only what NRI
	// itself carries is adjusted.
	Adjusts() bool
}

// Openers picks the opener for a runtime by the name that it gives itself. Without
// an error the opener is not nil. It may be called at the same time.
type Openers func(runtime string) (Opener, error)

// For is the opener for the runtime.
func (o Openers) For(runtime string) (Opener, error) {
	opener, err := o(runtime)
	if err != nil {
		return nil, fmt.Errorf("no opener for the runtime %q: %w", runtime, err)
	}
	return opener, nil
}

// InStore opens seals in the store of the container runtime.
type InStore struct{ Specs SpecStore }

// Name is "containerd": no other runtime has a store that can be written.
func (InStore) Name() string { return "containerd" }

// Seal cannot be passed.
func (InStore) Seal() *specs.Hooks { return pending() }

// Store is the store.
func (o InStore) Store() SpecStore { return o.Specs }

// Adjusts is true.
func (InStore) Adjusts() bool { return true }

// ByWrapper has the OCI runtime wrapper open seals: it sends the spec to
// Judge.Ask and takes the adjusted one. A runtime handler that is not wrapped runs the
// seal, which can only refuse.
type ByWrapper struct {
	Program string // specguard-runtime, as the host names it
}

// Name is "runtime".
func (ByWrapper) Name() string { return "runtime" }

// Seal is passed when Judge.Ask allows the container.
func (o ByWrapper) Seal() *specs.Hooks { return verifier(o.Program) }

// Store is nil.
func (ByWrapper) Store() SpecStore { return nil }

// Adjusts is true.
func (ByWrapper) Adjusts() bool { return true }

// ByHook opens nothing: the seal is a hook that sends the final spec to Judge.Ask,
// and lets the container pass or not.
type ByHook struct {
	Program string // specguard-runtime, as the host names it
}

// Name is "verify".
func (ByHook) Name() string { return "verify" }

// Seal is passed when Judge.Ask allows the container.
func (o ByHook) Seal() *specs.Hooks { return verifier(o.Program) }

// Store is nil.
func (ByHook) Store() SpecStore { return nil }

// Adjusts is false.
func (ByHook) Adjusts() bool { return false }

func pending() *specs.Hooks { return seal.Closed(seal.Pending) }

// hookTimeout bounds the seal's hook, in seconds. The program ends by itself
// long before.
const hookTimeout = 60

func verifier(program string) *specs.Hooks {
	h, timeout := seal.Verifier(program), hookTimeout
	h.Timeout = &timeout
	return &specs.Hooks{CreateRuntime: []specs.Hook{h}}
}
