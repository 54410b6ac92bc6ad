package judge

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/sirupsen/logrus"

	"github.com/specguard/specguard/internal/adjusted"
	"github.com/specguard/specguard/internal/ocispec"
	"github.com/specguard/specguard/plugin/mounts"
	"github.com/specguard/specguard/plugin/request"
	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/policy"
)

// openRequest says how open reads and writes the complete spec, and what else is known of
// the container.
type openRequest struct {
	store  SpecStore
	sealed bool // as far as is known before the spec is read

	// visible is policy.Complete, or policy.Fixed if the spec can no longer be written.
	visible policy.Visibility

	// openedBefore: the container was already opened in the runtime's store. If it still
	// complies, it is neither written nor recorded again.
	openedBefore bool

	// requestJudged: the spec as it came was already judged. The one that is judged now may be
	// adjusted.
	requestJudged bool

	// hook is left on a container whose mounts must be compared; nil if Start does that.
	hook *specs.Hook

	// mounts are the mounts of a container that the OCI runtime has made; nil before. If
	// they cannot be seen, unverified says why. rootfs is the place of its root filesystem
	// on the node.
	mounts     mounts.Table
	rootfs     string
	unverified string
}

// Open judges a created container by the complete spec in the runtime's store. It opens the
// seal, or leaves one that says why not. It is an error if the opener has no store.
func (j *Judge) Open(ctx context.Context, c Container) error {
	store, err := j.store()
	if err != nil {
		return err
	}
	d, err := j.open(ctx, openRequest{store: store, sealed: c.Sealed}, j.prepare(ctx, c.Subject))
	if d != nil {
		j.awaitingStart.put(c.Container.ID, d.Mounts)
	}
	if d != nil && err == nil {
		j.containers.noteOpened(c.Container.ID)
	}
	return err
}

// open judges a container by its complete spec. It opens the seal, or leaves one that says
// why not.
//
// It returns the decision; nil if there is none.
func (j *Judge) open(ctx context.Context, a openRequest, sub policy.Subject) (*policy.Decision, error) {
	start := time.Now()
	sub.Done = ctx.Done()
	set := j.Policies.Current()
	if !set.Select(&sub).Any() && !a.sealed {
		return nil, nil
	}
	raw, err := j.complete(ctx, a.store, &sub, set)
	if err != nil {
		return nil, err
	}
	stored := sub.Spec
	before := j.note(&sub)
	sub.Spec = unsealed(stored)
	sub.RequestJudged = a.requestJudged
	if a.unverified != "" {
		sub.MountsUnverified = a.unverified
	}

	judging := time.Now()
	d := set.Evaluate(sub, a.visible)
	if d.Ended {
		return nil, request.ErrTimeout
	}
	event, err := j.checkMounts(d, &a)
	if err != nil {
		return nil, err
	}
	e := Record{Event: event, Pod: sub.Pod, Container: sub.Container, Decision: d, Evaluation: time.Since(judging)}

	if a.openedBefore && d.Outcome() == policy.Allowed && (a.visible == policy.Fixed || !seal.On(stored)) {
		return d, nil
	}
	if a.visible != policy.Fixed && (d.Enforced || a.sealed) {
		if d.Outcome() == policy.Denied {
			dropUnknownLabels(d.Spec, sub.Host)
		}
		note := adjusted.Of(d, sub.Container.ID).After(before)
		if err := write(ctx, a.store, sub.Container.ID, raw, stored, verdict(d, a.hook, note)); err != nil {
			return nil, notWritten(err, a.sealed)
		}
	}
	e.Total = time.Since(start)
	j.Recorder.Decided(e)
	if d.Outcome() == policy.Denied {
		return d, &denial{d.Message()}
	}
	return d, nil
}

// checkMounts adds violations to the decision if the kernel has mounted something else than
// what was judged. It returns the event that decides.
func (j *Judge) checkMounts(d *policy.Decision, a *openRequest) (Event, error) {
	switch {
	case d.Mounts == nil || a.visible != policy.Fixed || d.Outcome() == policy.Denied || a.unverified != "":
		return EventOpen, nil
	case a.mounts == nil:
		return EventOpen, errOldHook
	}
	found, err := j.compare(d.Mounts, func(mounts.Table) string { return a.rootfs }, a.mounts)
	if len(found) == 0 {
		return EventOpen, err
	}
	d.Violations = found
	return EventStart, err
}

// complete adds everything that the store knows of the container to the subject. It returns
// the spec's bytes.
func (j *Judge) complete(ctx context.Context, store SpecStore, sub *policy.Subject, set *policy.Set) ([]byte, error) {
	raw, err := j.readSpec(ctx, store, sub)
	if err != nil {
		return nil, err
	}
	return raw, readSandbox(ctx, store, sub, set)
}

