// Package plugin is the NRI plugin: events of the container runtime come in,
// and seals, decisions and answers go out.
//
// A container that an enforcing policy matches is sealed in CreateContainer,
// unless what NRI shows is enough to deny it. Before it starts, its complete
// spec is judged: in PostCreateContainer, read from the runtime's store, or in
// Judge, brought by the OCI runtime wrapper. Then it is written back, adjusted
// and without the seal, or with a seal that says why not. Whatever goes wrong in
// between leaves the seal in place.
package plugin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/containerd/nri/pkg/api"
	"github.com/sirupsen/logrus"
	"golang.org/x/mod/semver"

	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/plugin/synchronize"
	"github.com/specguard/specguard/policy"
)

// Policies gives the policies in force.
type Policies interface {
	Current() *policy.Set
}

// Plugin judges the containers of one container runtime.
type Plugin struct {
	Policies Policies
	Openers  Openers
	Host     func() policy.Host // the node, for one decision; nil where it cannot be seen
	Kernel   Kernel             // what is mounted; nil where it cannot be seen
	Recorder Recorder
	Log      logrus.FieldLogger

	// Existing says what to do about containers that were there before. Bundles
	// and Stopper are for runtimes whose opener has no store; nil where there are
	// none.
	Existing Existing
	Bundles  Bundles
	Stopper  Stopper

	// OwnPod is the UID of the agent's own pod, which it does not stop; "" where
	// it runs in none.
	OwnPod string

	// Limits are of what containers may bring along; without them the runtime may
	// be unable to tell the agent of what runs. Inventory lists that, by the name
	// of the runtime, where NRI does not; nil where nothing can.
	Limits    synchronize.Limits
	Inventory func(runtime string) (Listing, error)

	// Waited is told how long a request has waited before its handler started;
	// nil: nobody wants to know.
	Waited func(time.Duration)

	// Handlers say what runs containers.
	Handlers Handlers

	conn     connection
	shown    shown
	opened   opened
	ledger   synchronize.Ledger
	sync     attempts
	live     live
	pulse    pulse
	verdicts verdicts
}

// handlers is what the NRI stub calls. It is apart from Plugin so that Plugin's
// methods are those that its users call.
type handlers struct{ *Plugin }

// validatesSince is the first version of NRI that asks plugins to validate
// adjustments. An older one refuses a plugin that subscribes to it.
const validatesSince = "v0.10.0"

// Configure subscribes to what the runtime's NRI knows of the events that
// specguard handles.
func (p handlers) Configure(_ context.Context, _, runtime, version string) (api.EventMask, error) {
	opener, err := p.configure(runtime)
	if err != nil {
		return 0, err
	}
	p.verdicts.reset()
	var events api.EventMask
	events.Set(api.Event_CREATE_CONTAINER, api.Event_UPDATE_CONTAINER, api.Event_REMOVE_CONTAINER)
	if opener.Store() != nil {
		events.Set(api.Event_POST_CREATE_CONTAINER, api.Event_START_CONTAINER)
	}
	p.conn.versioned(version)
	if p.Limits.Container > 0 {
		events.Set(api.Event_RUN_POD_SANDBOX, api.Event_STOP_POD_SANDBOX, api.Event_REMOVE_POD_SANDBOX,
			api.Event_POST_CREATE_CONTAINER, api.Event_STOP_CONTAINER)
	}
	nri := p.conn.runtimeVersion()
	validates := semver.IsValid(nri) && semver.Compare(nri, validatesSince) >= 0
	if validates {
		events.Set(api.Event_VALIDATE_CONTAINER_ADJUSTMENT)
	}
	p.Log.WithFields(logrus.Fields{"runtime": runtime + " " + version, "nri": nri, "validates": validates, "opener": opener.Name()}).Info("configured by the runtime")
	if why := p.unverified(""); why != "" {
		p.Log.Warnf("what is mounted in containers is not compared with what was judged: %s; host paths that a container could change meanwhile are refused", why)
	}
	return events, nil
}

// configure picks the opener for the runtime.
func (p *Plugin) configure(runtime string) (Opener, error) {
	opener, err := p.Openers(runtime)
	if err != nil {
		return nil, fmt.Errorf("no opener for the runtime %q: %w", runtime, err)
	}
	p.conn.configured(runtime, opener)
	return opener, nil
}

