package plugin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/containerd/nri/pkg/api"

	"github.com/specguard/specguard/policy"
)

// Existing says what to do about a container that was there when the agent
// connected, and that does not comply.
type Existing string

// The choices. Whoever started a stopped container will try again, and meets
// the policies.
const (
	Report     Existing = "report"     // nothing but to report it
	StopDenied Existing = "stopDenied" // stop what policies deny
	Stop       Existing = "stop"       // stop that, and what policies would adjust
)

// stops tells whether a container with that outcome is to be stopped.
func (x Existing) stops(o policy.Outcome) bool {
	return o == policy.Denied && (x == StopDenied || x == Stop) || o == policy.Adjusted && x == Stop
}

// existingTimeout bounds the judgement of one container that already exists.
const existingTimeout = 5 * time.Second

// judgeExisting judges containers that were there when the agent connected:
// made before it was installed, or while it was away. It stops those that it is
// told to; the recorder reports. Where the opener has no store they are judged
// by what NRI shows, and cannot be stopped.
func (p *Plugin) judgeExisting(ctx context.Context, pods []*api.PodSandbox, ctrs []*api.Container) {
	byID := podsByID(pods)
	for _, ctr := range ctrs {
		if ctx.Err() != nil {
			return // the runtime will list them again
		}
		if ctr.GetState() == api.ContainerState_CONTAINER_STOPPED || isSealed(ctr.GetHooks()) {
			continue // it does not run
		}
		pod := byID[ctr.GetPodSandboxId()]
		_, err := guard(ctx, existingTimeout, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, p.report(ctx, p.subject(pod, ctr))
		})
		p.failed(ctx, StageExisting, p.named(pod, ctr), err)
	}
}

// remember keeps in mind whose the containers are: one that was created while
// another agent was connected may not have started.
func (p *Plugin) remember(pods []*api.PodSandbox, ctrs []*api.Container) {
	byID := podsByID(pods)
	p.shown.only(ctrs)
	for _, ctr := range ctrs {
		if pod := byID[ctr.GetPodSandboxId()]; pod != nil {
			p.shown.existing(pod, p.named(pod, ctr))
		}
	}
}

func podsByID(pods []*api.PodSandbox) map[string]*api.PodSandbox {
	out := make(map[string]*api.PodSandbox, len(pods))
	for _, pod := range pods {
		out[pod.GetId()] = pod
	}
	return out
}

func (p *Plugin) report(ctx context.Context, sub policy.Subject) error {
	start := time.Now()
	set := p.Policies.Current()
	if sel := set.Select(&sub); !sel.Enforced && !sel.Audited {
		return nil
	}
	phase := policy.Early
	store, none := p.store()
	if none == nil {
		if _, err := complete(ctx, store, set, &sub); err != nil {
			return err
		}
		phase = policy.Final
	}
	sub.Spec = unsealed(sub.Spec)
	judging := time.Now()
	d := set.Evaluate(sub, phase)
	e := Event{Stage: StageExisting, Pod: sub.Pod, Container: sub.Container, Decision: d, Evaluation: time.Since(judging)}
	var err error
	if p.Existing.stops(d.Outcome()) {
		err = stop(ctx, store, sub.Container.ID)
		e.Stopped = err == nil
	}
	e.Total = time.Since(start)
	p.Recorder.Decided(e)
	return err
}

func stop(ctx context.Context, store SpecStore, id string) error {
	s, ok := store.(Stopper)
	if !ok {
		return errors.New("this runtime's containers cannot be stopped by the agent: the container runs on")
	}
	if err := s.Stop(ctx, id); err != nil {
		return fmt.Errorf("stop the container: %w", err)
	}
	return nil
}
