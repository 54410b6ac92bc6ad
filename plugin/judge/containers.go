package judge

import (
	"maps"
	"sync"

	"github.com/specguard/specguard/policy"
)

// maxContainers limits how many containers are remembered. A node has a few hundred.
const maxContainers = 10_000

// makeRoom forgets containers, any of them, until there is room for one more.
func makeRoom[V any](byID map[string]V) {
	for id := range byID {
		if len(byID) < maxContainers {
			return
		}
		delete(byID, id)
	}
}

// containers remembers the containers that the runtime has shown, until they are removed. A
// program that sends a spec to Ask gives only the container's ID; the runtime has shown
// which pod it belongs to.
type containers struct {
	mu   sync.Mutex
	byID map[string]identity
}

// identity is the pod and container as the runtime has shown them.
type identity struct {
	pod         policy.Pod
	container   policy.Container
	claimsPorts bool // Container.ClaimsPorts

	// twice: two containers were created with this ID. On CRI-O, a caller of CRI can claim
	// the ID of another container.
	twice bool

	// sealOpened: its seal was opened, in the runtime's store or by the answer to Ask.
	sealOpened bool
}

func (c *Container) identity() identity {
	return identity{pod: c.Pod, container: c.Container, claimsPorts: c.ClaimsPorts}
}

// created remembers a container that is being created.
func (cs *containers) created(c Container) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	id := c.identity()
	_, id.twice = cs.byID[id.container.ID]
	cs.put(id)
}

// listed remembers the containers that the runtime lists, and no others. It skips those
// whose pods are unknown.
func (cs *containers) listed(all []Container) {
	listed := make(map[string]bool, len(all))
	for _, c := range all {
		listed[c.Container.ID] = true
	}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	maps.DeleteFunc(cs.byID, func(id string, _ identity) bool { return !listed[id] })
	for _, c := range all {
		if _, ok := cs.byID[c.Container.ID]; !ok && !c.PodUnknown {
			cs.put(c.identity())
		}
	}
}

func (cs *containers) put(i identity) {
	if cs.byID == nil {
		cs.byID = make(map[string]identity)
	}
	makeRoom(cs.byID) // one that is forgotten does not start
	cs.byID[i.container.ID] = i
}

// noteOpened remembers that the container's seal was opened.
func (cs *containers) noteOpened(id string) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if i, ok := cs.byID[id]; ok {
		i.sealOpened = true
		cs.byID[id] = i
	}
}

// remove forgets a container.
func (cs *containers) remove(id string) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	delete(cs.byID, id)
}

// get returns whose the container is, if that is beyond doubt.
func (cs *containers) get(id string) (identity, bool) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	i, ok := cs.byID[id]
	return i, ok && !i.twice
}
