package plugin

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/containerd/nri/pkg/api"

	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/policy"
)

// Inventory is where a container runtime lists what runs.
type Inventory interface {
	// Name is the name that the runtime gives itself.
	Name(ctx context.Context) (string, error)

	// Running lists the containers that run, and pods.
	Running(ctx context.Context) ([]*api.PodSandbox, []*api.Container, error)

	// Runs tells whether a container still runs.
	Runs(ctx context.Context, id string) (bool, error)

	// Namespaces are the types of those that a pod has of its own, by the id of
	// its sandbox.
	Namespaces(ctx context.Context, pod string) ([]string, error)
}

// Running is a container that runs.
type Running struct {
	Subject policy.Subject // with the complete spec, if a policy is for it
	Notes   []string       // what to know of the spec
	Err     error          // why the spec cannot be read
}

// Survey gives the containers that run, by namespace and pod, for these sets of
// policies to judge. Of the plugin, which is not run, Openers, Host, Bundles and
// Log are used. The error is that nothing can be listed.
func (p *Plugin) Survey(ctx context.Context, from Inventory, sets ...*policy.Set) (iter.Seq[Running], error) {
	runtime, err := from.Name(ctx)
	if err != nil {
		return nil, err
	}
	opener, err := p.configure(runtime)
	if err != nil {
		return nil, err
	}
	if !opener.Adjusts() {
		p.Log.Warnf("the opener of this node is %s: what would be adjusted is refused instead, unless NRI carries the adjustment", opener.Name())
	}
	pods, ctrs, err := from.Running(ctx)
	if err != nil {
		return nil, err
	}
	byID := podsByID(pods)
	slices.SortStableFunc(ctrs, func(a, b *api.Container) int {
		return strings.Compare(place(byID, a), place(byID, b))
	})
	return func(yield func(Running) bool) {
		for _, ctr := range ctrs {
			r := p.running(ctx, from, byID[ctr.GetPodSandboxId()], ctr, sets)
			if ctx.Err() != nil {
				return
			}
			if r.Err != nil {
				if runs, err := from.Runs(ctx, ctr.GetId()); err == nil && !runs {
					continue // it has ended meanwhile
				}
			}
			if !yield(r) {
				return
			}
		}
	}, nil
}

// place is what containers are sorted by.
func place(pods map[string]*api.PodSandbox, ctr *api.Container) string {
	pod := pods[ctr.GetPodSandboxId()]
	return strings.Join([]string{pod.GetNamespace(), pod.GetName(), pod.GetId(), ctr.GetName()}, "\x00")
}

func (p *Plugin) running(ctx context.Context, from Inventory, pod *api.PodSandbox, ctr *api.Container, sets []*policy.Set) Running {
	r := Running{Subject: p.subject(ctx, pod, ctr)}
	switch {
	case pod == nil:
		r.Err = errNoPod
	case slices.ContainsFunc(sets, func(s *policy.Set) bool { return s.Select(&r.Subject).Any() }):
		ctx, cancel := context.WithTimeout(ctx, existingTimeout)
		defer cancel()
		r.Notes, r.Err = p.whole(ctx, from, pod, &r.Subject, sets)
	}
	return r
}

// whole completes the subject, and says what to know of its spec.
func (p *Plugin) whole(ctx context.Context, from Inventory, pod *api.PodSandbox, sub *policy.Subject, sets []*policy.Set) ([]string, error) {
	namespaces, err := from.Namespaces(ctx, pod.GetId())
	if err != nil {
		return nil, err
	}
	sub.Pod.Namespaces, sub.Pod.NamespacePathsUnseen = namespaces, false
	store, err := p.readAsItRuns(ctx, pod, sub)
	if err != nil {
		return nil, err
	}
	if err := readSandbox(ctx, store, sub, sets...); err != nil {
		return nil, err
	}
	image, asked := images(p.conn.runtimeName(), &api.Container{Annotations: sub.Spec.Annotations})
	addImages(&sub.Container, image)
	if asked != "" {
		sub.Container.OtherImages = append(sub.Container.OtherImages, asked)
	}
	decision := sub.Spec.Annotations[seal.Annotation]
	sub.Spec = unsealed(sub.Spec)
	switch decision {
	case string(policy.Adjusted):
		return []string{"specguard has adjusted it: it is judged as it runs, not as it was asked for"}, nil
	case seal.Verify:
		return []string{"specguard may have adjusted it: it is judged as it runs, not as it was asked for"}, nil
	default:
		return nil, nil
	}
}

// readAsItRuns puts the spec that a container runs with into the subject, from
// the store that it returns: the runtime's, which knows of new resource limits
// too, or the bundle, where there is no store or the OCI runtime wrapper has
// opened the seal.
func (p *Plugin) readAsItRuns(ctx context.Context, pod *api.PodSandbox, sub *policy.Subject) (SpecStore, error) {
	store, unkept := p.store()
	if unkept == nil {
		if _, err := p.readSpec(ctx, store, sub); err != nil || sub.Spec.Annotations[seal.Annotation] != seal.Sealed {
			return store, err
		}
	}
	if p.Bundles == nil {
		return nil, errors.New("cannot read the container's OCI bundle (check host.root and host.bundles)")
	}
	b, err := p.bundle(pod, *sub)
	if err != nil {
		return nil, err
	}
	b.stored = store
	_, err = p.readSpec(ctx, &b.brought, sub)
	return &b.brought, err
}
