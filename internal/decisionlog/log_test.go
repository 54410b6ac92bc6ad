package decisionlog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/sirupsen/logrus"

	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/recordsize"
	"github.com/specguard/specguard/plugin/request"
	"github.com/specguard/specguard/policy"
)

// secret must not be in any log.
const secret = "not-to-be-shown"

func decision(edit func(*policy.Decision)) *policy.Decision {
	d := &policy.Decision{
		Policies: []string{"tenants"}, Enforced: true,
		Spec: &specs.Spec{Process: &specs.Process{Args: []string{secret}, Env: []string{"TOKEN=" + secret}}},
	}
	edit(d)
	return d
}

func allowed() *policy.Decision { return decision(func(*policy.Decision) {}) }

func adjusted() *policy.Decision {
	return decision(func(d *policy.Decision) {
		d.Adjustments = []policy.Adjustment{{Policy: "tenants", Rule: "capabilities", Change: "dropped NET_ADMIN"}, {Policy: "tenants", Rule: "procMount", Change: "masked <all>"}}
		d.Fields, d.MoreFields = []policy.FieldChange{{Policy: "tenants", Rule: "capabilities", Field: "process.capabilities.bounding", Was: "CAP_NET_ADMIN", Now: "[]"}}, 3
	})
}

func denied() *policy.Decision {
	return decision(func(d *policy.Decision) {
		d.Violations = []policy.Violation{{Policy: "tenants", Rule: "capabilities", Finding: policy.Finding{Found: "NET_ADMIN not allowed", Allowed: "none"}}}
		d.Audit = []policy.Violation{{Policy: "trial", Rule: "hostPaths", Finding: policy.Finding{Found: "/ not allowed"}}}
	})
}

// rehearsed is allowed; policies in mode audit would deny it, and an exception
// excuses it.
func rehearsed() *policy.Decision {
	return decision(func(d *policy.Decision) {
		d.IfEnforced = denied()
		d.Excepted = []policy.Excepted{{Violation: d.IfEnforced.Audit[0], Exception: "legacy"}}
	})
}

func event(e judge.Event, d *policy.Decision) judge.Record {
	return judge.Record{
		Event:     e,
		Pod:       policy.Pod{Name: "web-0", Namespace: "team-a", UID: "3f2a", ID: "5d1c", Labels: map[string]string{"l": secret}},
		Container: policy.Container{Name: "app", ID: "9b7e", Image: "registry.example.com/web:1"},
		Decision:  d, Evaluation: 1500 * time.Nanosecond, Total: 2 * time.Millisecond,
	}
}

func fail(r judge.Recorder, err error) {
	e := event(judge.EventOpen, nil)
	e.Container.Image = ""
	r.Failed(judge.EventOpen, e.Pod, e.Container, err)
}

const about = `"pod":{"namespace":"team-a","name":"web-0","uid":"3f2a"},"container":{"name":"app","id":"9b7e","image":"registry.example.com/web:1"},"policies":["tenants"],`

// tooLarge is the line about a container that brings too much.
func tooLarge(outcome, fate string) string {
	return `{"time":"2026-01-02T02:04:05.000000006Z","stage":"open","outcome":"` + outcome + `",` +
		`"pod":{"namespace":"team-a","name":"web-0","uid":"3f2a"},"container":{"name":"app","id":"9b7e"},"error":"specguard: ` + fate +
		`:  (): NRI might be unable to report it to the agent when the agent connects again; , or raise maxContainerSize in the agent's configuration"}`
}

