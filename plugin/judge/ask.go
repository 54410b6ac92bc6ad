package judge

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/plugin/request"
	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/plugin/wrapperapi"
	"github.com/specguard/specguard/policy"
)

const (
	// judgeTimeout limits the time to judge a spec that is sent.
	judgeTimeout = 5 * time.Second

	// wayTimeout limits the time for which such a judgement gives way to other requests.
	wayTimeout = 250 * time.Millisecond
)

// unknownContainer is the answer about a container that the runtime has not shown.
const unknownContainer = seal.Prefix +
	"refused: the container has no seal: it was created while the agent was down, or without NRI; recreate it once the agent is running"

// Ask judges the spec of a container that the runtime has shown before. The OCI runtime
// wrapper or the seal's hook sends the spec. If the answer forbids the container, it is
// never created, and the runtime may not report that.
func (j *Judge) Ask(ctx context.Context, req wrapperapi.Request) wrapperapi.Answer {
	id, ok := j.containers.get(req.ID)
	if !ok {
		j.Log.WithField("id", req.ID).Warn("asked about a container that NRI did not show: refused, unless the host's configuration lets it pass")
		return wrapperapi.Answer{Verdict: wrapperapi.Unknown, Message: unknownContainer}
	}
	sub := policy.Subject{Pod: id.pod, Container: id.container}
	sub.Pod.HostNamespaces, sub.Pod.NamespacePathsUnseen = req.HostNamespaces, false
	visible := policy.Complete
	if req.Kind == wrapperapi.Verify {
		visible = policy.Fixed
	}
	j.giveWay(ctx)
	defer j.InHand.Begin()()
	table, unverified, err := j.mountsIn(&req)
	if err != nil {
		return wrapperapi.Forbid("not judged: " + err.Error())
	}
	sealed := bytes.Contains(req.Spec, []byte(seal.Annotation))
	spec, err := request.Guard(ctx, judgeTimeout, func(ctx context.Context) ([]byte, error) {
		sub := j.prepare(ctx, sub) // a copy: it may go on when the time is over
		sent := &sentSpec{req: req, of: id, runtime: j.Connection.Runtime()}
		if store, err := j.store(); err == nil {
			sent.runtimeStore = store // it has opened the container already, if it could
		}
		a := openRequest{
			store: sent, visible: visible, sealed: sealed, openedBefore: sent.runtimeStore != nil || req.Kind == wrapperapi.Verify && id.sealOpened,
			requestJudged: id.sealOpened && (sent.runtimeStore != nil || req.Kind == wrapperapi.Verify),
			mounts:        table, rootfs: req.Root, unverified: unverified,
		}
		if sent.runtimeStore == nil {
			a.hook = j.mountsHook()
		}
		d, err := j.open(ctx, a, sub)
		if d != nil && err == nil {
			j.containers.noteOpened(req.ID)
		}
		return sent.result, err
	})
	j.Failed(ctx, EventOpen, policy.Subject{Pod: id.pod, Container: id.container}, err)
	var denied *denial
	switch {
	case errors.As(err, &denied):
		return wrapperapi.Forbid(denied.message)
	case err != nil && !sealed && !j.enforces(&sub):
		return wrapperapi.Answer{Verdict: wrapperapi.Allowed} // policies in mode audit alone are for it: they change nothing
	case err != nil:
		return wrapperapi.Forbid("not judged: " + err.Error())
	default:
		return wrapperapi.Answer{Verdict: wrapperapi.Allowed, Spec: spec}
	}
}

// mountsHook returns the hook that sends the container's mounts.
func (j *Judge) mountsHook() *specs.Hook {
	opener, err := j.Connection.Opener()
	if err != nil {
		return nil
	}
	h := opener.Seal().CreateRuntime[0]
	return &h
}

// giveWay lets other requests go first for a moment: without an answer to NRI, the runtime
// lets a container through; without an answer to the wrapper, it does not.
func (j *Judge) giveWay(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, wayTimeout)
	defer cancel()
	_ = j.InHand.Wait(ctx)
}

// enforces reports whether a policy in mode enforce matches the container. It reports true
// if that cannot be found out.
func (j *Judge) enforces(sub *policy.Subject) (yes bool) {
	yes = true
	defer func() { _ = recover() }() // what has failed before may fail again
	return j.Policies.Current().Select(sub).Enforced
}
