package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/containerd/nri/pkg/api"

	"github.com/specguard/specguard/plugin/ociruntime"
	"github.com/specguard/specguard/plugin/seal"
)

// Handlers say what runs the containers of pods, by their runtime handlers.
type Handlers struct {
	// Tested lists handlers whose OCI runtimes an operator has tested: they run
	// the hooks that seals are, and stop where one fails.
	Tested []string

	// Configured reads the container runtime's configuration on the host.
	Configured func(runtime, handler string) (ociruntime.Runtime, error)
}

// RuntimeTeller is a SpecStore that knows what runs a pod's containers.
type RuntimeTeller interface {
	// Runtime tells it by the id of the pod's sandbox.
	Runtime(ctx context.Context, sandbox string) (ociruntime.Runtime, error)
}

// verdicts remember what was found out of handlers, as long as the connection
// lasts: nil where the OCI runtime runs seals.
type verdicts struct {
	mu        sync.Mutex
	byHandler map[string]error
}

func (v *verdicts) reset() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.byHandler = nil
}

func (v *verdicts) get(handler string) (verdict error, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	verdict, ok = v.byHandler[handler]
	return verdict, ok
}

// maxVerdicts bounds how many handlers are remembered: a node has a few.
const maxVerdicts = 100

func (v *verdicts) put(handler string, verdict error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.byHandler == nil || len(v.byHandler) >= maxVerdicts {
		v.byHandler = make(map[string]error)
	}
	v.byHandler[handler] = verdict
}

// runsSeals is an error where the OCI runtime of the pod's handler is not known
// to run the seal: then nothing but an answer to NRI keeps a container from
// running.
func (p *Plugin) runsSeals(ctx context.Context, pod *api.PodSandbox, opener Opener) error {
	handler := pod.GetRuntimeHandler()
	if slices.Contains(p.Handlers.Tested, handler) {
		return nil
	}
	if verdict, ok := p.verdicts.get(handler); ok {
		return verdict
	}
	runtime, unknown := p.ociRuntime(ctx, handler, pod.GetId(), opener)
	verdict := p.verdict(handler, runtime, unknown, opener)
	if ctx.Err() == nil {
		p.verdicts.put(handler, verdict)
	}
	return verdict
}

// verdict judges what was found out, and tells it in the log.
func (p *Plugin) verdict(handler string, runtime ociruntime.Runtime, unknown error, opener Opener) error {
	log := p.Log.WithField("runtimeHandler", handler)
	switch {
	case unknown == nil && runtime.Runs(len(opener.Seal().GetCreateContainer()) > 0):
		return nil
	case unknown == nil:
		unknown = fmt.Errorf("it is %s", runtime)
	case ordinary(handler):
		log.WithError(unknown).Warn("nothing tells which OCI runtime the runtime handler has: it is taken for one that runs the hooks that seals are")
		return nil
	}
	log.WithError(unknown).Error("the OCI runtime of the runtime handler is not known to run the hooks that seals are: containers that need a seal are refused (testedHandlers)")
	return fmt.Errorf("%srefused: the OCI runtime of the runtime handler %q is not known to run the hooks that keep a container from starting (%w); after a test, name the handler in testedHandlers of the agent's configuration",
		seal.Prefix, handler, unknown)
}

// ordinary tells whether the handler is one that a node has by default.
func ordinary(handler string) bool { return slices.Contains([]string{"", "runc", "crun"}, handler) }

// ociRuntime finds out what runs the pod's containers: from the container
// runtime's store, or from its configuration.
func (p *Plugin) ociRuntime(ctx context.Context, handler, sandbox string, opener Opener) (ociruntime.Runtime, error) {
	var untold error
	if store, ok := opener.Store().(RuntimeTeller); ok {
		runtime, err := store.Runtime(ctx, sandbox)
		if err == nil {
			return runtime, nil
		}
		untold = err
	}
	if p.Handlers.Configured != nil {
		runtime, err := p.Handlers.Configured(p.conn.runtimeName(), handler)
		if err == nil {
			return runtime, nil
		}
		return runtime, errors.Join(untold, err)
	}
	if untold == nil {
		untold = errors.New("neither the container runtime's store nor its configuration is seen")
	}
	return ociruntime.Runtime{}, untold
}