func TestLines(t *testing.T) {
	for name, c := range map[string]struct {
		record func(judge.Recorder)
		want   string
	}{
		"allowed": {
			func(r judge.Recorder) { r.Decided(event(judge.EventOpen, allowed())) },
			`{"time":"2026-01-02T02:04:05.000000006Z","stage":"open","outcome":"allowed",` + about +
				`"durations":{"evaluationMicros":1,"totalMicros":2000}}`,
		},
		"adjusted": {
			func(r judge.Recorder) { r.Decided(event(judge.EventExisting, adjusted())) },
			`{"time":"2026-01-02T02:04:05.000000006Z","stage":"existing","outcome":"adjusted",` + about +
				`"changes":[{"policy":"tenants","rule":"capabilities","change":"dropped NET_ADMIN"},{"policy":"tenants","rule":"procMount","change":"masked <all>"}],"fields":[{"policy":"tenants","rule":"capabilities","field":"process.capabilities.bounding","was":"CAP_NET_ADMIN","now":"[]"}],"moreFields":3,` +
				`"durations":{"evaluationMicros":1,"totalMicros":2000}}`,
		},
		"denied": {
			func(r judge.Recorder) { r.Decided(event(judge.EventCreate, denied())) },
			`{"time":"2026-01-02T02:04:05.000000006Z","stage":"create","outcome":"denied",` + about +
				`"violations":[{"policy":"tenants","rule":"capabilities","found":"NET_ADMIN not allowed","allowed":"none"}],` +
				`"audit":[{"policy":"trial","rule":"hostPaths","found":"/ not allowed"}],` +
				`"durations":{"evaluationMicros":1,"totalMicros":2000}}`,
		},
		"in audit mode": {
			func(r judge.Recorder) { r.Decided(event(judge.EventOpen, rehearsed())) },
			`{"time":"2026-01-02T02:04:05.000000006Z","stage":"open","outcome":"allowed",` + about +
				`"excepted":[{"policy":"trial","rule":"hostPaths","found":"/ not allowed","exception":"legacy"}],` +
				`"ifEnforced":{"outcome":"denied",` +
				`"violations":[{"policy":"tenants","rule":"capabilities","found":"NET_ADMIN not allowed","allowed":"none"}],` +
				`"audit":[{"policy":"trial","rule":"hostPaths","found":"/ not allowed"}]},` +
				`"durations":{"evaluationMicros":1,"totalMicros":2000}}`,
		},
		"refused": {
			func(r judge.Recorder) { fail(r, &recordsize.TooLarge{}) },
			tooLarge("refused", "refused"),
		},
		"reported": {
			func(r judge.Recorder) { fail(r, (&recordsize.TooLarge{}).Reported("so it is")) },
			tooLarge("reported", "reported, not refused, because so it is"),
		},
		"failed": {
			func(r judge.Recorder) { fail(r, errors.New("containerd: \"no\"\nat all")) },
			`{"time":"2026-01-02T02:04:05.000000006Z","stage":"open","outcome":"failed",` +
				`"pod":{"namespace":"team-a","name":"web-0","uid":"3f2a"},"container":{"name":"app","id":"9b7e"},"error":"containerd: \"no\"\nat all"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var w bytes.Buffer
			l := New(&w, func(err error) { t.Error(err) })
			l.now = func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600)) }
			c.record(l)
			if w.String() != c.want+"\n" {
				t.Errorf("got\n%swant\n%s", &w, c.want)
			}
			if strings.Contains(w.String(), secret) {
				t.Error("a secret is shown")
			}
		})
	}
}

// writer counts Writes, and fails those that it is told to.
type writer struct {
	bytes.Buffer
	writes int
	err    error
	part   int // how much it writes all the same
}

func (w *writer) Write(p []byte) (int, error) {
	w.writes++
	if w.err != nil {
		n, _ := w.Buffer.Write(p[:w.part])
		return n, w.err
	}
	return w.Buffer.Write(p)
}

// TestWriteFails tells of a line that cannot be written, and writes the next.
func TestWriteFails(t *testing.T) {
	w := &writer{err: errors.New("no space left")}
	var told []error
	l := New(w, func(err error) { told = append(told, err) })
	l.Decided(event(judge.EventOpen, allowed()))
	fail(l, errors.New("x"))
	if len(told) != 2 || !errors.Is(told[0], w.err) || !strings.HasPrefix(told[0].Error(), "write decision log: ") {
		t.Errorf("told %v", told)
	}
	w.err = nil
	l.Decided(event(judge.EventOpen, allowed()))
	if len(told) != 2 || strings.Count(w.String(), "\n") != 1 {
		t.Errorf("told %v, written %q", told, w)
	}
}

// TestCutLine has a line that is written in part: the next starts a new one.
func TestCutLine(t *testing.T) {
	w := &writer{part: 7, err: errors.New("no space left")}
	l := New(w, func(error) {})
	fail(l, errors.New("x"))
	w.err = nil
	fail(l, errors.New("y"))
	fail(l, errors.New("z"))
	lines := strings.Split(w.String(), "\n")
	if len(lines) != 4 || len(lines[0]) != 7 || !strings.HasPrefix(lines[1], "{") || !strings.HasPrefix(lines[2], "{") {
		t.Errorf("written %q", lines)
	}
}

// TestOneWrite has many write at once: lines are whole, one Write each.
func TestOneWrite(t *testing.T) {
	w := &writer{}
	l := New(w, func(err error) { t.Error(err) })
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { l.Decided(event(judge.EventOpen, denied())) })
	}
	wg.Wait()
	lines := strings.Split(strings.TrimSuffix(w.String(), "\n"), "\n")
	if w.writes != 20 || len(lines) != 20 {
		t.Errorf("%d writes, %d lines", w.writes, len(lines))
	}
	for _, line := range lines {
		var v Line
		if err := json.Unmarshal([]byte(line), &v); err != nil || v.Outcome != policy.Denied {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func TestMessages(t *testing.T) {
	const who = ` container=app id=9b7e namespace=team-a pod=web-0`
	for name, c := range map[string]struct {
		record func(judge.Recorder)
		want   []string
	}{
		"allowed": {
			func(r judge.Recorder) { r.Decided(event(judge.EventOpen, allowed())) },
			[]string{`level=debug msg=allowed` + who + ` stage=open`},
		},
		"adjusted": {
			func(r judge.Recorder) { r.Decided(event(judge.EventOpen, adjusted())) },
			[]string{`level=info msg="adjusted: capabilities: dropped NET_ADMIN; procMount: masked <all>"` + who + ` stage=open`},
		},
		"denied": {
			func(r judge.Recorder) { r.Decided(event(judge.EventCreate, denied())) },
			[]string{
				`level=info msg="audit: / not allowed"` + who + ` policy=trial rule=hostPaths stage=create`,
				`level=warning msg="specguard: denied by policy \"tenants\": capabilities: NET_ADMIN not allowed (allowed: none)"` + who + ` stage=create`,
			},
		},
		"in audit mode": {
			func(r judge.Recorder) { r.Decided(event(judge.EventOpen, rehearsed())) },
			[]string{
				`level=info msg="excepted: / not allowed"` + who[:len(" container=app")] + ` exception=legacy` + who[len(" container=app"):] + ` policy=trial rule=hostPaths stage=open`,
				`level=info msg="audit: would be denied if enforced: specguard: denied by policy \"tenants\": capabilities: NET_ADMIN not allowed (allowed: none)"` + who + ` stage=open`,
				`level=debug msg=allowed` + who + ` stage=open`,
			},
		},
		"in audit mode, would adjust": {
			func(r judge.Recorder) {
				r.Decided(event(judge.EventOpen, decision(func(d *policy.Decision) { d.IfEnforced = adjusted() })))
			},
			[]string{
				`level=info msg="audit: would be adjusted if enforced: capabilities: dropped NET_ADMIN; procMount: masked <all>"` + who + ` stage=open`,
				`level=debug msg=allowed` + who + ` stage=open`,
			},
		},
		"existing, denied": {
			func(r judge.Recorder) { r.Decided(event(judge.EventExisting, denied())) },
			[]string{
				`level=info msg="audit: / not allowed"` + who + ` policy=trial rule=hostPaths stage=existing`,
				`level=warning msg="running container violates policy (left alone): specguard: denied by policy \"tenants\": capabilities: NET_ADMIN not allowed (allowed: none)"` + who + ` stage=existing`,
			},
		},
		"existing, adjusted": {
			func(r judge.Recorder) { r.Decided(event(judge.EventExisting, adjusted())) },
			[]string{`level=warning msg="running container would be adjusted by policy (left alone): capabilities: dropped NET_ADMIN; procMount: masked <all>"` + who + ` stage=existing`},
		},
		"failed": {
			func(r judge.Recorder) { fail(r, errors.New("no")) },
			[]string{`level=error msg="not judged"` + who[:len(" container=app")] + ` error=no` + who[len(" container=app"):] + ` stage=open`},
		},
		"panic": {
			func(r judge.Recorder) {
				fail(r, fmt.Errorf("x: %w", &request.PanicError{Value: "boom", Stack: []byte("here")}))
			},
			[]string{`level=error msg="not judged" container=app error="x: specguard: internal error, refused (see the agent's log)" id=9b7e namespace=team-a panic=boom pod=web-0 stack=here stage=open`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var w bytes.Buffer
			log := logrus.New()
			log.SetOutput(&w)
			log.SetLevel(logrus.DebugLevel)
			log.SetFormatter(&logrus.TextFormatter{DisableTimestamp: true})
			c.record(Messages{Log: log})
			if want := strings.Join(c.want, "\n") + "\n"; w.String() != want {
				t.Errorf("got\n%swant\n%s", &w, want)
			}
			if strings.Contains(w.String(), secret) {
				t.Error("a secret is shown")
			}
		})
	}
}
