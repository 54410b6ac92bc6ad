package plugin

import (
	"context"
	"fmt"

	"github.com/containerd/nri/pkg/api"
	"google.golang.org/protobuf/proto"

	"github.com/specguard/specguard/plugin/containerruntime"
	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/recordsize"
)

// noneEnforced is why an agent that only audits refuses nothing.
const noneEnforced = "no policy is enforced"

// refuseTooLarge refuses a container, or a pod if ctr is nil, whose record is so large that
// NRI might be unable to report it when the agent connects again. It does so in every
// namespace: without a connection, nothing is judged.
func (p *Plugin) refuseTooLarge(ctx context.Context, pod *api.PodSandbox, ctr *api.Container) error {
	if p.Limits.Container <= 0 {
		return nil
	}
	records := []recordsize.Record{recordsize.RecordOf(pod, nil)}
	if ctr != nil {
		records = append(records, recordsize.RecordOf(pod, ctr))
	}
	why := p.ledger.Enter(p.Limits, records...)
	if why == nil {
		return nil
	}
	because := ""
	switch {
	case !p.judge.Policies.Current().Enforces():
		because = noneEnforced
	case ctr == nil && !p.conn.Runtime().RefusesPods():
		because = fmt.Sprintf("%s %s would not start again after that (containerd 2.2.6 does); the pod's containers are refused",
			p.conn.Runtime().Name, p.conn.Runtime().Version)
	default:
		return why
	}
	p.ledger.Keep(records...)
	p.failed(ctx, judge.EventCreate, pod, ctr, why.Reported(because))
	return nil
}

// noteCreated notes that a container was created, if the runtime will then report its end.
// containerd does not report the end of one that fails to start.
func (p *Plugin) noteCreated(ctr *api.Container) {
	if p.conn.Runtime().Name == containerruntime.CRIO {
		p.ledger.ContainerLives(ctr.GetId())
	}
}

// refuseGrowth refuses an update that makes a container's record too large. The runtime
// adds the new limits to the old ones, of which there may be any number (unified), whether
// the container runs or has only been created.
func (p *Plugin) refuseGrowth(ctx context.Context, pod *api.PodSandbox, ctr *api.Container, r *api.LinuxResources) error {
	if p.Limits.Container <= 0 || ctr.GetState() == api.ContainerState_CONTAINER_STOPPED {
		return nil
	}
	updated := proto.Clone(ctr).(*api.Container)
	proto.Merge(updated, &api.Container{Linux: &api.LinuxContainer{Resources: r}})
	record := recordsize.RecordOf(pod, updated)
	why := p.ledger.Grow(p.Limits, record)
	switch {
	case why == nil:
		return nil
	case p.judge.Policies.Current().Enforces():
		return why
	}
	p.ledger.Keep(record)
	p.failed(ctx, judge.EventUpdate, pod, ctr, why.Reported(noneEnforced))
	return nil
}

// noteListed replaces the ledger with what the runtime has listed, ends the pause between
// attempts to connect, and logs what is too large.
func (p *Plugin) noteListed(pods []*api.PodSandbox, ctrs []*api.Container) {
	p.attempts.succeeded()
	if p.Limits.Container <= 0 {
		return
	}
	records := recordsize.Records(pods, ctrs)
	p.ledger.Reset(records)
	p.tellOversized(p.Limits.Oversized(records))
}

// tellOversized logs each pod once, with its largest record.
func (p *Plugin) tellOversized(all []*recordsize.TooLarge) {
	more := make(map[string]int)
	for _, t := range all {
		more[t.SandboxID]++
	}
	for _, t := range all { // the largest first
		n := more[t.SandboxID]
		if n == 0 {
			continue // its pod has been named
		}
		more[t.SandboxID] = 0
		others := ""
		if n > 1 {
			others = fmt.Sprintf("; and %d more in the pod", n-1)
		}
		p.log.Warnf("too large for NRI to be sure to report it: %s: %s%s", t.Name(), t.Finding(), others)
	}
}

// Oversized counts the pods and containers that are larger than the limit, as far as the
// agent knows.
func (p *Plugin) Oversized() int { return p.ledger.Oversized(p.Limits) }
