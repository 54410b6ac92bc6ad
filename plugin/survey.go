package plugin

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/containerd/nri/pkg/api"
	"github.com/containerd/nri/pkg/stub"
	"github.com/sirupsen/logrus"

	"github.com/specguard/specguard/policy"
)

// Running is a container that runs, or can.
type Running struct {
	Subject policy.Subject // with the complete spec, if a policy is for it; else what NRI shows
	Err     error          // why the spec cannot be read
}

// Survey lists the containers of the runtime that run, or can, for these sets
// of policies to judge. It connects for it as one more plugin, of another name
// than the agent's, that has no part in what becomes of containers. The plugin
// is not to be run besides; of its fields Openers, Host, Bundles and Log are
// used.
func (p *Plugin) Survey(ctx context.Context, reg Registration, sets ...*policy.Set) ([]Running, error) {
	told, err := p.listing(ctx, reg)
	if err != nil {
		return nil, err
	}
	byID := podsByID(told.pods)
	var out []Running
	for _, ctr := range told.ctrs {
		if !mayRun(ctr) {
			continue
		}
		pod := byID[ctr.GetPodSandboxId()]
		r := Running{Subject: p.subject(pod, ctr)}
		if !slices.ContainsFunc(sets, func(s *policy.Set) bool { return s.Select(&r.Subject).Any() }) {
			out = append(out, r)
			continue
		}
		whole, err := guard(ctx, existingTimeout, func(ctx context.Context) (policy.Subject, error) {
			return p.whole(ctx, pod, r.Subject, sets)
		})
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if r.Err = err; err == nil {
			r.Subject = whole
		}
		out = append(out, r)
	}
	return out, nil
}

// whole is the subject with its complete spec.
func (p *Plugin) whole(ctx context.Context, pod *api.PodSandbox, sub policy.Subject, sets []*policy.Set) (policy.Subject, error) {
	store, err := p.existingStore(pod, sub)
	if err != nil {
		return sub, err
	}
	if _, err := complete(ctx, store, &sub, sets...); err != nil {
		return sub, err
	}
	sub.Spec = unsealed(sub.Spec)
	return sub, nil
}

// listing is what the runtime tells of its containers.
type listing struct {
	pods []*api.PodSandbox
	ctrs []*api.Container
	err  error // why they cannot be judged
}

// answered is when NRI has the answer to a listing: it logs an error about a
// plugin that is gone before.
const answered = 100 * time.Millisecond

// listing connects, and disconnects when the runtime has told.
func (p *Plugin) listing(ctx context.Context, reg Registration) (listing, error) {
	var connection sync.WaitGroup
	defer connection.Wait()
	ctx, end := context.WithCancel(ctx)
	defer end()
	s := surveyor{p, make(chan listing, 2)}
	quiet := logrus.New()
	quiet.SetOutput(io.Discard)
	ended := make(chan error, 1)
	connection.Go(func() { ended <- p.dialAndServe(ctx, reg, s, stub.WithLogger(stubLog{quiet})) })
	select {
	case told := <-s.told:
		time.Sleep(answered)
		return told, told.err
	case err := <-ended:
		return listing{}, err
	case <-time.After(startTimeout):
		return listing{}, fmt.Errorf("NRI has not told its containers in %s", startTimeout)
	}
}

// surveyor is what the NRI stub calls for a listing.
type surveyor struct {
	*Plugin

	told chan listing
}

// Configure subscribes to as little as NRI lets a plugin.
func (s surveyor) Configure(_ context.Context, _, runtime, _ string) (api.EventMask, error) {
	if _, err := s.configure(runtime); err != nil {
		s.told <- listing{err: err}
	}
	var events api.EventMask
	events.Set(api.Event_REMOVE_POD_SANDBOX)
	return events, nil
}

// RemovePodSandbox does nothing.
func (s surveyor) RemovePodSandbox(context.Context, *api.PodSandbox) error { return nil }

// Synchronize is the listing.
func (s surveyor) Synchronize(_ context.Context, pods []*api.PodSandbox, ctrs []*api.Container) ([]*api.ContainerUpdate, error) {
	s.told <- listing{pods: pods, ctrs: ctrs}
	return nil, nil
}
