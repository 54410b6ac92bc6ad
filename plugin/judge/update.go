package judge

import (
	"context"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/plugin/request"
	"github.com/specguard/specguard/policy"
)

// Update judges new resource limits of a container. It returns the limits to set instead;
// nil if those that are asked for comply. It returns an error if it denies them. asked may
// be nil.
func (j *Judge) Update(ctx context.Context, c Container, asked *specs.LinuxResources) (*specs.LinuxResources, error) {
	sub := j.prepare(ctx, c.Subject)
	start := time.Now()
	set := j.Policies.Current()
	sel := set.Select(&sub)
	if store, err := j.store(); err == nil && sel.ByImage {
		stored, err := store.Get(ctx, sub.Container.ID)
		if err != nil {
			return nil, err
		}
		addImages(&sub.Container, stored.Image)
		sel = set.Select(&sub)
	}
	if asked == nil || !sel.Any() {
		return nil, nil
	}
	d := set.EvaluateUpdate(sub, asked)
	if d.Ended {
		return nil, request.ErrTimeout
	}
	j.decided(EventUpdate, sub, d, start)
	switch d.Outcome() {
	case policy.Denied:
		return nil, &denial{d.Message()}
	case policy.Adjusted:
		return d.Spec.Linux.Resources, nil
	default:
		return nil, nil
	}
}
