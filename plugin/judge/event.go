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
	EventExisting Event = "existing" // a container that already existed when the agent connected
)

// Events returns all events.
func Events() []Event { return []Event{EventCreate, EventOpen, EventStart, EventUpdate, EventExisting} }

// Record is one decision about one container.
type Record struct {
	Event     Event
	Pod       policy.Pod
	Container policy.Container
	Decision  *policy.Decision

	// Evaluation is how long the policies took, Total the time from the runtime's request to
	// the answer.
	Evaluation, Total time.Duration

	// Stopped: the running container was stopped because of the decision.
	Stopped bool
}

// Recorder records every decision and every failure to decide. It must be safe for
// concurrent use. Requests wait for its methods, so they must return soon. Failed may be
// called after the request was answered. They may keep their arguments but must not edit
// them.
type Recorder interface {
	Decided(Record)
	Failed(Event, policy.Pod, policy.Container, error)
}

// Recorders passes everything on to several recorders.
type Recorders []Recorder

// Decided passes the decision on to each recorder.
func (rs Recorders) Decided(record Record) {
	for _, r := range rs {
		r.Decided(record)
	}
}

// Failed passes the failure on to each recorder.
func (rs Recorders) Failed(e Event, p policy.Pod, c policy.Container, err error) {
	for _, r := range rs {
		r.Failed(e, p, c, err)
	}
}
