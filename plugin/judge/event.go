package judge

import (
	"time"

	"github.com/specguard/specguard/policy"
)

// Stage is the point at which a decision was made.
type Stage string

// The stages.
const (
	StageCreate   Stage = "create"   // by what NRI shows, before the runtime stores the container
	StageOpen     Stage = "open"     // by the complete spec; the seal is opened or kept
	StageStart    Stage = "start"    // by what the kernel has mounted, before the process starts
	StageUpdate   Stage = "update"   // new resource limits for a container that exists
	StageExisting Stage = "existing" // a container that was there when the agent connected
)

// Stages are all of them.
func Stages() []Stage { return []Stage{StageCreate, StageOpen, StageStart, StageUpdate, StageExisting} }

// Event is one decision about one container.
type Event struct {
	Stage     Stage
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
// called at the same time. A request waits for them, so they should return soon.
type Recorder interface {
	Decided(Event)
	Failed(Stage, policy.Pod, policy.Container, error)
}

// Recorders passes all on to several recorders.
type Recorders []Recorder

// Decided passes the decision on.
func (rs Recorders) Decided(e Event) {
	for _, r := range rs {
		r.Decided(e)
	}
}

// Failed passes the failure on.
func (rs Recorders) Failed(s Stage, p policy.Pod, c policy.Container, err error) {
	for _, r := range rs {
		r.Failed(s, p, c, err)
	}
}
