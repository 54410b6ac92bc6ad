package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

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

// By the annotation a pod's author has containerd run the pod by the handler
// untrusted. NRI tells the handler that was asked for, which is none.
const (
	untrusted           = "untrusted"
	untrustedAnnotation = "io.kubernetes.cri.untrusted-workload"
)

// handlerOf is the runtime handler by which the pod runs.
func handlerOf(runtime string, pod *api.PodSandbox) string {
	if runtime == containerd && pod.GetRuntimeHandler() == "" && pod.GetAnnotations()[untrustedAnnotation] == "true" {
		return untrusted
	}
	return pod.GetRuntimeHandler()
}

// verdicts remember what was found out of handlers, as long as the connection
// lasts, and for a moment where nothing was.
type verdicts struct {
	mu        sync.Mutex
	byHandler map[string]remembered
}

// remembered is an error unless the OCI runtime runs seals.
type remembered struct {
	err error
	end time.Time // from when on it is asked for again; zero for never
}

func (v *verdicts) reset() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.byHandler = nil
}

func (v *verdicts) get(handler string) (err error, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	found, ok := v.byHandler[handler]
	if !found.end.IsZero() && !time.Now().Before(found.end) {
		return nil, false
	}
	return found.err, ok
}

const (
	// maxVerdicts bounds how many handlers are remembered: a node has a few.
	maxVerdicts = 100

	// unknownLasts is for how long nobody is asked again who did not know: what
	// cannot be read for one pod, or for a moment, is not about all of them.
	unknownLasts = 5 * time.Second
)

func (v *verdicts) put(handler string, err error, known bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.byHandler == nil || len(v.byHandler) >= maxVerdicts {
		v.byHandler = make(map[string]remembered)
	}
	found := remembered{err: err}
	if !known {
		found.end = time.Now().Add(unknownLasts)
	}
	v.byHandler[handler] = found
}

// runsSeals is an error where the OCI runtime of the pod's handler is not known
// to run the seal: then nothing but an answer to NRI keeps a container from
// running.
func (p *Plugin) runsSeals(ctx context.Context, pod *api.PodSandbox, opener Opener) error {
	handler := handlerOf(p.conn.runtimeName(), pod)
	if slices.Contains(p.Handlers.Tested, handler) {
		return nil
	}
	if err, ok := p.verdicts.get(handler); ok {
		return err
	}
	runtime, unknown := p.ociRuntime(ctx, handler, pod.GetId(), opener)
	err := p.verdict(handler, runtime, unknown, opener)
	if ctx.Err() == nil {
		p.verdicts.put(handler, err, unknown == nil)
	}
	return err
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