// CreateContainer denies what NRI shows to be against policy, and seals every
// other container that an enforcing policy matches.
func (p handlers) CreateContainer(ctx context.Context, pod *api.PodSandbox, ctr *api.Container) (*api.ContainerAdjustment, []*api.ContainerUpdate, error) {
	adjust, err := guard(ctx, p.conn.requestTimeout(), func(ctx context.Context) (*api.ContainerAdjustment, error) {
		if err := p.bound(ctx, pod, ctr); err != nil {
			return nil, err
		}
		sub := p.subject(ctx, pod, ctr)
		if err := p.refuseRestored(sub, ctr); err != nil {
			return nil, err
		}
		if opener, err := p.conn.opener(); err == nil && !opener.Adjusts() {
			sub = p.showMore(sub, ctr) // for what NRI carries
		}
		return p.create(ctx, pod, sub)
	})
	if err != nil {
		p.ledger.ContainerGone(ctr.GetId())
	}
	p.failed(ctx, StageCreate, p.named(pod, ctr), err)
	return adjust, nil, err
}

// PostCreateContainer judges the stored spec, where there is one. Its error is only logged by the
// runtime: it is the seal that refuses.
func (p handlers) PostCreateContainer(ctx context.Context, pod *api.PodSandbox, ctr *api.Container) error {
	p.made(ctr)
	if opener, err := p.conn.opener(); err == nil && opener.Store() == nil {
		return nil
	}
	_, err := guard(ctx, p.conn.requestTimeout(), func(ctx context.Context) (struct{}, error) {
		store, err := p.store()
		if err != nil {
			return struct{}{}, err
		}
		d, err := p.open(ctx, opening{store: store, sealed: isSealed(ctr.GetHooks())}, p.subject(ctx, pod, ctr))
		if d != nil {
			p.opened.put(ctr.GetId(), d.Mounts)
		}
		return struct{}{}, err
	})
	p.failed(ctx, StageOpen, p.named(pod, ctr), err)
	return err
}

// StartContainer refuses a container in which something else is mounted than
// what was judged.
func (p handlers) StartContainer(ctx context.Context, pod *api.PodSandbox, ctr *api.Container) error {
	_, err := guard(ctx, p.conn.requestTimeout(), func(ctx context.Context) (struct{}, error) {
		return struct{}{}, p.begin(ctx, p.subject(ctx, pod, ctr))
	})
	if err != nil {
		p.ledger.ContainerGone(ctr.GetId())
	} else {
		p.ledger.ContainerLives(ctr.GetId())
	}
	p.failed(ctx, StageStart, p.named(pod, ctr), err)
	return err
}

// UpdateContainer bounds new resource limits of a container, and how much they
// are.
func (p handlers) UpdateContainer(ctx context.Context, pod *api.PodSandbox, ctr *api.Container, r *api.LinuxResources) ([]*api.ContainerUpdate, error) {
	updates, err := guard(ctx, p.conn.requestTimeout(), func(ctx context.Context) ([]*api.ContainerUpdate, error) {
		if err := p.grows(ctx, pod, ctr, r); err != nil {
			return nil, err
		}
		return p.update(ctx, p.subject(ctx, pod, ctr), r)
	})
	p.failed(ctx, StageUpdate, p.named(pod, ctr), err)
	return updates, err
}

// ValidateContainerAdjustment refuses a container whose seal another plugin
// has taken off.
func (p handlers) ValidateContainerAdjustment(ctx context.Context, req *api.ValidateContainerAdjustmentRequest) error {
	_, err := guard(ctx, p.conn.requestTimeout(), func(ctx context.Context) (struct{}, error) {
		return struct{}{}, p.validate(p.subject(ctx, req.GetPod(), req.GetContainer()), req.GetAdjust())
	})
	p.failed(ctx, StageCreate, p.named(req.GetPod(), req.GetContainer()), err)
	return err
}

// RemoveContainer forgets a container.
func (p handlers) RemoveContainer(_ context.Context, _ *api.PodSandbox, ctr *api.Container) error {
	p.shown.removed(ctr.GetId())
	p.opened.take(ctr.GetId())
	p.ledger.ContainerGone(ctr.GetId())
	return nil
}

// Synchronize has what already runs judged and reported, after the answer: the
// runtime waits for it.
func (p handlers) Synchronize(_ context.Context, pods []*api.PodSandbox, ctrs []*api.Container) ([]*api.ContainerUpdate, error) {
	p.remember(pods, ctrs)
	p.weigh(pods, ctrs)
	if ctx, ok := p.conn.synchronized(); ok {
		go p.judgeExisting(ctx, pods, ctrs) //nolint:contextcheck // it outlives the request
	}
	return nil, nil
}

