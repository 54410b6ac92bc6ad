// Package other is an NRI plugin other than specguard, in the test's own
// process: it brings what no pod can ask for.
package other

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/containerd/nri/pkg/api"
	"github.com/containerd/nri/pkg/stub"
)

const readyTimeout = 15 * time.Second

// Adjust says what the plugin wants for a container; nil for nothing.
type Adjust func(pod *api.PodSandbox, ctr *api.Container) *api.ContainerAdjustment

// Start connects the plugin to NRI's socket. NRI calls it before specguard. It
// stays until stop is called.
func Start(ctx context.Context, socket string, adjust Adjust) (stop func(), err error) {
	p := &plugin{adjust: adjust, ready: make(chan struct{})}
	s, err := stub.New(p, stub.WithPluginName("other"), stub.WithPluginIdx("10"), stub.WithSocketPath(socket), stub.WithLogger(silent{}))
	if err != nil {
		return nil, fmt.Errorf("other plugin: %w", err)
	}
	if err := s.Start(context.WithoutCancel(ctx)); err != nil {
		return nil, fmt.Errorf("other plugin: %w", err)
	}
	select {
	case <-p.ready:
		return s.Stop, nil
	case <-time.After(readyTimeout):
		s.Stop()
		return nil, errors.New("other plugin: the runtime has not accepted it")
	}
}

type plugin struct {
	adjust Adjust
	ready  chan struct{}
}

// Configure subscribes to what every version of NRI knows.
func (*plugin) Configure(context.Context, string, string, string) (stub.EventMask, error) {
	var events api.EventMask
	events.Set(api.Event_CREATE_CONTAINER)
	return events, nil
}

// Synchronize is the last step before the plugin is called.
func (p *plugin) Synchronize(context.Context, []*api.PodSandbox, []*api.Container) ([]*api.ContainerUpdate, error) {
	close(p.ready)
	return nil, nil
}

// CreateContainer adjusts a container.
func (p *plugin) CreateContainer(_ context.Context, pod *api.PodSandbox, ctr *api.Container) (*api.ContainerAdjustment,
	[]*api.ContainerUpdate, error) {
	return p.adjust(pod, ctr), nil, nil
}

// silent is a logger that says nothing.
type silent struct{}

func (silent) Debugf(context.Context, string, ...any) {}
func (silent) Infof(context.Context, string, ...any)  {}
func (silent) Warnf(context.Context, string, ...any)  {}
func (silent) Errorf(context.Context, string, ...any) {}
