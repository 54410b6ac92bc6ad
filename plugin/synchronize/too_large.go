package synchronize

import (
	"fmt"

	"github.com/containerd/nri/pkg/api"
)

// TooLarge says what is beyond a limit. As an error it is one line, which names
// sizes and no values.
type TooLarge struct {
	Namespace, Pod, Container string // Container is "" for a pod
	Size                      int

	found, limit, advice string
	reported             bool
}

// Error says that it is refused, and what to do.
func (t *TooLarge) Error() string {
	fate := "refused"
	if t.reported {
		fate = "reported and not refused, since no policy is enforced"
	}
	return fmt.Sprintf("specguard: %s: %s (%s): the runtime could not tell the agent of it when the agent connects again; %s, or raise maxContainerSize in the agent's configuration",
		fate, t.found, t.limit, t.advice)
}

// Finding is what is too large, without whose it is.
func (t *TooLarge) Finding() string { return t.found + " (" + t.limit + ")" }

// Refused tells whether it was.
func (t *TooLarge) Refused() bool { return !t.reported }

// Reported is the same of what is let through.
func (t *TooLarge) Reported() *TooLarge {
	out := *t
	out.reported = true
	return &out
}

// Name names the pod, and the container if it is about one.
func (t *TooLarge) Name() string {
	name := t.Namespace + "/" + t.Pod
	if t.Container != "" {
		name += ", container " + t.Container
	}
	return name
}

func about(pod *api.PodSandbox, ctr *api.Container) *TooLarge {
	t := &TooLarge{Namespace: pod.GetNamespace(), Pod: pod.GetName()}
	if ctr != nil {
		t.Container = containerName(ctr)
	}
	return t
}

// object compares a container, or a pod if it is nil, with the limit for one.
func (l Limits) object(pod *api.PodSandbox, ctr *api.Container) *TooLarge {
	t := about(pod, ctr)
	if ctr != nil {
		t.Size = sizeOf(ctr)
		t.found = fmt.Sprintf("the container's record of %s is too large: %s", Bytes(t.Size), parts(ctr))
		t.advice = "mount a ConfigMap or Secret as a volume instead of envFrom, set enableServiceLinks: false"
	} else {
		t.Size = sizeOf(pod)
		t.found = fmt.Sprintf("the pod's record of %s is too large: %s", Bytes(t.Size), parts(pod))
		t.advice = "give the pod less in labels and annotations"
	}
	if t.Size <= l.Container {
		return nil
	}
	t.limit = "allowed: " + Bytes(l.Container)
	return t
}

// node is about all pods that are larger than others.
func (l Limits) node(pod *api.PodSandbox, ctr *api.Container, e *entry, sum int) *TooLarge {
	t := about(pod, ctr)
	t.Size = e.total()
	t.found = fmt.Sprintf("the pod and its %s have records of %s, and the pods of this node have %s beyond %s each", containers(len(e.containers)), Bytes(t.Size), Bytes(sum), Bytes(freePod))
	t.limit = fmt.Sprintf("allowed: %s for all of them; a container counts as at least %s", Bytes(l.Node), Bytes(counts))
	t.advice = "give its containers less environment, or fewer to a pod"
	return t
}

func containers(n int) string {
	if n == 1 {
		return "1 container"
	}
	return fmt.Sprintf("%d containers", n)
}
