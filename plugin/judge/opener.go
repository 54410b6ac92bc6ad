package judge

import (
	"fmt"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/plugin/seal"
)

// Opener is the way to open seals on one kind of runtime: how to read a container's
// complete spec before it starts, and how to write it. It must be safe for concurrent use,
// and its methods always return the same.
type Opener interface {
	// Name returns the opener's name, as in the option --opener.
	Name() string

	// Seal returns the hooks that keep a container from running; never nil. The caller must
	// not edit them.
	Seal() *specs.Hooks

	// Store returns the store in which the runtime keeps the specs of created containers;
	// nil if programs send the specs to Judge.Ask instead.
	Store() SpecStore

	// Adjusts reports whether specs can be written. If not, only what NRI itself has fields
	// for is adjusted.
	Adjusts() bool
}

// Openers returns the opener for a runtime by the runtime's own name; never nil without an
// error. It must be safe for concurrent use.
type Openers func(runtime string) (Opener, error)

// For returns the opener for the runtime. Its error names the runtime.
func (o Openers) For(runtime string) (Opener, error) {
	opener, err := o(runtime)
	if err != nil {
		return nil, fmt.Errorf("no opener for the runtime %q: %w", runtime, err)
	}
	return opener, nil
}

// InStore opens seals in the container runtime's store.
type InStore struct{ Specs SpecStore }

// Name returns "containerd": no other runtime has a store that can be written.
func (InStore) Name() string { return "containerd" }

// Seal returns a seal that always fails.
func (InStore) Seal() *specs.Hooks { return pending() }

// Store returns the store.
func (o InStore) Store() SpecStore { return o.Specs }

// Adjusts returns true.
func (InStore) Adjusts() bool { return true }

// ByWrapper leaves it to the OCI runtime wrapper to open seals: the wrapper sends the spec
// to Judge.Ask and runs the adjusted one. If a runtime handler does not call the wrapper,
// the OCI runtime runs the seal's hook, which can only refuse.
type ByWrapper struct {
	Program string // specguard-runtime, by the host's path
}

// Name returns "runtime".
func (ByWrapper) Name() string { return "runtime" }

// Seal returns a hook that succeeds if Judge.Ask allows the container.
func (o ByWrapper) Seal() *specs.Hooks { return verifier(o.Program) }

// Store returns nil.
func (ByWrapper) Store() SpecStore { return nil }

// Adjusts returns true.
func (ByWrapper) Adjusts() bool { return true }

// ByHook opens no seals. The seal is a hook that sends the final spec to Judge.Ask, and
// lets the container start or not.
type ByHook struct {
	Program string // specguard-runtime, by the host's path
}

// Name returns "verify".
func (ByHook) Name() string { return "verify" }

// Seal returns a hook that succeeds if Judge.Ask allows the container.
func (o ByHook) Seal() *specs.Hooks { return verifier(o.Program) }

// Store returns nil.
func (ByHook) Store() SpecStore { return nil }

// Adjusts returns false.
func (ByHook) Adjusts() bool { return false }

func pending() *specs.Hooks { return seal.Closed(seal.Pending) }

// hookTimeout limits the seal's hook, in seconds. The program itself ends long before.
const hookTimeout = 60

func verifier(program string) *specs.Hooks {
	h, timeout := seal.Verifier(program), hookTimeout
	h.Timeout = &timeout
	return &specs.Hooks{CreateRuntime: []specs.Hook{h}}
}
