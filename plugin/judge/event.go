package judge

import (
	"time"

	"github.com/specguard/specguard/policy"
)

// Event is what a decision was about. Logs and metrics call it the stage.
type Event string

// The events.
const (
	EventCreate   Event = "create"   // by what NRI shows, before the runtime stores the container
	EventOpen     Event = "open"     // by the complete spec; the seal is opened or kept
	EventStart    Event = "start"    // by what the kernel has mounted, before the process starts
	EventUpdate   Event = "update"   // new resource limits for a container that exists
	EventExisting Event = "existing" // a container that was there when the agent connected
)

// Events are all of them.
func Events() []Event { return []Event{EventCreate, EventOpen, EventStart, EventUpdate, EventExisting} }

// Record is one decision about one container.
type Record struct {
	Event     Event
	Pod       policy.Pod
	Container policy.Container
	Decision  *policy.Decision

	// Evaluation is the time that the policies took, Total the time from the
	// runtime's request to the answer.
	Evaluation, Total time.Duration

	// Stopped: the container ran, and was stopped for the decision.
	Stopped bool
}

// Recorder notes every decision and every failure to make one. Its methods may be
// called at the same time. A request waits for them, so they should return soon; Failed may
// be called after the request was answered. They may keep what they get, and must not edit it.
type Recorder interface {
	Decided(Record)
	Failed(Event, policy.Pod, policy.Container, error)
}

// Recorders passes all on to several recorders.
type Recorders []Recorder

// Decided passes the decision on.
func (rs Recorders) Decided(record Record) {
	for _, r := range rs {
		r.Decided(record)
	}
}

// Failed passes the failure on.
func (rs Recorders) Failed(e Event, p policy.Pod, c policy.Container, err error) {
	for _, r := range rs {
		r.Failed(e, p, c, err)
	}
}
