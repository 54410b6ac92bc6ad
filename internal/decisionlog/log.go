// Package decisionlog writes decisions as JSON lines for machines, and as log messages for
// people.
package decisionlog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/recordsize"
	"github.com/specguard/specguard/policy"
)

// failed is the outcome of a container that could not be judged.
const failed policy.Outcome = "failed"

// Line is one line of the decision log.
type Line struct {
	Time      time.Time      `json:"time"`
	Event     judge.Event    `json:"stage"`
	Outcome   policy.Outcome `json:"outcome"`
	Pod       Pod            `json:"pod"`
	Container Container      `json:"container"`
	Policies  []string       `json:"policies,omitempty"`

	Results

	// IfEnforced is what would happen to the container if the policies in mode audit were
	// enforced.
	IfEnforced *IfEnforced `json:"ifEnforced,omitempty"`

	// Error says why there is no decision (outcome failed), or what of the container or pod
	// is too large (outcomes refused and reported).
	Error string `json:"error,omitempty"`

	// Stopped: the running container was stopped because of the decision.
	Stopped bool `json:"stopped,omitempty"`

	Durations *Durations `json:"durations,omitempty"`
}

// Results are what rules found and did.
type Results struct {
	// Violations deny the container. Audit is only reported. Excepted is excused by
	// exceptions.
	Violations []policy.Violation  `json:"violations,omitempty"`
	Audit      []policy.Violation  `json:"audit,omitempty"`
	Excepted   []policy.Excepted   `json:"excepted,omitempty"`
	Changes    []policy.Adjustment `json:"changes,omitempty"`

	// Fields are the changes field by field: what was asked for, and what it became.
	// MoreFields is how many there are beside them.
	Fields     []policy.FieldChange `json:"fields,omitempty"`
	MoreFields int                  `json:"moreFields,omitempty"`
}

// IfEnforced is a decision that was not enforced.
type IfEnforced struct {
	Outcome policy.Outcome `json:"outcome"`
	Results
}

// ResultsOf are those of a decision.
func ResultsOf(d *policy.Decision) Results {
	r := Results{Violations: d.Violations, Audit: d.Audit, Excepted: d.Excepted}
	if d.Outcome() == policy.Adjusted {
		r.Changes, r.Fields, r.MoreFields = d.Adjustments, d.Fields, d.MoreFields
	}
	return r
}

// Pod names a pod.
type Pod struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	UID       string `json:"uid"`
}

// Container names a container.
type Container struct {
	Name  string `json:"name"`
	ID    string `json:"id"`
	Image string `json:"image,omitempty"`
}

// Durations are in microseconds: of the policies alone, and of the whole answer to the
// runtime.
type Durations struct {
	Evaluation int64 `json:"evaluationMicros"`
	Total      int64 `json:"totalMicros"`
}

// Log is a judge.Recorder that writes JSON lines. It is safe for concurrent use.
type Log struct {
	mu      sync.Mutex
	w       io.Writer
	cut     bool // the last line is not whole
	now     func() time.Time
	onError func(error)
}

// New returns a Log that writes to w, with one Write per line. It calls onError if a line
// cannot be written; the decision is not affected.
func New(w io.Writer, onError func(error)) *Log {
	return &Log{w: w, now: time.Now, onError: onError}
}

// Decided writes a decision.
func (l *Log) Decided(e judge.Record) {
	line := l.line(e.Event, e.Decision.Outcome(), e.Pod, e.Container)
	line.Policies = e.Decision.Policies
	line.Results = ResultsOf(e.Decision)
	line.Stopped = e.Stopped
	if then := e.Decision.IfEnforced; then != nil {
		line.IfEnforced = &IfEnforced{Outcome: then.Outcome(), Results: ResultsOf(then)}
	}
	line.Durations = &Durations{Evaluation: e.Evaluation.Microseconds(), Total: e.Total.Microseconds()}
	l.write(line)
}

// Failed writes that a container could not be judged, or that its record is too large.
func (l *Log) Failed(s judge.Event, p policy.Pod, c policy.Container, err error) {
	line := l.line(s, failed, p, c)
	if large, ok := errors.AsType[*recordsize.TooLarge](err); ok {
		line.Outcome = policy.Outcome(large.Outcome())
	}
	line.Error = err.Error()
	l.write(line)
}

func (l *Log) line(s judge.Event, o policy.Outcome, p policy.Pod, c policy.Container) Line {
	return Line{
		Time: l.now().UTC(), Event: s, Outcome: o,
		Pod:       Pod{Namespace: p.Namespace, Name: p.Name, UID: p.UID},
		Container: Container{Name: c.Name, ID: c.ID, Image: c.Image},
	}
}

func (l *Log) write(line Line) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(line)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		text := out.Bytes()
		if l.cut {
			text = append([]byte("\n"), text...)
		}
		var n int
		if n, err = l.w.Write(text); n > 0 {
			l.cut = err != nil
		}
	}
	if err != nil {
		l.onError(fmt.Errorf("write decision log: %w", err))
	}
}
