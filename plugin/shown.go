package plugin

import (
	"maps"
	"sync"

	"github.com/containerd/nri/pkg/api"

	"github.com/specguard/specguard/policy"
)

// maxShown bounds how many containers are remembered: a node has some hundred.
const maxShown = 10_000

// shown remembers the containers that NRI has shown, until they are removed:
// whoever brings a container's spec to Judge tells its id, and NRI told whose
// it is.
type shown struct {
	mu         sync.Mutex
	containers map[string]exhibit
}

// exhibit is what NRI told of a container.
type exhibit struct {
	pod       policy.Pod
	container policy.Container

	// claimsPorts: the pod's author has written portsAnnotation himself, as an
	// annotation or a label.
	claimsPorts bool

	// twice: two containers were created under the id. On CRI-O a caller of CRI
	// can claim the id of another container.
	twice bool

	// opened: its seal was opened, and it was told so.
	opened bool
}

// created remembers a container that is being created.
func (s *shown) created(pod *api.PodSandbox, sub policy.Subject) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := exhibited(pod, sub)
	_, e.twice = s.containers[sub.Container.ID]
	s.put(e)
}

// existing remembers a container that was there before.
func (s *shown) existing(pod *api.PodSandbox, sub policy.Subject) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.containers[sub.Container.ID]; !ok {
		s.put(exhibited(pod, sub))
	}
}

// only forgets all other containers than these.
func (s *shown) only(ctrs []*api.Container) {
	there := make(map[string]bool, len(ctrs))
	for _, ctr := range ctrs {
		there[ctr.GetId()] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.containers, func(id string, _ exhibit) bool { return !there[id] })
}

func exhibited(pod *api.PodSandbox, sub policy.Subject) exhibit {
	_, annotated := pod.GetAnnotations()[portsAnnotation]
	_, labelled := pod.GetLabels()[portsAnnotation]
	return exhibit{pod: sub.Pod, container: sub.Container, claimsPorts: annotated || labelled}
}

func (s *shown) put(e exhibit) {
	if s.containers == nil {
		s.containers = make(map[string]exhibit)
	}
	for id := range s.containers { // whichever is forgotten does not start
		if len(s.containers) < maxShown {
			break
		}
		delete(s.containers, id)
	}
	s.containers[e.container.ID] = e
}

// isOpened remembers that the container's seal was opened.
func (s *shown) isOpened(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.containers[id]; ok {
		e.opened = true
		s.containers[id] = e
	}
}

// removed forgets a container.
func (s *shown) removed(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.containers, id)
}

// get returns what NRI told of the container, if that is beyond doubt.
func (s *shown) get(id string) (exhibit, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.containers[id]
	return e, ok && !e.twice
}
