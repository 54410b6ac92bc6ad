package plugin

import (
	"context"

	"github.com/containerd/nri/pkg/api"
	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/sirupsen/logrus"
	"golang.org/x/mod/semver"

	"github.com/specguard/specguard/plugin/containerruntime"
	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/request"
)

// nriEvents is what the NRI stub calls. It is not Plugin itself, so that Plugin has only
// the methods that its users call.
type nriEvents struct{ *Plugin }

// validatesSince is the first version of NRI that asks plugins to validate adjustments. An
// older one refuses a plugin that subscribes to that event.
const validatesSince = "v0.10.0"

// Configure subscribes to the events that specguard handles and the runtime's NRI knows.
func (p nriEvents) Configure(_ context.Context, _, runtime, version string) (api.EventMask, error) {
	opener, err := p.Openers.For(runtime)
	if err != nil {
		return 0, err
	}
	p.conn.configured(containerruntime.Runtime{Name: runtime, Version: version}, opener)
	p.judge.Connected()
	var events api.EventMask
	events.Set(api.Event_CREATE_CONTAINER, api.Event_UPDATE_CONTAINER, api.Event_REMOVE_CONTAINER)
	if opener.Store() != nil {
		events.Set(api.Event_POST_CREATE_CONTAINER, api.Event_START_CONTAINER)
	}
	if p.Limits.Container > 0 {
		events.Set(api.Event_RUN_POD_SANDBOX, api.Event_STOP_POD_SANDBOX, api.Event_REMOVE_POD_SANDBOX,
			api.Event_POST_CREATE_CONTAINER, api.Event_STOP_CONTAINER)
	}
	nri := p.conn.nriVersion()
	validates := semver.IsValid(nri) && semver.Compare(nri, validatesSince) >= 0
	if validates {
		events.Set(api.Event_VALIDATE_CONTAINER_ADJUSTMENT)
	}
	p.log.WithFields(logrus.Fields{
		"runtime": runtime + " " + version, "nri": nri, "validates": validates, "opener": opener.Name(),
	}).Info("configured by the runtime")
	if why := p.judge.MountsUnverified(); why != "" {
		p.log.Warnf("cannot compare what is mounted in containers with what was judged: %s; host paths that a container could change are "+
			"denied", why)
	}
	return events, nil
}

// CreateContainer denies a container that breaks a policy by what NRI shows, and seals
// every other container that an enforcing policy matches.
func (p nriEvents) CreateContainer(
	ctx context.Context, pod *api.PodSandbox, ctr *api.Container,
) (*api.ContainerAdjustment, []*api.ContainerUpdate, error) {
	adjust, err := request.Guard(ctx, p.conn.RequestTimeout(), func(ctx context.Context) (*api.ContainerAdjustment, error) {
		if err := p.refuseTooLarge(ctx, pod, ctr); err != nil {
			return nil, err
		}
		c := p.container(pod, ctr)
		if opener, err := p.conn.Opener(); err == nil && !opener.Adjusts() {
			p.showMore(&c.Subject, ctr) // for what NRI carries
		}
		creation, err := p.judge.Create(ctx, c)
		if err != nil {
			return nil, err
		}
		return adjustment(creation, c.Spec), nil
	})
	if err != nil {
		p.ledger.ContainerGone(ctr.GetId())
	}
	p.failed(ctx, judge.EventCreate, pod, ctr, err)
	return adjust, nil, err
}

// PostCreateContainer judges the stored spec, if the opener has a store. The runtime only
// logs its error; the seal is what refuses.
func (p nriEvents) PostCreateContainer(ctx context.Context, pod *api.PodSandbox, ctr *api.Container) error {
	p.noteCreated(ctr)
	if opener, err := p.conn.Opener(); err == nil && opener.Store() == nil {
		return nil
	}
	err := p.guard(ctx, func(ctx context.Context) error { return p.judge.Open(ctx, p.container(pod, ctr)) })
	p.failed(ctx, judge.EventOpen, pod, ctr, err)
	return err
}

// StartContainer refuses a container if the kernel has mounted something else than what was
// judged.
func (p nriEvents) StartContainer(ctx context.Context, pod *api.PodSandbox, ctr *api.Container) error {
	err := p.guard(ctx, func(ctx context.Context) error { return p.judge.Start(ctx, p.container(pod, ctr)) })
	if err != nil {
		p.ledger.ContainerGone(ctr.GetId())
	} else {
		p.ledger.ContainerLives(ctr.GetId())
	}
	p.failed(ctx, judge.EventStart, pod, ctr, err)
	return err
}

