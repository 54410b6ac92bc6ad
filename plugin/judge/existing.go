package judge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/specguard/specguard/internal/adjusted"
	"github.com/specguard/specguard/plugin/request"
	"github.com/specguard/specguard/policy"
)

// Existing says what to do about containers that already existed when the agent connected
// and do not comply.
type Existing struct {
	Action ExistingAction

	// Stopper stops containers if the opener's store cannot; nil if nothing can.
	Stopper Stopper

	// OwnPod is the UID of the agent's own pod, which it never stops; "" if it runs in none.
	OwnPod string
}

// ExistingAction says what to do about such a container. "" is Report.
type ExistingAction string

// The choices. If a stopped container is created again, the policies apply to it.
const (
	Report     ExistingAction = "report"     // only report it
	StopDenied ExistingAction = "stopDenied" // stop what policies deny
	Stop       ExistingAction = "stop"       // stop what policies deny or would adjust
)

// stops reports whether to stop a container with that outcome.
func (a ExistingAction) stops(o policy.Outcome) bool {
	return o == policy.Denied && (a == StopDenied || a == Stop) || o == policy.Adjusted && a == Stop
}

// existingTimeout limits the time to judge one existing container.
const existingTimeout = 5 * time.Second

// Listed remembers the pods of the containers that the runtime lists when it connects, and
// forgets all others. A container that was created while another agent was connected may
// not have started yet.
func (j *Judge) Listed(all []Container) { j.containers.listed(all) }

// JudgeExisting judges containers that existed when the agent connected and that run, or
// can run: they were created before the agent was installed, while it was away, or under
// other policies. It stops those that Existing says to stop, and records all decisions. It
// judges one at a time, and only while no request is running.
func (j *Judge) JudgeExisting(ctx context.Context, existing []Container) {
	for _, c := range existing {
		if j.InHand.Wait(ctx) != nil {
			return // the runtime will list them again
		}
		_, err := request.Guard(ctx, existingTimeout, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, j.judgeExisting(ctx, c)
		})
		j.Failed(ctx, EventExisting, c.Subject, err)
	}
}

// errNoPod: policies select by pod, so without the pod none can be selected.
var errNoPod = errors.New("the runtime does not show its pod")

func (j *Judge) judgeExisting(ctx context.Context, c Container) error {
	start := time.Now()
	if c.PodUnknown {
		return errNoPod
	}
	sub := j.prepare(ctx, c.Subject)
	set := j.Policies.Current()
	if !set.Select(&sub).Any() {
		return nil
	}
	visible, action := policy.Complete, j.Existing.Action
	store, unread := j.existingStore(c)
	switch {
	case unread != nil && c.Sealed:
		return nil // the runtime shows what it was before it was judged
	case unread != nil:
		j.Log.WithError(unread).WithField("id", sub.Container.ID).Warn("existing container: full spec unavailable, checked only against " +
			"NRI data; audit-mode policies skipped, container not stopped")
		visible, action = policy.Partial, Report
	default:
		if _, err := j.complete(ctx, store, &sub, set); err != nil {
			return err
		}
	}
	if note, _ := adjusted.Read(sub.Spec, sub.Container.ID); note != nil {
		sub.RequestJudged = true // by the agent that adjusted it
	}
	sub.Spec = unsealed(sub.Spec)
	judging := time.Now()
	d := set.Evaluate(sub, visible)
	if d.Ended {
		return request.ErrTimeout
	}
	e := Record{Event: EventExisting, Pod: sub.Pod, Container: sub.Container, Decision: d, Evaluation: time.Since(judging)}
	var err error
	switch {
	case !action.stops(d.Outcome()):
	case j.Existing.OwnPod != "" && sub.Pod.UID == j.Existing.OwnPod: // it would do so again and again
		j.Log.Warn("the agent's own pod violates policy: it is not stopped; exclude its namespace")
	default:
		err = j.stop(ctx, store, sub.Container.ID)
		e.Stopped = err == nil
	}
	e.Total = time.Since(start)
	j.Recorder.Decided(e)
	return err
}

func (j *Judge) stop(ctx context.Context, store SpecStore, id string) error {
	s, ok := store.(Stopper)
	if !ok {
		s = j.Existing.Stopper
	}
	if s == nil {
		return errors.New("the agent cannot stop containers of this runtime: the container continues to run")
	}
	if err := s.Stop(ctx, id); err != nil {
		return fmt.Errorf("stop the container, which continues to run: %w", err)
	}
	return nil
}
