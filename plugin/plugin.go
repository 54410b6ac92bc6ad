// Package plugin is specguard's side of NRI: it subscribes to events of the
// container runtime, makes of each what [judge.Judge] judges, and turns the
// answers into adjustments, updates and errors.
package plugin

import (
	"context"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/recordsize"
	"github.com/specguard/specguard/plugin/wrapperapi"
)

// Plugin connects a judge to one container runtime. Its fields are set before Run, which is
// called once; its other methods may be called at the same time.
type Plugin struct {
	// Openers picks the judge's opener when the runtime has introduced itself.
	Openers judge.Openers

	// Limits are of what containers may bring along; without them the runtime may
	// be unable to list what runs. RecordsOf finds what lists that where NRI
	// does not, by the name of the runtime; nil where nothing can.
	Limits    recordsize.Limits
	RecordsOf func(runtime string) (RecordLister, error)

	// Waited is called with how long a request has waited before its handler
	// started, at the same time for several requests; nil: nothing is called.
	Waited func(time.Duration)

	judge    *judge.Judge
	log      logrus.FieldLogger
	conn     connection
	ledger   recordsize.Ledger
	attempts attempts
	pulse    pulse
}

// New makes a Plugin for the judge, whose Connection it becomes.
func New(j *judge.Judge, openers judge.Openers) *Plugin {
	p := &Plugin{Openers: openers, judge: j, log: j.Log}
	j.Connection = &p.conn
	return p
}

// Judge answers the OCI runtime wrapper and the seal's hook. A container that it
// refuses never comes to be, and the runtime may not say so.
func (p *Plugin) Judge(ctx context.Context, req wrapperapi.Request) wrapperapi.Answer {
	a := p.judge.Ask(ctx, req)
	if a.Verdict == wrapperapi.Forbidden {
		p.ledger.ContainerGone(req.ID)
	}
	return a
}

// Opener is the name of the opener in use; "" where no runtime has connected
// yet.
func (p *Plugin) Opener() string { return p.judge.Opener() }

// Connected reports whether the runtime has accepted the plugin and sends it its
// requests.
func (p *Plugin) Connected() bool { return p.conn.isReady() }
