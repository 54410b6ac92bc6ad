package plugin

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/ocispec"
	"github.com/specguard/specguard/plugin/mounts"
	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/policy"
)

// opening is what open has to know of a container besides its subject.
type opening struct {
	store  SpecStore
	sealed bool // as far as is known before the spec is read

	// phase is policy.Final, or policy.Fixed where the spec cannot be written
	// any more.
	phase policy.Phase

	// again: the container has been opened before, in the runtime's store. What
	// is still fine then is neither written nor told once more.
	again bool

	// guard is the hook that is left on a container whose mounts have to be
	// compared; nil where StartContainer does that.
	guard *specs.Hook

	// mounts are those of a container that the OCI runtime has made; nil before.
	// Where they cannot be seen unverified says why.
	// rootfs is where its root filesystem is on the node.
	mounts     mounts.Table
	rootfs     string
	unverified string
}

// open judges a container by its complete spec and opens its seal, or leaves
// one that says why not.
//
// It returns the decision; nil where there is none.
func (p *Plugin) open(ctx context.Context, o opening, sub policy.Subject) (*policy.Decision, error) {
	start := time.Now()
	sub.Done = ctx.Done()
	set := p.Policies.Current()
	if !set.Select(&sub).Any() && !o.sealed {
		return nil, nil
	}
	raw, err := p.complete(ctx, o.store, &sub, set)
	if err != nil {
		return nil, err
	}
	stored := sub.Spec
	sub.Spec = unsealed(stored)
	if o.unverified != "" {
		sub.MountsUnverified = o.unverified
	}

	judging := time.Now()
	d := set.Evaluate(sub, o.phase)
	if d.Ended {
		return nil, ErrTimeout
	}
	stage, err := p.checkMounts(d, &o)
	if err != nil {
		return nil, err
	}
	e := Event{Stage: stage, Pod: sub.Pod, Container: sub.Container, Decision: d, Evaluation: time.Since(judging)}

	if o.again && d.Outcome() == policy.Allowed && (o.phase == policy.Fixed || !seal.On(stored)) {
		return d, nil
	}
	if o.phase != policy.Fixed && (d.Enforced || o.sealed) {
		if d.Outcome() == policy.Denied {
			dropUnknownLabels(d.Spec, sub.Host)
		}
		if err := write(ctx, o.store, sub.Container.ID, raw, stored, verdict(d, o.guard)); err != nil {
			return nil, notWritten(err, o.sealed)
		}
	}
	e.Total = time.Since(start)
	p.Recorder.Decided(e)
	if d.Outcome() == policy.Denied {
		return d, &denial{d.Message()}
	}
	return d, nil
}

// checkMounts adds to a decision where what the kernel has mounted is not what
// was judged. It returns the stage that decides.
func (p *Plugin) checkMounts(d *policy.Decision, o *opening) (Stage, error) {
	switch {
	case d.Mounts == nil || o.phase != policy.Fixed || d.Outcome() == policy.Denied || o.unverified != "":
		return StageOpen, nil
	case o.mounts == nil:
		return StageOpen, errOldHook
	}
	found, err := p.compare(d.Mounts, func(mounts.Table) string { return o.rootfs }, o.mounts)
	if len(found) == 0 {
		return StageOpen, err
	}
	d.Violations = found
	return StageStart, err
}

// complete puts all that a store knows of the container into the subject. It
// returns the spec's bytes.
func (p *Plugin) complete(ctx context.Context, store SpecStore, sub *policy.Subject, set *policy.Set) ([]byte, error) {
	raw, err := p.readSpec(ctx, store, sub)
	if err != nil {
		return nil, err
	}
	return raw, readSandbox(ctx, store, sub, set)
}

// readSpec puts the stored spec into the subject, and the image where NRI did
// not tell it. It returns the spec's bytes.
func (p *Plugin) readSpec(ctx context.Context, store SpecStore, sub *policy.Subject) ([]byte, error) {
	stored, err := store.Get(ctx, sub.Container.ID)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, ErrTimeout
	}
	if sub.Spec, err = ocispec.Decode(stored.Spec); err != nil {
		return nil, err
	}
	addImages(&sub.Container, stored.Image)
	seccompAsked(sub, stored.Seccomp)
	seccompAsked(sub, askedOfCRIO(p.conn.runtimeName(), sub.Spec.Annotations))
	sub.MountsUnverified = p.unverified(stored.Runtime)
	sub.Container.ImageUnseen = sub.Container.Image == "" && stored.ImageUnseen
	return stored.Spec, nil
}

// readSandbox puts the pod's sandbox into the subject, where a rule of the sets
// reads it.
func readSandbox(ctx context.Context, store SpecStore, sub *policy.Subject, sets ...*policy.Set) (err error) {
	if slices.ContainsFunc(sets, func(s *policy.Set) bool { return s.Select(sub).Sandbox }) {
		sub.Pod.Sandbox, err = store.Sandbox(ctx, sub.Pod.ID)
	}
	return err
}

// write stores the spec after, which takes the place of raw (before, decoded).
func write(ctx context.Context, store SpecStore, id string, raw []byte, before, after *specs.Spec) error {
	if ctx.Err() != nil {
		return ErrTimeout // nobody waits for it any more
	}
	patched, err := ocispec.Patch(raw, before, after)
	if err != nil {
		return err
	}
	return store.Put(ctx, id, patched)
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

// dropUnknownLabels takes SELinux labels out of a denied container's spec that the
// kernel does not know: the OCI runtime would fail by them before it gets to the seal,
// which says why the container must not run.
func dropUnknownLabels(spec *specs.Spec, host policy.Host) {
	unknown := func(label string) bool {
		if label == "" || host == nil {
			return false
		}
		valid, err := host.SELinuxLabel(label)
		return err == nil && !valid
	}
	if spec.Process != nil && unknown(spec.Process.SelinuxLabel) {
		spec.Process.SelinuxLabel = ""
	}
	if spec.Linux != nil && unknown(spec.Linux.MountLabel) {
		spec.Linux.MountLabel = ""
	}
}

// verdict is the spec to store: what the decision lets run, or what was judged
// under a seal that says why it must not. It edits the decision's spec, which
// nobody else holds.
func verdict(d *policy.Decision, guard *specs.Hook) *specs.Spec {
	out := d.Spec
	switch {
	case d.Outcome() == policy.Denied:
		seal.Apply(out, d.Message())
	case d.Mounts != nil && guard != nil:
		seal.Guard(out, *guard)
	}
	seal.Annotate(out, string(d.Outcome()))
	return out
}
