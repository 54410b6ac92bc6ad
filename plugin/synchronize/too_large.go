package synchronize

import "fmt"

// TooLarge says what is beyond a limit. As an error it is one line, which names
// sizes and no values.
type TooLarge struct {
	Record

	found, limit, advice string
	because              string // why it is not refused; "" if it is
}

// Error says what becomes of it, and what to do.
func (t *TooLarge) Error() string {
	fate := "refused"
	if t.because != "" {
		fate = "reported, not refused, because " + t.because
	}
	return fmt.Sprintf("specguard: %s: %s (%s): NRI might be unable to report it to the agent when the agent connects again; %s, or "+
		"raise maxContainerSize in the agent's configuration",
		fate, t.found, t.limit, t.advice)
}

// Finding is what is too large, and what is allowed, without whose it is.
func (t *TooLarge) Finding() string { return t.found + " (" + t.limit + ")" }

// Outcome is what became of it: refused or reported.
func (t *TooLarge) Outcome() string {
	if t.because != "" {
		return "reported"
	}
	return "refused"
}

// Reported is the same of what is let through.
func (t *TooLarge) Reported(because string) *TooLarge {
	out := *t
	out.because = because
	return &out
}

// object is about a record that is too large by itself.
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

// node is about what large pods have in common.
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
