package judge

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/specguard/specguard/internal/adjusted"
	"github.com/specguard/specguard/plugin/containerruntime"
	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/policy"
)

// RunningLister lists what runs in a container runtime. It must be safe for concurrent use.
type RunningLister interface {
	// Name returns the runtime's own name.
	Name(ctx context.Context) (string, error)

	// Running returns the running containers; runtime is the name that Name returned. Their
	// specs are empty and not nil. A node without containers has none, without an error.
	Running(ctx context.Context, runtime string) ([]Container, error)

	// Runs reports whether a container still runs. If there is no such container, it returns
	// false without an error.
	Runs(ctx context.Context, id string) (bool, error)

	// Namespaces returns the types of the namespaces that a pod does not share with the
	// host. pod is the ID of its sandbox. If there is no such pod, that is an error.
	Namespaces(ctx context.Context, pod string) ([]string, error)
}

// ListingConnection returns the Connection to a runtime that is only asked what runs.
func ListingConnection(ctx context.Context, from RunningLister, openers Openers) (Connection, error) {
	name, err := from.Name(ctx)
	if err != nil {
		return nil, err
	}
	opener, err := openers.For(name)
	if err != nil {
		return nil, err
	}
	return listing{containerruntime.Runtime{Name: name}, opener}, nil
}

type listing struct {
	runtime containerruntime.Runtime
	opener  Opener
}

func (l listing) Runtime() containerruntime.Runtime { return l.runtime }
func (l listing) Opener() (Opener, error)           { return l.opener, nil }
func (listing) RequestTimeout() time.Duration       { return existingTimeout }

// Running is a container that runs.
type Running struct {
	Subject policy.Subject // with the complete spec, if a policy matches it
	Notes   []string       // what to know about the spec
	Asked   *adjusted.Note // what specguard changed in the spec that was asked for; nil if that is not known
	Err     error          // why the spec cannot be read
}

// ListRunning returns the running containers, sorted by namespace and pod, for these sets
// of policies to judge. It needs only Connection (ListingConnection), Node and Log of the
// judge. It is an error if nothing can be listed.
func (j *Judge) ListRunning(ctx context.Context, from RunningLister, sets ...*policy.Set) (iter.Seq[Running], error) {
	opener, err := j.Connection.Opener()
	if err != nil {
		return nil, err
	}
	if !opener.Adjusts() {
		j.Log.Warnf("the opener of this node is %s: what would be adjusted is denied instead, unless NRI has a field for the adjustment",
			opener.Name())
	}
	all, err := from.Running(ctx, j.Connection.Runtime().Name)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b Container) int { return strings.Compare(place(a), place(b)) })
	return func(yield func(Running) bool) {
		for _, c := range all {
			r := j.running(ctx, from, c, sets)
			if ctx.Err() != nil {
				return
			}
			if r.Err != nil {
				if runs, err := from.Runs(ctx, c.Container.ID); err == nil && !runs {
					continue // it has ended meanwhile
				}
			}
			if !yield(r) {
				return
			}
		}
	}, nil
}

// place is the sort key of a container.
func place(c Container) string {
	return strings.Join([]string{c.Pod.Namespace, c.Pod.Name, c.Pod.ID, c.Container.Name}, "\x00")
}

func (j *Judge) running(ctx context.Context, from RunningLister, c Container, sets []*policy.Set) Running {
	c.Subject = j.prepare(ctx, c.Subject)
	r := Running{Subject: c.Subject}
	switch {
	case c.PodUnknown:
		r.Err = errNoPod
	case slices.ContainsFunc(sets, func(s *policy.Set) bool { return s.Select(&r.Subject).Any() }):
		ctx, cancel := context.WithTimeout(ctx, existingTimeout)
		defer cancel()
		r.Err = j.completeRunning(ctx, from, c, &r, sets)
	}
	return r
}

// completeRunning completes the container's subject, and notes what to know of its spec.
func (j *Judge) completeRunning(ctx context.Context, from RunningLister, c Container, r *Running, sets []*policy.Set) error {
	namespaces, err := from.Namespaces(ctx, c.Pod.ID)
	if err != nil {
		return err
	}
	sub := &r.Subject
	sub.Pod.LinuxNamespaces, sub.Pod.NamespacePathsUnseen = namespaces, false
	store, err := j.readAsItRuns(ctx, c, sub)
	if err != nil {
		return err
	}
	if err := readSandbox(ctx, store, sub, sets...); err != nil {
		return err
	}
	image, asked := j.Connection.Runtime().Images("", sub.Spec.Annotations)
	addImages(&sub.Container, image)
	if asked != "" {
		sub.Container.OtherImages = append(sub.Container.OtherImages, asked)
	}
	r.Asked, r.Notes = earlier(sub)
	sub.RequestJudged = r.Asked != nil // by the agent that adjusted it
	sub.Spec = unsealed(sub.Spec)
	return nil
}

// earlier is what the annotations of a running container say of earlier adjustments.
func earlier(sub *policy.Subject) (*adjusted.Note, []string) {
	note, trust := adjusted.Read(sub.Spec, sub.Container.ID)
	decision := sub.Spec.Annotations[seal.Annotation]
	switch {
	case note != nil:
		return note, []string{"specguard has adjusted it: judged as it runs, not as it was asked for"}
	case trust == adjusted.Forged:
		return nil, []string{adjusted.ForgedNote}
	case decision == string(policy.Adjusted):
		return nil, []string{"specguard has adjusted it: judged as it runs, not as it was asked for"}
	case decision == seal.Verify:
		return nil, []string{"specguard may have adjusted it: judged as it runs, not as it was asked for"}
	default:
		return nil, nil
	}
}

// readAsItRuns reads the spec with which the container runs into the subject, and returns
// the store that had it: the runtime's store, which also knows new resource limits; or the
// bundle, if there is no store or the OCI runtime wrapper has opened the seal.
func (j *Judge) readAsItRuns(ctx context.Context, c Container, sub *policy.Subject) (SpecStore, error) {
	store, err := j.store()
	if err == nil {
		if _, err := j.readSpec(ctx, store, sub); err != nil || sub.Spec.Annotations[seal.Annotation] != seal.Sealed {
			return store, err
		}
	}
	if j.Node.Bundles == nil {
		return nil, errors.New("cannot read the container's OCI bundle (check host.root and host.bundles)")
	}
	c.Subject = *sub
	b, err := j.bundle(c)
	if err != nil {
		return nil, err
	}
	b.runtimeStore = store
	_, err = j.readSpec(ctx, &b.sentSpec, sub)
	return &b.sentSpec, err
}
