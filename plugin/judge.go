package plugin

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/plugin/wrapperapi"
	"github.com/specguard/specguard/policy"
)

const (
	// judgeTimeout bounds the judgement of a spec that is brought.
	judgeTimeout = 5 * time.Second

	// wayTimeout bounds how long it gives way to other requests.
	wayTimeout = 250 * time.Millisecond
)

// unknownContainer is about a container that NRI has not shown.
const unknownContainer = seal.Prefix + "refused: the container has no seal: it was created while the agent was down, or without NRI; recreate it once the agent is running"

// Judge judges the spec of a container that NRI has shown before, brought by
// the OCI runtime wrapper or by the seal's hook. A container that it refuses
// never comes to be, and the runtime may not tell of that.
func (p *Plugin) Judge(ctx context.Context, req wrapperapi.Request) wrapperapi.Answer {
	a := p.judge(ctx, req)
	if a.Verdict == wrapperapi.Deny {
		p.ledger.ContainerGone(req.ID)
	}
	return a
}

func (p *Plugin) judge(ctx context.Context, req wrapperapi.Request) wrapperapi.Answer {
	e, ok := p.shown.get(req.ID)
	if !ok {
		p.Log.WithField("id", req.ID).Warn("asked about a container that NRI has not shown: refused, unless the host's configuration lets it pass")
		return wrapperapi.Answer{Verdict: wrapperapi.Unknown, Message: unknownContainer}
	}
	sub := policy.Subject{Pod: e.pod, Container: e.container}
	sub.Pod.HostNamespaces, sub.Pod.NamespacePathsUnseen = req.HostNamespaces, false
	phase := policy.Final
	if req.Stage == wrapperapi.Verify {
		phase = policy.Fixed
	}
	p.giveWay(ctx)
	defer p.live.begin()()
	table, unverified, err := p.mountsIn(&req)
	if err != nil {
		return wrapperapi.Refuse("not judged: " + err.Error())
	}
	sealed := bytes.Contains(req.Spec, []byte(seal.Annotation))
	spec, err := guard(ctx, judgeTimeout, func(ctx context.Context) ([]byte, error) {
		sub := sub // it may go on when the time is over
		if p.Host != nil {
			sub.Host = p.Host()
		}
		b := &brought{req: req, shown: e, runtime: p.conn.runtimeName(), names: p.conn.namesImage()}
		if store, err := p.store(); err == nil {
			b.stored = store // it has opened the container already, if it could
		}
		o := opening{
			store: b, phase: phase, sealed: sealed, again: b.stored != nil || req.Stage == wrapperapi.Verify && e.opened,
			mounts: table, rootfs: req.Root, unverified: unverified,
		}
		if b.stored == nil {
			o.guard = p.guardHook()
		}
		d, err := p.open(ctx, o, sub)
		if d != nil && err == nil {
			p.shown.isOpened(req.ID)
		}
		return b.result, err
	})
	p.failed(ctx, StageOpen, policy.Subject{Pod: e.pod, Container: e.container}, err)
	var denied *denial
	switch {
	case errors.As(err, &denied):
		return wrapperapi.Refuse(denied.message)
	case err != nil && !sealed && !p.enforces(&sub):
		return wrapperapi.Answer{Verdict: wrapperapi.Allow} // policies in mode audit alone are for it: they change nothing
	case err != nil:
		return wrapperapi.Refuse("not judged: " + err.Error())
	default:
		return wrapperapi.Answer{Verdict: wrapperapi.Allow, Spec: spec}
	}
}

// guardHook is the hook that tells what is mounted in a container.
func (p *Plugin) guardHook() *specs.Hook {
	opener, err := p.conn.opener()
	if err != nil {
		return nil
	}
	h := opener.Seal().GetCreateRuntime()[0].ToOCI()
	return &h
}

// giveWay lets other requests go first for a moment: the runtime lets a container
// through that NRI is not answered for, and the wrapper does not.
func (p *Plugin) giveWay(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, wayTimeout)
	defer cancel()
	_ = p.live.wait(ctx)
}

// enforces tells whether a policy in mode enforce is for the container; yes,
// where that cannot be found out.
func (p *Plugin) enforces(sub *policy.Subject) (yes bool) {
	yes = true
	defer func() { _ = recover() }() // what has failed before may fail again
	return p.Policies.Current().Select(sub).Enforced
}