// named is the subject without the host.
func (p *Plugin) named(pod *api.PodSandbox, ctr *api.Container) policy.Subject {
	return subjectOf(p.conn.runtimeName(), pod, ctr)
}

// subject is judged until the context ends.
func (p *Plugin) subject(ctx context.Context, pod *api.PodSandbox, ctr *api.Container) policy.Subject {
	sub := p.named(pod, ctr)
	sub.Done = ctx.Done()
	if p.Host != nil {
		sub.Host = p.Host()
	}
	return sub
}

// denial is the error of a container that a policy denies; it has been
// recorded.
type denial struct{ message string }

func (d *denial) Error() string { return d.message }

// failed records an error that is no denial. A recorder that hangs or panics
// must not keep the answer from the runtime, which would go on without it.
func (p *Plugin) failed(ctx context.Context, stage Stage, sub policy.Subject, err error) {
	var recorded *denial
	if err == nil || errors.As(err, &recorded) {
		return
	}
	ctx = withDelay(context.WithoutCancel(ctx), delay{}) // it has a time of its own
	record := func() {
		_, missed := guard(ctx, p.conn.requestTimeout()/10, func(context.Context) (struct{}, error) {
			p.Recorder.Failed(stage, sub.Pod, sub.Container, err)
			return struct{}{}, nil
		})
		if missed != nil {
			go p.Log.WithError(missed).Error("a failure is not recorded") // where recording hangs, so may the log
		}
	}
	if errors.Is(err, errLate) {
		go record() // there is no time left for it
		return
	}
	record()
}

// store is where the runtime keeps specs; an error where it keeps none.
func (p *Plugin) store() (SpecStore, error) {
	opener, err := p.conn.opener()
	if err != nil {
		return nil, err
	}
	if store := opener.Store(); store != nil {
		return store, nil
	}
	return nil, fmt.Errorf("opener %s cannot read the runtime's specs", opener.Name())
}

// decided records a decision for which nothing had to be read.
func (p *Plugin) decided(stage Stage, sub policy.Subject, d *policy.Decision, start time.Time) {
	took := time.Since(start)
	p.Recorder.Decided(Event{Stage: stage, Pod: sub.Pod, Container: sub.Container, Decision: d, Evaluation: took, Total: took})
}

func (p *Plugin) create(ctx context.Context, pod *api.PodSandbox, sub policy.Subject) (*api.ContainerAdjustment, error) {
	start := time.Now()
	p.shown.created(pod, sub)
	set := p.Policies.Current()
	if !set.Select(&sub).Enforced {
		return nil, nil
	}
	d := set.Evaluate(sub, policy.Early)
	if d.Outcome() == policy.Denied {
		p.shown.removed(sub.Container.ID) // the runtime may never speak of it again
		if d.Ended {
			return nil, ErrTimeout
		}
		p.decided(StageCreate, sub, d, start)
		return nil, &denial{d.Message()}
	}
	opener, err := p.conn.opener()
	if err != nil {
		return nil, err
	}
	if err := p.runsSeals(ctx, pod, opener); err != nil {
		p.shown.removed(sub.Container.ID)
		return nil, err
	}
	adjust := &api.ContainerAdjustment{}
	adjust.AddHooks(opener.Seal())
	if opener.Adjusts() {
		adjust.AddAnnotation(seal.Annotation, seal.Sealed)
		return adjust, nil
	}
	adjust.AddAnnotation(seal.Annotation, seal.Verify)
	if carry(adjust, sub.Spec, d.Spec); d.Outcome() == policy.Adjusted {
		p.decided(StageCreate, sub, d, start)
	}
	return adjust, nil
}

func (p *Plugin) validate(sub policy.Subject, adjust *api.ContainerAdjustment) error {
	if !p.Policies.Current().Select(&sub).Enforced {
		return nil
	}
	opener, err := p.conn.opener()
	if err != nil {
		return err
	}
	if hasSeal(adjust.GetHooks(), opener.Seal()) {
		return nil
	}
	return fmt.Errorf("%srefused: the container's seal is missing (another NRI plugin took it off, or a policy came into force just now; creating it again helps then)", seal.Prefix)
}
