package judge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/adjusted"
	"github.com/specguard/specguard/internal/ocispec"
	"github.com/specguard/specguard/plugin/request"
	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/policy"
)

// errRestored refuses a container that is restored from a checkpoint: the privileges of its
// processes come from the checkpoint and not from a spec.
var errRestored = errors.New(seal.Prefix + "refused: the container would be restored from a checkpoint, which has privileges that " +
	"cannot be judged (use the image that it was made from)")

// Creation says what to do with a container that is being created. The zero value leaves it
// alone.
type Creation struct {
	// Seal has the hooks to add; nil for none.
	Seal *specs.Hooks

	// Annotation is the value of seal.Annotation to set with a seal.
	Annotation string

	// Adjusted replaces the part of the spec that the runtime shows, with the note of what
	// was changed; nil: it is adjusted later.
	Adjusted *specs.Spec
}

// Create denies a container that breaks a policy by what the runtime shows, and seals every
// other container that an enforcing policy matches.
func (j *Judge) Create(ctx context.Context, c Container) (Creation, error) {
	c.Subject = j.prepare(ctx, c.Subject)
	if c.Restored && j.mayEnforce(c.Subject) {
		return Creation{}, errRestored
	}
	start := time.Now()
	j.containers.created(c)
	set := j.Policies.Current()
	sub := c.Subject
	if !set.Select(&sub).Enforced {
		return Creation{}, nil
	}
	opener, err := j.Connection.Opener()
	sub.AdjustsOnce = err == nil && !opener.Adjusts()
	d := set.Evaluate(sub, policy.Partial)
	if d.Outcome() == policy.Denied {
		j.containers.remove(sub.Container.ID) // the runtime may never speak of it again
		if d.Ended {
			return Creation{}, request.ErrTimeout
		}
		j.decided(EventCreate, sub, d, start)
		return Creation{}, &denial{d.Message()}
	}
	if err != nil {
		return Creation{}, err
	}
	if err := j.checkRunsSeals(ctx, sub.Pod, opener); err != nil {
		j.containers.remove(sub.Container.ID)
		return Creation{}, err
	}
	if opener.Adjusts() {
		return Creation{Seal: opener.Seal(), Annotation: seal.Sealed}, nil
	}
	if d.AwaitsSpec {
		return Creation{Seal: opener.Seal(), Annotation: seal.Verify}, nil // what is adjusted now could not be judged as it came
	}
	if d.Outcome() == policy.Adjusted {
		j.decided(EventCreate, sub, d, start)
	}
	out := ocispec.Clone(d.Spec)
	j.note(&c.Subject)
	adjusted.Put(out, adjusted.Of(d, c.Container.ID))
	return Creation{Seal: opener.Seal(), Annotation: seal.Verify, Adjusted: out}, nil
}

// mayEnforce reports whether an enforcing policy may match a restored container. Its image
// is not known for sure: only the checkpoint names it.
func (j *Judge) mayEnforce(sub policy.Subject) bool {
	sub.Container.Image, sub.Container.OtherImages = "", nil
	return j.Policies.Current().Select(&sub).Enforced
}

// CheckSealed refuses a container whose seal another NRI plugin has removed from its hooks.
func (j *Judge) CheckSealed(ctx context.Context, c Container, hooks specs.Hooks) error {
	sub := j.prepare(ctx, c.Subject)
	if !j.Policies.Current().Select(&sub).Enforced {
		return nil
	}
	opener, err := j.Connection.Opener()
	if err != nil {
		return err
	}
	if hasSeal(hooks, *opener.Seal()) {
		return nil
	}
	return fmt.Errorf("%srefused: the container's seal is missing (another NRI plugin removed it, or a policy has just come into "+
		"force; in that case recreate the container)", seal.Prefix)
}

// hasSeal reports whether the hooks contain the complete seal.
func hasSeal(hooks, s specs.Hooks) bool {
	return hasHooks(hooks.CreateRuntime, s.CreateRuntime) && hasHooks(hooks.CreateContainer, s.CreateContainer)
}

func hasHooks(all, some []specs.Hook) bool {
	for _, want := range some {
		if !slices.ContainsFunc(all, func(h specs.Hook) bool { return h.Path == want.Path && slices.Equal(h.Args, want.Args) }) {
			return false
		}
	}
	return true
}
