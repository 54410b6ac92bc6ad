package plugin

import (
	"context"

	"github.com/containerd/nri/pkg/api"
	"github.com/sirupsen/logrus"

	"github.com/specguard/specguard/plugin/wrapperapi"
	"github.com/specguard/specguard/policy"
)

// Bundles are where what containers run with can be read, if that is not in the
// opener's store.
type Bundles interface {
	// Spec is the config.json of a container, by its id.
	Spec(id string) ([]byte, error)

	// Sandbox is what the node shows of a pod, by the id of its sandbox.
	Sandbox(id string) *wrapperapi.Sandbox
}

// existingStore is where the spec of a container that was there can be read.
func (p *Plugin) existingStore(pod *api.PodSandbox, sub policy.Subject) (SpecStore, error) {
	store, err := p.store()
	if err == nil || p.Bundles == nil {
		return store, err
	}
	b, err := p.bundle(pod, sub)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// bundle is what the container runs with.
func (p *Plugin) bundle(pod *api.PodSandbox, sub policy.Subject) (*bundled, error) {
	spec, err := p.Bundles.Spec(sub.Container.ID)
	if err != nil {
		return nil, err
	}
	return &bundled{
		brought: brought{
			req:     wrapperapi.Request{Spec: spec, Sandbox: p.Bundles.Sandbox(sub.Pod.ID)},
			shown:   exhibited(pod, sub),
			runtime: p.conn.runtimeName(), names: p.conn.namesImage(),
		},
		log: p.Log.WithField("id", sub.Container.ID),
	}, nil
}

// bundled is a SpecStore of one container that runs.
type bundled struct {
	brought
	log logrus.FieldLogger
}

// Sandbox reads what the node shows of the pod. What it does not show is no
// reason to take a container that runs for one against policy, nor to judge
// nothing else of it.
func (b *bundled) Sandbox(ctx context.Context, id string) (*policy.Sandbox, error) {
	out, err := b.brought.Sandbox(ctx, id)
	if err != nil {
		b.log.WithError(err).Warn("existing container: checked without its pod's sysctls and host ports")
		return &policy.Sandbox{}, nil
	}
	out.HostPortsUnseen = false
	return out, nil
}
