package plugin

import (
	"context"
	"time"

	"github.com/containerd/nri/pkg/api"

	"github.com/specguard/specguard/policy"
)

// update judges new resource limits: it denies them, or bounds them, or lets
// them be.
func (p *Plugin) update(ctx context.Context, sub policy.Subject, r *api.LinuxResources) ([]*api.ContainerUpdate, error) {
	start := time.Now()
	set := p.Policies.Current()
	sel := set.Select(&sub)
	if store, err := p.store(); err == nil && sel.ByImage {
		stored, err := store.Get(ctx, sub.Container.ID)
		if err != nil {
			return nil, err
		}
		addImages(&sub.Container, stored.Image)
		sel = set.Select(&sub)
	}
	if r == nil || !sel.Any() {
		return nil, nil
	}
	d := set.EvaluateUpdate(sub, r.ToOCI())
	if d.Ended {
		return nil, ErrTimeout
	}
	p.decided(StageUpdate, sub, d, start)
	switch d.Outcome() {
	case policy.Denied:
		return nil, &denial{d.Message()}
	case policy.Adjusted:
		return []*api.ContainerUpdate{{
			ContainerId: sub.Container.ID,
			Linux:       &api.LinuxContainerUpdate{Resources: api.FromOCILinuxResources(d.Spec.Linux.Resources, nil)},
		}}, nil
	default:
		return nil, nil
	}
}
