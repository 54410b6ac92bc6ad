package plugin

import (
	"github.com/containerd/nri/pkg/api"

	"github.com/specguard/specguard/plugin/seal"
)

// Opener is how the seals of a runtime's containers are opened: where the
// complete spec of a container can be read before it starts, and written.
type Opener interface {
	// Name is the opener's name, as operators give it.
	Name() string

	// Seal are the hooks that keep a container from running.
	Seal() *api.Hooks

	// Store is where the runtime keeps the specs of created containers; nil
	// where they are brought to Judge instead.
	Store() SpecStore

	// Adjusts tells whether specs can be written. Where not, only what NRI
	// itself carries is adjusted.
	Adjusts() bool
}

// Openers picks the opener for a runtime by the name that it gives itself.
type Openers func(runtime string) (Opener, error)

// InStore opens seals in the store of the container runtime.
type InStore struct{ Specs SpecStore }

// Name is "containerd": no other runtime has a store that can be written.
func (InStore) Name() string { return "containerd" }

// Seal cannot be passed.
func (InStore) Seal() *api.Hooks { return pending() }

// Store is the store.
func (o InStore) Store() SpecStore { return o.Specs }

// Adjusts is true.
func (InStore) Adjusts() bool { return true }

// ByWrapper has the OCI runtime wrapper open seals: it brings the spec to Judge
// and takes the adjusted one. A runtime handler that is not wrapped runs the
// seal, which can only refuse.
type ByWrapper struct {
	Program string // specguard-runtime, as the host names it
}

// Name is "runtime".
func (ByWrapper) Name() string { return "runtime" }

// Seal is passed when Judge allows the container.
func (o ByWrapper) Seal() *api.Hooks { return verifier(o.Program) }

// Store is nil.
func (ByWrapper) Store() SpecStore { return nil }

// Adjusts is true.
func (ByWrapper) Adjusts() bool { return true }

// ByHook opens nothing: the seal is a hook that brings the final spec to Judge,
// and lets the container pass or not.
type ByHook struct {
	Program string // specguard-runtime, as the host names it
}

// Name is "verify".
func (ByHook) Name() string { return "verify" }

// Seal is passed when Judge allows the container.
func (o ByHook) Seal() *api.Hooks { return verifier(o.Program) }

// Store is nil.
func (ByHook) Store() SpecStore { return nil }

// Adjusts is false.
func (ByHook) Adjusts() bool { return false }

func pending() *api.Hooks { return api.FromOCIHooks(seal.Closed(seal.Pending)) }

// hookTimeout bounds the seal's hook, in seconds. The program ends by itself
// long before.
const hookTimeout = 60

func verifier(program string) *api.Hooks {
	h := seal.Verifier(program)
	return &api.Hooks{CreateRuntime: []*api.Hook{{Path: h.Path, Args: h.Args, Timeout: api.Int(hookTimeout)}}}
}