// UpdateContainer limits a container's new resource limits, and the size of its record with
// them.
func (p nriEvents) UpdateContainer(
	ctx context.Context, pod *api.PodSandbox, ctr *api.Container, r *api.LinuxResources,
) ([]*api.ContainerUpdate, error) {
	updates, err := request.Guard(ctx, p.conn.RequestTimeout(), func(ctx context.Context) ([]*api.ContainerUpdate, error) {
		if err := p.refuseGrowth(ctx, pod, ctr, r); err != nil {
			return nil, err
		}
		var asked *specs.LinuxResources
		if r != nil {
			asked = r.ToOCI()
		}
		resources, err := p.judge.Update(ctx, p.container(pod, ctr), asked)
		if err != nil || resources == nil {
			return nil, err
		}
		return []*api.ContainerUpdate{{
			ContainerId: ctr.GetId(),
			Linux:       &api.LinuxContainerUpdate{Resources: api.FromOCILinuxResources(resources, nil)},
		}}, nil
	})
	p.failed(ctx, judge.EventUpdate, pod, ctr, err)
	return updates, err
}

// ValidateContainerAdjustment refuses a container whose seal another plugin has removed.
func (p nriEvents) ValidateContainerAdjustment(ctx context.Context, req *api.ValidateContainerAdjustmentRequest) error {
	err := p.guard(ctx, func(ctx context.Context) error {
		return p.judge.CheckSealed(ctx, p.container(req.GetPod(), req.GetContainer()), hooksOf(req.GetAdjust().GetHooks()))
	})
	p.failed(ctx, judge.EventCreate, req.GetPod(), req.GetContainer(), err)
	return err
}

// RemoveContainer forgets a container.
func (p nriEvents) RemoveContainer(_ context.Context, _ *api.PodSandbox, ctr *api.Container) error {
	p.judge.Forget(ctr.GetId())
	p.ledger.ContainerGone(ctr.GetId())
	return nil
}

// Synchronize starts to judge and report existing containers after it has answered, because
// the runtime waits for the answer.
func (p nriEvents) Synchronize(_ context.Context, pods []*api.PodSandbox, ctrs []*api.Container) ([]*api.ContainerUpdate, error) {
	all, mayRun := p.listed(pods, ctrs)
	p.judge.Listed(all)
	p.noteListed(pods, ctrs)
	if ctx, ok := p.conn.synchronized(); ok {
		go p.judge.JudgeExisting(ctx, mayRun) //nolint:contextcheck // it outlives the request
	}
	return nil, nil
}

// RunPodSandbox refuses a pod whose own record is too large. If only its containers were
// refused, the pod would stay on the node.
func (p nriEvents) RunPodSandbox(ctx context.Context, pod *api.PodSandbox) error {
	err := p.guard(ctx, func(ctx context.Context) error { return p.refuseTooLarge(ctx, pod, nil) })
	p.failed(ctx, judge.EventCreate, pod, nil, err)
	return err
}

// StopPodSandbox forgets the containers of a pod. They have ended.
func (p nriEvents) StopPodSandbox(_ context.Context, pod *api.PodSandbox) error {
	p.ledger.SandboxStopped(pod.GetId())
	return nil
}

// RemovePodSandbox forgets a pod.
func (p nriEvents) RemovePodSandbox(_ context.Context, pod *api.PodSandbox) error {
	p.ledger.SandboxRemoved(pod.GetId())
	return nil
}

// StopContainer forgets the record of a container that has ended.
func (p nriEvents) StopContainer(_ context.Context, _ *api.PodSandbox, ctr *api.Container) ([]*api.ContainerUpdate, error) {
	p.ledger.ContainerGone(ctr.GetId())
	return nil, nil
}

// guard makes sure that the handler of a request always answers.
func (p *Plugin) guard(ctx context.Context, handle func(context.Context) error) error {
	_, err := request.Guard(ctx, p.conn.RequestTimeout(), func(ctx context.Context) (struct{}, error) {
		return struct{}{}, handle(ctx)
	})
	return err
}

// failed records an error that is not a denial.
func (p *Plugin) failed(ctx context.Context, event judge.Event, pod *api.PodSandbox, ctr *api.Container, err error) {
	if err != nil {
		p.judge.Failed(ctx, event, p.container(pod, ctr).Subject, err)
	}
}