// readSpec reads the stored spec into the subject, and the image if NRI has not shown it.
// It returns the spec's bytes.
func (j *Judge) readSpec(ctx context.Context, store SpecStore, sub *policy.Subject) ([]byte, error) {
	stored, err := store.Get(ctx, sub.Container.ID)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, request.ErrTimeout
	}
	if sub.Spec, err = ocispec.Decode(stored.Spec); err != nil {
		return nil, err
	}
	addImages(&sub.Container, stored.Image)
	setSeccomp(sub, stored.Seccomp)
	setSeccomp(sub, j.seccompRequest(sub.Spec.Annotations))
	sub.MountsUnverified = j.unverified(stored.Runtime)
	sub.Container.ImageUnseen = sub.Container.Image == "" && stored.ImageUnseen
	return stored.Spec, nil
}

// readSandbox reads the pod's sandbox into the subject, if a rule of the sets needs it.
func readSandbox(ctx context.Context, store SpecStore, sub *policy.Subject, sets ...*policy.Set) (err error) {
	if slices.ContainsFunc(sets, func(s *policy.Set) bool { return s.Select(sub).Sandbox }) {
		sub.Pod.Sandbox, err = store.Sandbox(ctx, sub.Pod.ID)
	}
	return err
}

// write stores the spec after in place of raw, of which before is the decoded form.
func write(ctx context.Context, store SpecStore, id string, raw []byte, before, after *specs.Spec) error {
	if ctx.Err() != nil {
		return request.ErrTimeout // nobody waits for it any more
	}
	patched, err := ocispec.Patch(raw, before, after)
	if err != nil {
		return err
	}
	return store.Put(ctx, id, patched)
}

// notWritten returns the error for a spec that could not be written. A container without a
// seal was created before the policy was in force.
func notWritten(err error, sealed bool) error {
	if sealed {
		return fmt.Errorf("the container stays sealed: %w", err)
	}
	return fmt.Errorf("the container is not sealed, it came before the policy: %w", err)
}

// note returns what the container's spec says of earlier adjustments; nil for nothing. What
// somebody else has written is reported, and does not count.
func (j *Judge) note(sub *policy.Subject) *adjusted.Note {
	n, trust := adjusted.Read(sub.Spec, sub.Container.ID)
	if trust == adjusted.Forged {
		j.Log.WithFields(logrus.Fields{
			"namespace": sub.Pod.Namespace, "pod": sub.Pod.Name, "container": sub.Container.Name, "id": sub.Container.ID,
		}).Warnf("the container came with an annotation %s that is not specguard's: ignored", adjusted.Annotation)
	}
	return n
}

// unsealed returns a copy of the spec without the seal and specguard's annotations. Policies
// judge that.
func unsealed(spec *specs.Spec) *specs.Spec {
	out := ocispec.Clone(spec)
	seal.Remove(out)
	delete(out.Annotations, seal.Annotation)
	adjusted.Remove(out)
	return out
}

// dropUnknownLabels removes the SELinux labels that the kernel does not know from a denied
// container's spec. With them, the OCI runtime would fail before it reaches the seal, which
// says why the container must not run.
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

// verdict returns the spec to store: the one that may run, or the judged one with a seal
// that says why it must not. The note says what was adjusted; nil for nothing. It edits the
// decision's spec, which nothing else holds.
func verdict(d *policy.Decision, hook *specs.Hook, note *adjusted.Note) *specs.Spec {
	out := d.Spec
	adjusted.Put(out, note)
	switch {
	case d.Outcome() == policy.Denied:
		adjusted.Remove(out)
		seal.Apply(out, d.Message())
	case d.Mounts != nil && hook != nil:
		seal.Guard(out, *hook)
	}
	outcome := d.Outcome()
	if outcome == policy.Allowed && note != nil {
		outcome = policy.Adjusted // earlier
	}
	seal.Annotate(out, string(outcome))
	return out
}

// addImages adds references under which the runtime keeps the container's image. It skips
// "".
func addImages(c *policy.Container, images ...string) {
	for _, image := range images {
		switch {
		case image == "":
		case c.Image == "":
			c.Image = image
		default:
			c.OtherImages = append(c.OtherImages, image)
		}
	}
}

// seccompRequest reads what CRI-O writes into a spec's annotations.
func (j *Judge) seccompRequest(annotations map[string]string) SeccompRequest {
	name, localhost := j.Connection.Runtime().Seccomp(annotations)
	return SeccompRequest{Name: name, Localhost: localhost}
}

// setSeccomp sets the requested profile in the subject, in the policies' words.
func setSeccomp(sub *policy.Subject, r SeccompRequest) {
	switch {
	case r.Name != "":
		sub.Container.Seccomp = r.Name
	case r.Localhost != "":
		folder := policy.NoHost{}.SeccompDir()
		if sub.Host != nil {
			folder = sub.Host.SeccompDir()
		}
		sub.Container.Seccomp = policy.SeccompProfileOf(r.Localhost, folder)
	}
}
