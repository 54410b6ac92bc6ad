package plugin

import (
	"context"
	"fmt"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/policy"
	"github.com/specguard/specguard/policy/ocispec"
)

// open judges a container by its complete spec and opens its seal, or leaves
// one that says why not.
func (p *Plugin) open(ctx context.Context, sub policy.Subject, sealed bool) error {
	start := time.Now()
	set := p.Policies.Current()
	if sel := set.Select(&sub); !sel.Enforced && !sel.Audited && !sealed {
		return nil
	}
	raw, err := p.complete(ctx, set, &sub)
	if err != nil {
		return err
	}
	stored := sub.Spec
	sub.Spec = unsealed(stored)

	judging := time.Now()
	d := set.Evaluate(sub, policy.Final)
	e := Event{Stage: StageOpen, Pod: sub.Pod, Container: sub.Container, Decision: d, Evaluation: time.Since(judging)}

	if d.Enforced || sealed {
		if err := p.write(ctx, sub.Container.ID, raw, stored, verdict(d)); err != nil {
			return notWritten(err, sealed)
		}
	}
	e.Total = time.Since(start)
	p.Recorder.Decided(e)
	if d.Outcome() == policy.Denied {
		return &denial{d.Message()}
	}
	return nil
}

// complete puts the stored spec into the subject, the image where NRI did not
// tell it, and the pod's sandbox where a rule reads it. It returns the spec's
// bytes.
func (p *Plugin) complete(ctx context.Context, set *policy.Set, sub *policy.Subject) ([]byte, error) {
	stored, err := p.Store.Get(ctx, sub.Container.ID)
	if err != nil {
		return nil, err
	}
	if sub.Spec, err = ocispec.Decode(stored.Spec); err != nil {
		return nil, err
	}
	addImage(&sub.Container, stored.Image)
	if set.Select(sub).Sandbox {
		if sub.Pod.Sandbox, err = p.Store.Sandbox(ctx, sub.Pod.ID); err != nil {
			return nil, err
		}
	}
	return stored.Spec, nil
}

// write stores the spec after, which takes the place of raw (before, decoded).
func (p *Plugin) write(ctx context.Context, id string, raw []byte, before, after *specs.Spec) error {
	patched, err := ocispec.Patch(raw, before, after)
	if err != nil {
		return err
	}
	return p.Store.Put(ctx, id, patched)
}

// notWritten says what comes of a spec that could not be written. A container
// without a seal was created before the policy was in force.
func notWritten(err error, sealed bool) error {
	if sealed {
		return fmt.Errorf("the container stays sealed: %w", err)
	}
	return fmt.Errorf("the container is not sealed, it came before the policy: %w", err)
}

// unsealed is a copy of the spec without seal and without specguard's
// annotation: what the policies judge.
func unsealed(spec *specs.Spec) *specs.Spec {
	out := ocispec.Clone(spec)
	seal.Remove(out)
	delete(out.Annotations, seal.Annotation)
	return out
}

// verdict is the spec to store: what the decision lets run, or what was judged
// under a seal that says why it must not. It edits the decision's spec, which
// nobody else holds.
func verdict(d *policy.Decision) *specs.Spec {
	out := d.Spec
	if d.Outcome() == policy.Denied {
		seal.Apply(out, d.Message())
	}
	seal.Annotate(out, string(d.Outcome()))
	return out
}
