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

// Handlers say what runs the containers of pods, by their runtime handlers.
type Handlers struct {
	// Tested lists handlers whose OCI runtimes an operator has tested: they run
	// the hooks that seals are, and stop where one fails.
	Tested []string

	// Configured reads the container runtime's configuration on the host; nil where
	// it cannot be seen. It may be called at the same time.
	Configured func(runtime, handler string) (ociruntime.Runtime, error)
}

// HandlerStore knows what runs a pod's containers. A SpecStore may implement it. Its method
// may be called at the same time.
type HandlerStore interface {
	// Runtime is found by the id of the pod's sandbox. An error where the store does
	// not know.
	Runtime(ctx context.Context, sandbox string) (ociruntime.Runtime, error)
}

// sealChecks remember which handlers' OCI runtimes run seals, as long as the
// connection lasts, and for a moment where that could not be found out.
type sealChecks struct {
	mu        sync.Mutex
	byHandler map[string]sealCheck
}

// sealCheck is an error unless the OCI runtime runs seals.
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
	// maxHandlers bounds how many handlers are remembered: a node has a few.
	maxHandlers = 100

	// unknownLasts is for how long what was not found out is not looked up again: what
	// cannot be read for one pod, or for a moment, is not about all of them.
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

// checkRunsSeals is an error where the OCI runtime of the pod's handler is not known
// to run the seal: then nothing but an answer to NRI keeps a container from
// running.
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

// ordinary reports whether the handler is one that a node has by default.
func ordinary(handler string) bool { return slices.Contains([]string{"", "runc", "crun"}, handler) }

// ociRuntime finds out what runs the pod's containers: from the container
// runtime's store, or from its configuration.
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
