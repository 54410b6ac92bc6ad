package judge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/specguard/specguard/plugin/ociruntime"
	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/policy"
)

// Handlers says what runs the containers of pods, by runtime handler.
type Handlers struct {
	// Tested lists the handlers whose OCI runtimes an operator has tested: they run the
	// hooks of seals, and stop if one fails.
	Tested []string

	// Configured reads what runs a handler's containers from the container runtime's
	// configuration on the host. It must be safe for concurrent use. nil: the configuration
	// cannot be seen.
	Configured func(runtime, handler string) (ociruntime.Runtime, error)
}

// HandlerStore knows what runs a pod's containers. A SpecStore may implement it. It must be
// safe for concurrent use.
type HandlerStore interface {
	// Runtime returns what runs the pod's containers. sandbox is the ID of its sandbox. If
	// the store does not know, that is an error.
	Runtime(ctx context.Context, sandbox string) (ociruntime.Runtime, error)
}

// sealChecks remembers which handlers' OCI runtimes run seals, until the runtime connects
// again. It remembers for only a moment that this could not be found out.
type sealChecks struct {
	mu        sync.Mutex
	byHandler map[string]sealCheck
}

// sealCheck is the result for one handler: its error is nil if the OCI runtime runs seals.
type sealCheck struct {
	err error
	end time.Time // from when on it is looked up again; zero for never
}

func (c *sealChecks) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.byHandler = nil
}

func (c *sealChecks) get(handler string) (err error, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	check, ok := c.byHandler[handler]
	if !check.end.IsZero() && !time.Now().Before(check.end) {
		return nil, false
	}
	return check.err, ok
}

const (
	// maxHandlers limits how many handlers are remembered. A node has a few.
	maxHandlers = 100

	// unknownLasts is how long a failed lookup is not repeated. It is short, because one pod
	// or one moment may have caused the failure.
	unknownLasts = 5 * time.Second
)

func (c *sealChecks) put(handler string, err error, found bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byHandler == nil || len(c.byHandler) >= maxHandlers {
		c.byHandler = make(map[string]sealCheck)
	}
	check := sealCheck{err: err}
	if !found {
		check.end = time.Now().Add(unknownLasts)
	}
	c.byHandler[handler] = check
}

// checkRunsSeals returns an error if the OCI runtime of the pod's handler is not known to
// run the seal. Then only an answer to NRI can keep the container from running.
func (j *Judge) checkRunsSeals(ctx context.Context, pod policy.Pod, opener Opener) error {
	handler := pod.RuntimeHandler
	if slices.Contains(j.Handlers.Tested, handler) {
		return nil
	}
	if err, ok := j.runsSeals.get(handler); ok {
		return err
	}
	runtime, unknown := j.ociRuntime(ctx, handler, pod.ID, opener)
	err := j.checkRuntime(handler, runtime, unknown, opener)
	if ctx.Err() == nil {
		j.runsSeals.put(handler, err, unknown == nil)
	}
	return err
}

// checkRuntime judges what was found out, and logs it.
func (j *Judge) checkRuntime(handler string, runtime ociruntime.Runtime, unknown error, opener Opener) error {
	log := j.Log.WithField("runtimeHandler", handler)
	switch {
	case unknown == nil && runtime.Runs(len(opener.Seal().CreateContainer) > 0):
		return nil
	case unknown == nil:
		unknown = fmt.Errorf("it is %s", runtime)
	case ordinary(handler):
		log.WithError(unknown).Warn("cannot find out which OCI runtime the runtime handler has: assumed to run seals (OCI hooks)")
		return nil
	}
	log.WithError(unknown).Error("the OCI runtime of the runtime handler is not known to run seals (OCI hooks): containers that need a " +
		"seal are refused (testedHandlers)")
	return fmt.Errorf("%srefused: the OCI runtime of the runtime handler %q is not known to run the hooks that keep a container from "+
		"starting (%w); after a test, name the handler in testedHandlers of the agent's configuration",
		seal.Prefix, handler, unknown)
}

// ordinary reports whether a node has the handler by default.
func ordinary(handler string) bool { return slices.Contains([]string{"", "runc", "crun"}, handler) }

// ociRuntime finds out what runs the pod's containers, from the runtime's store or its
// configuration.
func (j *Judge) ociRuntime(ctx context.Context, handler, sandbox string, opener Opener) (ociruntime.Runtime, error) {
	var unknown error
	if store, ok := opener.Store().(HandlerStore); ok {
		runtime, err := store.Runtime(ctx, sandbox)
		if err == nil {
			return runtime, nil
		}
		unknown = err
	}
	if j.Handlers.Configured != nil {
		runtime, err := j.Handlers.Configured(j.Connection.Runtime().Name, handler)
		if err == nil {
			return runtime, nil
		}
		return runtime, errors.Join(unknown, err)
	}
	if unknown == nil {
		unknown = errors.New("cannot see the container runtime's store or its configuration")
	}
	return ociruntime.Runtime{}, unknown
}
