// Package plugin is specguard's side of NRI. It subscribes to events of the container
// runtime, turns each into what [judge.Judge] judges, and turns the answers into
// adjustments, updates and errors.
package plugin

import (
	"context"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/recordsize"
	"github.com/specguard/specguard/plugin/wrapperapi"
)

// Plugin connects a judge to one container runtime. Set its fields before Run, and call Run
// once. The other methods are safe for concurrent use.
type Plugin struct {
	// Openers returns the judge's opener when the runtime has introduced itself.
	Openers judge.Openers

	// Limits limits the size of records; the zero value limits nothing, and then the runtime
	// may be unable to list what runs. RecordsOf returns, by the runtime's name, what lists
	// records when NRI does not; nil if nothing can.
	Limits    recordsize.Limits
	RecordsOf func(runtime string) (RecordLister, error)

	// Waited is called with the time that a request has waited before its handler started.
	// It must be safe for concurrent use. It may be nil.
	Waited func(time.Duration)

	judge    *judge.Judge
	log      logrus.FieldLogger
	conn     connection
	ledger   recordsize.Ledger
	attempts attempts
	pulse    pulse
}

// New returns a Plugin for the judge, and makes it the judge's Connection.
func New(j *judge.Judge, openers judge.Openers) *Plugin {
	p := &Plugin{Openers: openers, judge: j, log: j.Log}
	j.Connection = &p.conn
	return p
}

// Judge answers the OCI runtime wrapper and the seal's hook. If the answer forbids the
// container, it is never created, and the runtime may not report that.
func (p *Plugin) Judge(ctx context.Context, req wrapperapi.Request) wrapperapi.Answer {
	a := p.judge.Ask(ctx, req)
	if a.Verdict == wrapperapi.Forbidden {
		p.ledger.ContainerGone(req.ID)
	}
	return a
}

// Opener returns the name of the current opener; "" until a runtime has connected.
func (p *Plugin) Opener() string { return p.judge.Opener() }

// Connected reports whether the runtime has accepted the plugin and sends it requests.
func (p *Plugin) Connected() bool { return p.conn.isReady() }
