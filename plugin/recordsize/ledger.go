package recordsize

import (
	"slices"
	"sync"
)

// Ledger keeps the size of each pod's and container's record. The zero value is an
// empty ledger. It is safe for concurrent use.
type Ledger struct {
	mu    sync.Mutex
	pods  map[string]*entry // by sandbox id
	owner map[string]string // container id -> sandbox id
}

// entry is a pod's.
type entry struct {
	sandbox    int
	containers map[string]holding // by id
}

type holding struct {
	name string
	size int

	// live: the runtime will report its end. A container that is not live is replaced
	// by the next one of its name, because the runtime does not report the end of some
	// that never started.
	live bool
}

// total returns what the pod counts with its containers.
func (e *entry) total() int {
	sum := max(e.sandbox, counts)
	for _, c := range e.containers {
		sum += max(c.size, counts)
	}
	return sum
}

// beyond returns what the pod counts for the node.
func (e *entry) beyond() int {
	return max(0, e.total()-freePod, e.sandbox-freeSandbox)
}

// Enter enters records until one exceeds the limits, and returns why that one does; nil
// if all are entered. A pod's record must come before those of its containers.
func (l *Ledger) Enter(limits Limits, records ...Record) *TooLarge {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range records {
		e := l.with(r)
		if why := l.tooLarge(limits, r, e); why != nil {
			return why
		}
		l.put(r, e)
	}
	return nil
}

// slack is what updates may add to a container in total without a comparison with the
// limits. So the kubelet's updates pass even if large pods have used up what they
// share.
const slack = 1 << 10

// Grow enters a container's record as it is after an update. If that exceeds the
// limits, it enters nothing and returns why.
func (l *Ledger) Grow(limits Limits, r Record) *TooLarge {
	l.mu.Lock()
	defer l.mu.Unlock()
	if before := l.pods[r.SandboxID]; before != nil {
		if c, ok := before.containers[r.ID]; ok && r.Size <= c.size+slack {
			return nil
		}
	}
	e := l.with(r)
	if why := l.tooLarge(limits, r, e); why != nil {
		return why
	}
	l.put(r, e)
	return nil
}

// Keep enters records of any size, because their pods and containers exist.
func (l *Ledger) Keep(records ...Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range records {
		l.put(r, l.with(r))
	}
}

// with returns the pod's entry with the record in it.
func (l *Ledger) with(r Record) *entry {
	e := &entry{containers: make(map[string]holding)}
	if before := l.pods[r.SandboxID]; before != nil {
		e.sandbox = before.sandbox
		for id, c := range before.containers {
			if c.live || c.name != r.Container || r.ID == "" {
				e.containers[id] = c
			}
		}
	}
	if r.ID == "" {
		e.sandbox = r.Size
	} else {
		e.containers[r.ID] = holding{name: r.Container, size: r.Size, live: e.containers[r.ID].live}
	}
	return e
}

func (l *Ledger) put(r Record, e *entry) {
	if l.pods == nil {
		l.pods, l.owner = make(map[string]*entry), make(map[string]string)
	}
	if before := l.pods[r.SandboxID]; before != nil {
		for id := range before.containers {
			delete(l.owner, id)
		}
	}
	l.pods[r.SandboxID] = e
	for id := range e.containers {
		l.owner[id] = r.SandboxID
	}
}

// ContainerLives notes that the runtime will report the end of the container.
func (l *Ledger) ContainerLives(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lives(id)
}

func (l *Ledger) lives(id string) {
	if sandbox, ok := l.owner[id]; ok {
		c := l.pods[sandbox].containers[id]
		c.live = true
		l.pods[sandbox].containers[id] = c
	}
}

// SandboxStopped forgets the containers of the pod: the runtime does not list
// containers that have ended.
func (l *Ledger) SandboxStopped(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.pods[id]; e != nil {
		for id := range e.containers {
			delete(l.owner, id)
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

// ContainerGone forgets a container that has ended or was never created.
func (l *Ledger) ContainerGone(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.pods[l.owner[id]]
	delete(l.owner, id)
	if e != nil {
		delete(e.containers, id)
	}
}

// Reset replaces everything with the records of what the runtime has.
func (l *Ledger) Reset(records []Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pods, l.owner = nil, nil
	for _, r := range records {
		l.put(r, l.with(r))
		l.lives(r.ID)
	}
}

// Oversized counts the pods and containers whose own record exceeds the limit.
func (l *Ledger) Oversized(limits Limits) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, e := range l.pods {
		if limits.exceeded(e.sandbox) {
			n++
		}
		for _, c := range e.containers {
			if limits.exceeded(c.size) {
				n++
			}
		}
	}
	return n
}

func (l *Ledger) beyond() int {
	sum := 0
	for _, e := range l.pods {
		sum += e.beyond()
	}
	return sum
}

// tooLarge compares the record with every limit. e is the pod's entry with the record
// in it.
func (l *Ledger) tooLarge(limits Limits, r Record, e *entry) *TooLarge {
	switch {
	case limits.Container <= 0:
		return nil
	case limits.exceeded(r.Size):
		return limits.object(r)
	case e.beyond() == 0:
		return nil
	}
	more := e.beyond()
	if before := l.pods[r.SandboxID]; before != nil {
		more -= before.beyond()
	}
	if sum := l.beyond() + more; more > 0 && sum > limits.Node {
		return limits.node(r, e, sum)
	}
	return nil
}

// Oversized returns the records that exceed the limits, the largest first. If only the
// node's limit is exceeded, it returns the pods that count for it.
func (l Limits) Oversized(records []Record) []*TooLarge {
	if l.Container <= 0 {
		return nil
	}
	var node Ledger
	var out []*TooLarge
	node.Reset(records)
	for _, r := range records {
		if l.exceeded(r.Size) {
			out = append(out, l.object(r))
		}
	}
	if sum := node.beyond(); sum > l.Node && len(out) == 0 {
		for _, r := range records {
			if e := node.pods[r.SandboxID]; r.ID == "" && e.beyond() > 0 {
				out = append(out, l.node(r, e, sum))
			}
		}
	}
	slices.SortStableFunc(out, func(a, b *TooLarge) int { return b.Size - a.Size })
	return out
}

// exceeded reports whether a record is too large by itself.
func (l Limits) exceeded(size int) bool { return l.Container > 0 && size > l.Container }
