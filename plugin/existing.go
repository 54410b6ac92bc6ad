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
// made before it was installed, or while it was away, or under other policies.
// It stops those that it is told to; the recorder reports. It judges one after
// the other, and none while a request is in hand.
func (p *Plugin) judgeExisting(ctx context.Context, pods []*api.PodSandbox, ctrs []*api.Container) {
	byID := podsByID(pods)
	for _, ctr := range ctrs {
		if !mayRun(ctr) {
			continue
		}
		if p.live.wait(ctx) != nil {
			return // the runtime will list them again
		}
		pod := byID[ctr.GetPodSandboxId()]
		_, err := guard(ctx, existingTimeout, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, p.report(ctx, pod, ctr)
		})
		p.failed(ctx, StageExisting, p.named(pod, ctr), err)
	}
}

// mayRun tells whether the container runs, or can: one that has only been
// created cannot under a seal.
func mayRun(ctr *api.Container) bool {
	switch ctr.GetState() {
	case api.ContainerState_CONTAINER_STOPPED:
		return false
	case api.ContainerState_CONTAINER_RUNNING, api.ContainerState_CONTAINER_PAUSED:
		return true
	default:
		return !isSealed(ctr.GetHooks())
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

// errNoPod: policies select by the pod, so nothing can be said of the container.
var errNoPod = errors.New("the runtime does not tell its pod")

func (p *Plugin) report(ctx context.Context, pod *api.PodSandbox, ctr *api.Container) error {
	start := time.Now()
	if pod == nil {
		return errNoPod
	}
	sub := p.subject(ctx, pod, ctr)
	set := p.Policies.Current()
	if !set.Select(&sub).Any() {
		return nil
	}
	phase, existing := policy.Final, p.Existing
	store, unread := p.existingStore(pod, sub)
	switch {
	case unread != nil && isSealed(ctr.GetHooks()):
		return nil // NRI shows what it was before it was judged
	case unread != nil:
		p.Log.WithError(unread).WithField("id", sub.Container.ID).Warn("existing container: full spec unavailable, checked only against NRI data; audit-mode policies skipped, container not stopped")
		phase, existing = policy.Early, Report
	default:
		if _, err := p.complete(ctx, store, &sub, set); err != nil {
			return err
		}
	}
	sub.Spec = unsealed(sub.Spec)
	judging := time.Now()
	d := set.Evaluate(sub, phase)
	if d.Ended {
		return ErrTimeout
	}
	e := Event{Stage: StageExisting, Pod: sub.Pod, Container: sub.Container, Decision: d, Evaluation: time.Since(judging)}
	var err error
	switch {
	case !existing.stops(d.Outcome()):
	case p.OwnPod != "" && sub.Pod.UID == p.OwnPod: // it would do so again and again
		p.Log.Warn("the agent's own pod is against policy: it is not stopped; exclude its namespace")
	default:
		err = p.stop(ctx, store, sub.Container.ID)
		e.Stopped = err == nil
	}
	e.Total = time.Since(start)
	p.Recorder.Decided(e)
	return err
}

func (p *Plugin) stop(ctx context.Context, store SpecStore, id string) error {
	s, ok := store.(Stopper)
	if !ok {
		s = p.Stopper
	}
	if s == nil {
		return errors.New("this runtime's containers cannot be stopped by the agent: the container runs on")
	}
	if err := s.Stop(ctx, id); err != nil {
		return fmt.Errorf("stop the container, which runs on: %w", err)
	}
	return nil
}
