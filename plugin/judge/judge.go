// Package judge judges containers by the current policies. It knows no NRI type: its caller
// turns what the container runtime shows into a [Container], and carries out the answer.
//
// When a container that an enforcing policy matches is created, [Judge.Create] denies it if
// what is shown is enough for that, and seals it if not. Before it starts, its complete
// spec is judged: [Judge.Open] reads it from the runtime's store, or the OCI runtime
// wrapper sends it to [Judge.Ask]. Then the spec is written back: adjusted and without the
// seal, or with a seal that says why the container must not run. If anything fails in
// between, the seal stays.
//
// A Judge is safe for concurrent use. An error from a method that judges is a refusal: the
// container must not be created, started or updated.
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

// Judge judges the containers of one container runtime. Set its fields before the first
// call of a method, and do not change them later. Policies, Connection, Recorder and Log
// are required.
type Judge struct {
	Policies   Policies
	Connection Connection
	Node       Node
	Existing   Existing
	Handlers   Handlers
	Recorder   Recorder
	Log        logrus.FieldLogger

	// InHand counts the running requests, of the runtime and of Ask. Existing containers are
	// judged while there are none.
	InHand request.InHand

	containers    containers
	awaitingStart awaitingStart
	runsSeals     sealChecks
}

// Policies holds the current policies. It must be safe for concurrent use.
type Policies interface {
	// Current returns the current set, never nil. The next call may return another one.
	Current() *policy.Set
}

// Connection is the connection to the container runtime. It must be safe for concurrent
// use. Its results change when the runtime connects again.
type Connection interface {
	// Runtime returns the runtime; the zero value until the runtime has introduced itself.
	Runtime() containerruntime.Runtime

	// Opener returns the opener, never nil without an error. It is an error until the
	// runtime has introduced itself.
	Opener() (Opener, error)

	// RequestTimeout returns the time that the runtime gives a request. It is above 0.
	RequestTimeout() time.Duration
}

// Node is what the judge can see of the node.
type Node struct {
	// Host returns the node for one decision; never nil. It must be safe for concurrent use.
	// A nil function: the node's files cannot be seen.
	Host func() policy.Host

	// Kernel shows what is mounted; nil if that cannot be seen.
	Kernel Kernel

	// Bundles is for runtimes whose opener has no store; nil if bundles cannot be read.
	Bundles Bundles
}

// Container is a container as its runtime shows it.
type Container struct {
	// Subject has the part of the spec that the runtime shows. The judge sets Host and Done.
	policy.Subject

	// Sealed: the container has a seal, or a part of one.
	Sealed bool

	// ClaimsPorts: the pod's author has written the annotation or label in which the runtime
	// keeps the pod's host ports (containerruntime.ClaimsPorts).
	ClaimsPorts bool

	// Restored: the runtime restores the container from a checkpoint.
	Restored bool

	// PodUnknown: the runtime does not show the container's pod.
	PodUnknown bool
}

// prepare returns the subject for a judgement on this node that ends with the context.
func (j *Judge) prepare(ctx context.Context, sub policy.Subject) policy.Subject {
	sub.Done = ctx.Done()
	if j.Node.Host != nil {
		sub.Host = j.Node.Host()
	}
	return sub
}

// store returns the store in which the runtime keeps specs; an error if there is none.
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

// Opener returns the name of the current opener; "" until a runtime has connected.
func (j *Judge) Opener() string {
	opener, err := j.Connection.Opener()
	if err != nil {
		return ""
	}
	return opener.Name()
}

// Connected forgets what was found out during the last connection. Call it when the runtime
// connects.
func (j *Judge) Connected() { j.runsSeals.reset() }

// Forget forgets a container that was removed.
func (j *Judge) Forget(id string) {
	j.containers.remove(id)
	j.awaitingStart.take(id)
}

// denial is the error for a container that a policy denies. It is already recorded.
type denial struct{ message string }

func (d *denial) Error() string { return d.message }

// Failed records an error that is not a denial. A recorder that hangs or panics does not
// delay the answer: without an answer, the runtime would let the container through.
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

// decided records a decision that needed no reading.
func (j *Judge) decided(event Event, sub policy.Subject, d *policy.Decision, start time.Time) {
	took := time.Since(start)
	j.Recorder.Decided(Record{Event: event, Pod: sub.Pod, Container: sub.Container, Decision: d, Evaluation: took, Total: took})
}

// SelfTest takes every lock that a request takes, and evaluates the policies for a made-up
// container. It shows whether the agent hangs. It changes nothing. Its only error is that
// the time is over.
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
