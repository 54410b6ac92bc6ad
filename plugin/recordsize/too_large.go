package recordsize

import "fmt"

// TooLarge is the error that a record exceeds a limit. Its text is one line with sizes
// and no values.
type TooLarge struct {
	Record

	found, limit, advice string
	because              string // why the container is not refused; "" if it is
}

// Error says what was found, whether it was refused, and what to do.
func (t *TooLarge) Error() string {
	fate := "refused"
	if t.because != "" {
		fate = "reported, not refused, because " + t.because
	}
	return fmt.Sprintf("specguard: %s: %s (%s): NRI might be unable to report it to the agent when the agent connects again; %s, or "+
		"raise maxContainerSize in the agent's configuration",
		fate, t.found, t.limit, t.advice)
}

// Finding says what is too large and what is allowed. It does not name the pod.
func (t *TooLarge) Finding() string { return t.found + " (" + t.limit + ")" }

// Outcome is "refused" or "reported".
func (t *TooLarge) Outcome() string {
	if t.because != "" {
		return "reported"
	}
	return "refused"
}

// Reported returns a copy for a container that is not refused, and why.
func (t *TooLarge) Reported(because string) *TooLarge {
	out := *t
	out.because = because
	return &out
}

// object returns the error for a record that is too large by itself.
func (l Limits) object(r Record) *TooLarge {
	t := &TooLarge{Record: r, limit: "allowed: " + Bytes(l.Container)}
	t.found = fmt.Sprintf("the pod's record of %s is too large: %s", Bytes(r.Size), r.Parts)
	t.advice = "reduce the pod's labels and annotations"
	if r.ID != "" {
		t.found = fmt.Sprintf("the container's record of %s is too large: %s", Bytes(r.Size), r.Parts)
		t.advice = "mount a ConfigMap or Secret as a volume instead of envFrom, set enableServiceLinks: false"
	}
	return t
}

// node returns the error for a pod with which the pods of the node exceed the limit
// that they share.
func (l Limits) node(r Record, e *entry, sum int) *TooLarge {
	t := &TooLarge{Record: r}
	t.Size = e.total()
	t.found = fmt.Sprintf("the pod and its %s have records of %s, and the pods of this node have %s beyond %s each",
		containers(len(e.containers)), Bytes(t.Size), Bytes(sum), Bytes(freePod))
	t.limit = fmt.Sprintf("allowed: %s for all of them; a container counts as at least %s", Bytes(l.Node), Bytes(counts))
	t.advice = "reduce its containers' environment, or use fewer containers per pod"
	return t
}

func containers(n int) string {
	if n == 1 {
		return "1 container"
	}
	return fmt.Sprintf("%d containers", n)
}
