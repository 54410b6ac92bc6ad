package plugin

import (
	"context"
	"time"

	"github.com/containerd/nri/pkg/api"

	"github.com/specguard/specguard/policy"
)

// existingTimeout bounds the judgement of one container that already exists.
const existingTimeout = 5 * time.Second

// judgeExisting judges containers that were there when the agent connected:
// made before it was installed, or while it was away. It changes nothing; the
// recorder reports.
func (p *Plugin) judgeExisting(ctx context.Context, pods []*api.PodSandbox, ctrs []*api.Container) {
	byID := make(map[string]*api.PodSandbox, len(pods))
	for _, pod := range pods {
		byID[pod.GetId()] = pod
	}
	for _, ctr := range ctrs {
		if ctx.Err() != nil {
			return // the runtime will list them again
		}
		if ctr.GetState() == api.ContainerState_CONTAINER_STOPPED || isSealed(ctr.GetHooks()) {
			continue // it does not run
		}
		pod := byID[ctr.GetPodSandboxId()]
		_, err := guard(ctx, existingTimeout, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, p.report(ctx, p.subject(pod, ctr))
		})
		p.failed(ctx, StageExisting, pod, ctr, err)
	}
}

func (p *Plugin) report(ctx context.Context, sub policy.Subject) error {
	start := time.Now()
	set := p.Policies.Current()
	if sel := set.Select(&sub); !sel.Enforced && !sel.Audited {
		return nil
	}
	if _, err := p.complete(ctx, set, &sub); err != nil {
		return err
	}
	sub.Spec = unsealed(sub.Spec)
	judging := time.Now()
	d := set.Evaluate(sub, policy.Final)
	p.Recorder.Decided(Event{
		Stage: StageExisting, Pod: sub.Pod, Container: sub.Container, Decision: d,
		Evaluation: time.Since(judging), Total: time.Since(start),
	})
	return nil
}
