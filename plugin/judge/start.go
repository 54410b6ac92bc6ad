package judge

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/specguard/specguard/plugin/mounts"
	"github.com/specguard/specguard/plugin/request"
	"github.com/specguard/specguard/policy"
)

// awaitingStart remembers the containers whose seal was opened and that have not started
// yet, with the mounts as judged; nil if there is nothing to compare.
type awaitingStart struct {
	mu         sync.Mutex
	containers map[string]*policy.JudgedMounts
}

func (o *awaitingStart) put(id string, m *policy.JudgedMounts) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.containers == nil {
		o.containers = make(map[string]*policy.JudgedMounts)
	}
	makeRoom(o.containers) // one that is forgotten is judged once more
	o.containers[id] = m
}

func (o *awaitingStart) take(id string) (m *policy.JudgedMounts, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	m, ok = o.containers[id]
	delete(o.containers, id)
	return m, ok
}

// Start judges a container for the last time before its process starts. It checks whether
// the kernel has mounted what was judged. It judges the complete spec if that has not been
// done since the container was created.
func (j *Judge) Start(ctx context.Context, c Container) error {
	sub := j.prepare(ctx, c.Subject)
	start := time.Now()
	judged, found := j.awaitingStart.take(sub.Container.ID)
	d := &policy.Decision{Mounts: judged}
	if !found {
		var err error
		if d, err = j.judgeCreated(ctx, &sub); err != nil || d == nil {
			return err
		}
	}
	evaluated := time.Since(start)
	if d.Mounts != nil && d.Outcome() != policy.Denied {
		violations, err := j.compareMounts(ctx, sub.Container.ID, d.Mounts)
		if err != nil {
			return err
		}
		d.Violations = violations
	}
	if d.Outcome() != policy.Denied {
		return nil
	}
	j.Recorder.Decided(Record{Event: EventStart, Pod: sub.Pod, Container: sub.Container, Decision: d, Evaluation: evaluated,
		Total: time.Since(start)})
	return &denial{d.Message()}
}

// judgeCreated judges a container that was created while the agent was away, or before a
// policy matched it. It returns nil if no policy in mode enforce matches it. Nothing of it
// can be adjusted any more.
func (j *Judge) judgeCreated(ctx context.Context, sub *policy.Subject) (*policy.Decision, error) {
	set := j.Policies.Current()
	if !set.Select(sub).Enforced {
		return nil, nil
	}
	store, err := j.store()
	if err != nil {
		return nil, err
	}
	if _, err := j.complete(ctx, store, sub, set); err != nil {
		return nil, err
	}
	sub.Spec = unsealed(sub.Spec)
	if id, ok := j.containers.get(sub.Container.ID); ok {
		sub.RequestJudged = id.sealOpened
	}
	d := set.Evaluate(*sub, policy.Fixed)
	if d.Ended {
		return nil, request.ErrTimeout
	}
	return d, nil
}

// compareMounts compares what the kernel has mounted in a created container with what was
// judged.
func (j *Judge) compareMounts(ctx context.Context, id string, judged *policy.JudgedMounts) ([]policy.Violation, error) {
	store, err := j.store()
	if err != nil {
		return nil, err
	}
	processes, ok := store.(Processes)
	if !ok || j.Node.Kernel == nil {
		return nil, fmt.Errorf("opener %s does not see what is mounted in containers", j.Opener())
	}
	pid, err := processes.Process(ctx, id)
	if err != nil {
		return nil, err
	}
	table, err := j.Node.Kernel.MountsOf(pid)
	if err != nil {
		return nil, fmt.Errorf("read what is mounted in the container: %w", err)
	}
	return j.compare(judged, func(node mounts.Table) string { return node.Rootfs(id) }, table)
}
