package synchronize

import (
	"slices"
	"sync"

	"github.com/containerd/nri/pkg/api"
)

// Ledger knows how much the runtime has to tell of each pod and container.
type Ledger struct {
	Limits Limits

	mu    sync.Mutex
	pods  map[string]*entry // by sandbox id
	owner map[string]string // container id -> sandbox id
}

// entry is a pod's.
type entry struct {
	sandbox    int
	containers map[string]holding // by name: one that has ended is replaced
}

type holding struct {
	id   string
	size int
}

// total is what the pod counts with its containers.
func (e *entry) total() int {
	sum := max(e.sandbox, counts)
	for _, c := range e.containers {
		sum += max(c.size, counts)
	}
	return sum
}

// beyond is what the pod counts for the node.
func (e *entry) beyond() int {
	return max(0, e.total()-freePod, e.sandbox-freeSandbox)
}

// Sandbox is why the pod is too large, which is then not entered; nil where it
// is not, or where there is no limit.
func (l *Ledger) Sandbox(pod *api.PodSandbox) *TooLarge {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &entry{sandbox: sizeOf(pod)}
	if why := l.tooLarge(pod, nil, e); why != nil {
		return why
	}
	l.enter(pod.GetId(), e)
	return nil
}

// Container is why the container is too large, or makes its pod or the node have
// too much; it is then not entered. It is nil where all is well, or where there
// is no limit.
func (l *Ledger) Container(pod *api.PodSandbox, ctr *api.Container) *TooLarge {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.with(pod, ctr)
	if why := l.tooLarge(pod, ctr, e); why != nil {
		return why
	}
	l.enter(pod.GetId(), e)
	l.owner[ctr.GetId()] = pod.GetId()
	return nil
}

// Keep enters a pod, or a container if it is not nil, as large as it may be: it
// is there all the same.
func (l *Ledger) Keep(pod *api.PodSandbox, ctr *api.Container) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keep(pod, ctr)
}

func (l *Ledger) keep(pod *api.PodSandbox, ctr *api.Container) {
	if ctr == nil {
		l.enter(pod.GetId(), &entry{sandbox: sizeOf(pod)})
		return
	}
	l.enter(pod.GetId(), l.with(pod, ctr))
	l.owner[ctr.GetId()] = pod.GetId()
}

// with is the pod's entry as it is with the container.
func (l *Ledger) with(pod *api.PodSandbox, ctr *api.Container) *entry {
	e := &entry{sandbox: sizeOf(pod), containers: map[string]holding{containerName(ctr): {ctr.GetId(), sizeOf(ctr)}}}
	if before := l.pods[pod.GetId()]; before != nil {
		for name, c := range before.containers {
			if _, replaced := e.containers[name]; !replaced {
				e.containers[name] = c
			}
		}
	}
	return e
}

func (l *Ledger) enter(id string, e *entry) {
	if l.pods == nil {
		l.pods, l.owner = make(map[string]*entry), make(map[string]string)
	}
	if before := l.pods[id]; before != nil && e.containers == nil {
		e.containers = before.containers
	}
	l.pods[id] = e
}

// SandboxStopped forgets the containers of the pod: the runtime does not tell of
// those that have ended.
func (l *Ledger) SandboxStopped(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.pods[id]; e != nil {
		for _, c := range e.containers {
			delete(l.owner, c.id)
		}
		e.containers = nil
	}
}

// SandboxRemoved forgets the pod.
func (l *Ledger) SandboxRemoved(id string) {
	l.SandboxStopped(id)
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.pods, id)
}

// ContainerGone forgets a container that has ended or was never made.
func (l *Ledger) ContainerGone(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.pods[l.owner[id]]
	delete(l.owner, id)
	if e == nil {
		return
	}
	for name, c := range e.containers {
		if c.id == id {
			delete(e.containers, name)
		}
	}
}

// Reset begins anew with what the runtime has.
func (l *Ledger) Reset(pods []*api.PodSandbox, ctrs []*api.Container) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pods, l.owner = nil, nil
	byID := make(map[string]*api.PodSandbox, len(pods))
	for _, pod := range pods {
		byID[pod.GetId()] = pod
		l.keep(pod, nil)
	}
	for _, ctr := range ctrs {
		if pod := byID[ctr.GetPodSandboxId()]; pod != nil && ctr.GetState() != api.ContainerState_CONTAINER_STOPPED {
			l.keep(pod, ctr)
		}
	}
}

// Oversized lists what is beyond the limits, the largest first. Where each is
// within its own and the node is not, these are the pods that count for it.
func (l Limits) Oversized(pods []*api.PodSandbox, ctrs []*api.Container) []*TooLarge {
	if l.Container <= 0 {
		return nil
	}
	var out []*TooLarge
	node := Ledger{Limits: l}
	node.Reset(pods, ctrs)
	of := make(map[string][]*api.Container)
	for _, ctr := range ctrs {
		of[ctr.GetPodSandboxId()] = append(of[ctr.GetPodSandboxId()], ctr)
	}
	for _, pod := range pods {
		if why := l.object(pod, nil); why != nil {
			out = append(out, why)
		}
		for _, ctr := range of[pod.GetId()] {
			if why := l.object(pod, ctr); why != nil {
				out = append(out, why)
			}
		}
	}
	if sum := node.beyond(); sum > l.Node && len(out) == 0 {
		for _, pod := range pods {
			if e := node.pods[pod.GetId()]; e.beyond() > 0 {
				out = append(out, l.node(pod, nil, e, sum))
			}
		}
	}
	slices.SortStableFunc(out, func(a, b *TooLarge) int { return b.Size - a.Size })
	return out
}

func (l *Ledger) beyond() int {
	sum := 0
	for _, e := range l.pods {
		sum += e.beyond()
	}
	return sum
}

// tooLarge compares with every limit. The pod's entry is as it would be.
func (l *Ledger) tooLarge(pod *api.PodSandbox, ctr *api.Container, e *entry) *TooLarge {
	if l.Limits.Container <= 0 {
		return nil
	}
	if why := l.Limits.object(pod, nil); why != nil { // a container in such a pod, too
		return why
	}
	if ctr != nil {
		if why := l.Limits.object(pod, ctr); why != nil {
			return why
		}
	}
	if e.beyond() == 0 {
		return nil
	}
	sum := l.beyond() + e.beyond()
	if before := l.pods[pod.GetId()]; before != nil {
		sum -= before.beyond()
	}
	if sum > l.Limits.Node {
		return l.Limits.node(pod, ctr, e, sum)
	}
	return nil
}
