package policy

import (
	"strings"
	"sync"
	"testing"
	"time"
)

// closed is a channel that is closed.
func closed() <-chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}

// TestEndedDenies: a judgement that was ended never lets a container run,
// whatever the policies say, however much of the spec is visible.
func TestEndedDenies(t *testing.T) {
	for name, doc := range map[string]string{
		"allows":     policyDoc("p", "hostNamespaces: {}"),
		"adjusts":    adjusting("p"),
		"expression": policyDoc("p", customRule("pod.name != ''")),
		"condition":  strings.Replace(policyDoc("p", "hostNamespaces: {}"), "spec:\n", "spec:\n  match: {matchConditions: [{name: a, expression: 'pod.name == \"web-0\"'}]}\n", 1),
	} {
		set := compileDocs(t, doc)
		for _, visible := range []Visibility{Complete, Fixed, Partial} {
			sub := subject(newSpec(restricted))
			sub.Host, sub.Done = node(), closed()
			d := set.Evaluate(sub, visible)
			if d.Outcome() != Denied || d.Message() != "specguard: not judged in time, refused" {
				t.Errorf("%s, visible %d: %s %q", name, visible, d.Outcome(), d.Message())
			}
			if d := set.EvaluateUpdate(sub, nil); d.Outcome() != Denied {
				t.Errorf("%s, update: %s", name, d.Outcome())
			}
			if sel := set.Select(&sub); !sel.Enforced {
				t.Errorf("%s: not selected", name)
			}
		}
	}
}

// endingHost ends the judgement when the host is asked the nth time.
type endingHost struct {
	Host
	asked, end int
	once       sync.Once
	done       chan struct{}
}

func (h *endingHost) ResolvePath(p string) (string, []string, error) {
	if h.asked++; h.asked == h.end {
		h.once.Do(func() { close(h.done) })
	}
	return h.Host.ResolvePath(p)
}

// TestEndedMidway: wherever the judgement ends, it denies, and does not go on.
func TestEndedMidway(t *testing.T) {
	const mounts = 500
	set := compileDocs(t, policyDoc("p",
		"hostPaths: {onViolation: adjust, remove: writable, allowed: [{path: /var/log}]}", "volumeTypes: {onViolation: adjust, remove: writable, allowed: [emptyDir]}",
		"mountOptions: {onViolation: adjust, require: [{options: [ro], paths: [\"/mnt/**\"]}]}", customRule("spec.mounts.all(m, m.type != '')")))
	for end := 1; end < mounts; end += 37 {
		spec := newSpec()
		spec.Mounts = append(spec.Mounts, longSpec(mounts).Mounts...)
		host := &endingHost{Host: node(), end: end, done: make(chan struct{})}
		sub := subject(spec)
		sub.Host, sub.Done = host, host.done
		if d := set.Evaluate(sub, Complete); d.Outcome() != Denied || !d.Ended {
			t.Errorf("ended at %d: %s", end, d.Outcome())
		}
		if host.asked > end {
			t.Errorf("ended at %d: the host was asked %d times more", end, host.asked-end)
		}
	}
}

// TestEndedExpression: an expression ends with the judgement.
func TestEndedExpression(t *testing.T) {
	s := Subject{Spec: longSpec(20_000)}
	for _, text := range costly() {
		e, env := compiledExpression(t, text)
		done := make(chan struct{})
		s.Done = done
		time.AfterFunc(5*time.Millisecond, func() { close(done) })
		start := time.Now()
		a, why := e.ask(env.variables(&s))
		took := time.Since(start)
		if t.Logf("%8s %s: %d %s", took.Round(time.Millisecond), text, a, why); took > 3*time.Second {
			t.Errorf("%s went on for %s (%s)", text, took, why)
		}
	}
}
