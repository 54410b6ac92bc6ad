// Package judge judges containers by the policies in force. It knows no NRI type:
// whoever talks to the container runtime makes a [Container] of what it shows, and
// does what the answer says.
//
// A container that an enforcing policy matches is sealed when it is created
// ([Judge.Create]), unless what is shown of it is enough to deny it. Before it
// starts, its complete spec is judged: read from the runtime's store
// ([Judge.Open]), or sent by the OCI runtime wrapper ([Judge.Ask]). Then it is
// written back, adjusted and without the seal, or with a seal that says why not.
// Whatever goes wrong in between leaves the seal in place.
//
// Methods of a Judge may be called at the same time. An error is a refusal: the
// container must not be created, start or be updated.
package judge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/specguard/specguard/plugin/containerruntime"
	"github.com/specguard/specguard/plugin/request"
	"github.com/specguard/specguard/policy"
)

// Judge judges the containers of one container runtime. Its fields are set before it is used,
// and not edited after that; its methods may be called at the same time. Policies, Connection,
// Recorder and Log are required.
type Judge struct {
	Policies   Policies
	Connection Connection
	Node       Node
	Existing   Existing
	Handlers   Handlers
	Recorder   Recorder
	Log        logrus.FieldLogger

	// InHand counts the runtime's requests and those of Ask. What already runs is
	// judged while there are none.
	InHand request.InHand

	containers    containers
	awaitingStart awaitingStart
	runsSeals     sealChecks
}

// Policies give the policies in force.
type Policies interface {
	// Current is never nil. It may be called at the same time, and another set may
	// be current the next time.
	Current() *policy.Set
}

// Connection is to the container runtime whose containers are judged. Its methods
// may be called at the same time, and their results change when the runtime
// connects again.
type Connection interface {
	// Runtime is the zero value until the runtime has introduced itself.
	Runtime() containerruntime.Runtime

	// Opener is an error until then, and else never nil.
	Opener() (Opener, error)

	// RequestTimeout is the time that the runtime gives a request; above 0.
	RequestTimeout() time.Duration
}

// Node is what the judge sees of the node.
type Node struct {
	// Host gives the node's files for one decision; nil where they cannot be seen. It never
	// returns nil, and may be called at the same time.
	Host func() policy.Host

	// Kernel shows what is mounted; nil where that cannot be seen.
	Kernel Kernel

	// Bundles are for runtimes whose opener has no store; nil where there are none.
	Bundles Bundles
}

// Container is a container as its runtime shows it.
type Container struct {
	// Subject has the part of the spec that the runtime shows. Host and Done are
	// left to the judge.
	policy.Subject

	// Sealed: a seal is on it, or a part of one.
	Sealed bool

	// ClaimsPorts: the pod's author has written where the runtime keeps the pod's
	// host ports (containerruntime.ClaimsPorts).
	ClaimsPorts bool

	// Restored: its runtime restores it from a checkpoint.
	Restored bool

	// PodUnknown: the runtime does not show its pod.
	PodUnknown bool
}

// prepare has the subject judged until the context ends, on this node.
func (j *Judge) prepare(ctx context.Context, sub policy.Subject) policy.Subject {
	sub.Done = ctx.Done()
	if j.Node.Host != nil {
		sub.Host = j.Node.Host()
	}
	return sub
}

// store is where the runtime keeps specs; an error where it keeps none.
func (j *Judge) store() (SpecStore, error) {
	opener, err := j.Connection.Opener()
	if err != nil {
		return nil, err
	}
	if store := opener.Store(); store != nil {
		return store, nil
	}
	return nil, fmt.Errorf("opener %s cannot read the runtime's specs", opener.Name())
}

// Opener is the name of the opener in use; "" where no runtime has connected yet.
func (j *Judge) Opener() string {
	opener, err := j.Connection.Opener()
	if err != nil {
		return ""
	}
	return opener.Name()
}

// Connected forgets what was found out during the last connection.
func (j *Judge) Connected() { j.runsSeals.reset() }

// Forget forgets a container that was removed.
func (j *Judge) Forget(id string) {
	j.containers.remove(id)
	j.awaitingStart.take(id)
}

// denial is the error of a container that a policy denies; it has been
// recorded.
type denial struct{ message string }

func (d *denial) Error() string { return d.message }

// Failed records an error that is no denial. A recorder that hangs or panics
// must not keep the answer from the runtime, which would go on without it.
func (j *Judge) Failed(ctx context.Context, event Event, sub policy.Subject, err error) {
	var recorded *denial
	if err == nil || errors.As(err, &recorded) {
		return
	}
	ctx = request.WithDelay(context.WithoutCancel(ctx), request.Delay{}) // it has a time of its own
	record := func() {
		_, missed := request.Guard(ctx, j.Connection.RequestTimeout()/10, func(context.Context) (struct{}, error) {
			j.Recorder.Failed(event, sub.Pod, sub.Container, err)
			return struct{}{}, nil
		})
		if missed != nil {
			go j.Log.WithError(missed).Error("a failure is not recorded") // where recording hangs, so may the log
		}
	}
	if errors.Is(err, request.ErrLate) {
		go record() // there is no time left for it
		return
	}
	record()
}

// decided records a decision for which nothing had to be read.
func (j *Judge) decided(event Event, sub policy.Subject, d *policy.Decision, start time.Time) {
	took := time.Since(start)
	j.Recorder.Decided(Record{Event: event, Pod: sub.Pod, Container: sub.Container, Decision: d, Evaluation: took, Total: took})
}

// SelfTest takes every lock that a request takes and evaluates the policies for a made-up
// container, so that an agent that hangs shows. It changes nothing. Its only error is that
// there was no time left.
func (j *Judge) SelfTest(ctx context.Context, c Container) error {
	sub := j.prepare(ctx, c.Subject)
	j.containers.get(sub.Container.ID)
	j.awaitingStart.take(sub.Container.ID)
	_, _ = j.runsSeals.get("")
	j.InHand.Longest(time.Now())
	_, _ = j.Connection.Opener() // before the runtime has connected there is none
	if d := j.Policies.Current().Evaluate(sub, policy.Partial); d.Ended {
		return request.ErrTimeout
	}
	return ctx.Err()
}
