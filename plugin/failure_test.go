package plugin

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/containerd/nri/pkg/api"
	"github.com/containerd/nri/pkg/stub"

	"github.com/specguard/specguard/plugin/request"
	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/policy"
)

// inTime fails the test where an answer took so long that NRI could have gone
// on without it.
func inTime(t *testing.T, began time.Time) {
	t.Helper()
	if took := time.Since(began); took >= stub.DefaultRequestTimeout {
		t.Errorf("answered after %s", took)
	}
}

// works makes sure that the plugin is still connected and judges the next
// container.
func (n *node) works() {
	n.t.Helper()
	if !n.plugin.Connected() {
		n.t.Error("not connected")
	}
	n.policies.use(compile(n.t, doc("p", strip)))
	n.store.breaks(nil, nil)
	n.recorder.breaks(nil)
	if got, err := n.made(); err != nil || got != spec(one, "", annotated("adjusted")) {
		n.t.Errorf("next container: error %v, spec %s", err, got)
	}
}

// untilDone waits as long as the caller lets it.
func untilDone(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// TestSlowStore has a store that takes longer than a request may.
func TestSlowStore(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	defer close(release)
	deaf := func(context.Context) error {
		<-release
		return errors.New("too late")
	}
	for name, c := range map[string]struct{ get, put func(context.Context) error }{
		"get":                       {untilDone, nil},
		"put":                       {nil, untilDone},
		"get that minds no context": {deaf, nil},
		"put that minds no context": {nil, deaf},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNode(t, doc("p", strip))
			n.store.breaks(c.get, c.put)
			began := time.Now()
			got, err := n.made()
			inTime(t, began)
			if err == nil || !strings.Contains(n.recorder.all(), "open team-a/web-0/app failed: ") {
				t.Errorf("error %v, recorded %q", err, n.recorder.all())
			}
			if want := spec(both, sealedBy(seal.Pending), annotated(seal.Sealed)); got != want {
				t.Errorf("spec\n%s\nwant\n%s", got, want)
			}
			n.works()
		})
	}
}

// TestSlowPolicies has policies that are not there in time: an error refuses
// where NRI would go on without an answer.
func TestSlowPolicies(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	release := make(chan struct{})
	defer close(release)
	n.policies.answer(nil, func() *policy.Set { <-release; return nil })
	began := time.Now()
	_, err := n.create(pod(), container())
	inTime(t, began)
	if message(err) != request.ErrTimeout.Error() {
		t.Errorf("error %v", err)
	}
	n.recorder.expect(t, "create team-a/web-0/app failed: "+request.ErrTimeout.Error())
	n.works()
}

// TestPanics has everything panic that a handler calls.
func TestPanics(t *testing.T) {
	panics := func(context.Context) error { panic("TOKEN=not-to-be-shown") }
	internal := (&request.PanicError{}).Error()
	for name, c := range map[string]struct {
		breaks  func(*node)
		request func(*node) error
		stage   string
	}{
		"policies at creation": {
			func(n *node) { n.policies.answer(nil, func() *policy.Set { panic("p") }) },
			func(n *node) error { _, err := n.create(pod(), container()); return err }, "create",
		},
		"no policies at creation": {
			func(n *node) { n.policies.use(nil) },
			func(n *node) error { _, err := n.create(pod(), container()); return err }, "create",
		},
		"policies at opening": {
			func(n *node) { n.policies.answer(nil, func() *policy.Set { panic("p") }) },
			func(n *node) error { return n.post(pod(), container()) }, "open",
		},
		"policies at an update": {
			func(n *node) { n.policies.answer(nil, func() *policy.Set { panic("p") }) },
			func(n *node) error { _, err := n.update(512 << 20); return err }, "update",
		},
		"get": {
			func(n *node) { n.store.breaks(panics, nil) },
			func(n *node) error { return n.post(pod(), container()) }, "open",
		},
		"put": {
			func(n *node) { n.store.breaks(nil, panics); n.store.put("9b7e", spec(both, "", annotated(""))) },
			func(n *node) error { return n.post(pod(), container()) }, "open",
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, doc("p", strip))
			c.breaks(n)
			if err := c.request(n); message(err) != internal {
				t.Errorf("error %q", message(err))
			}
			n.recorder.expect(t, c.stage+" team-a/web-0/app failed: "+internal)
			n.works()
		})
	}
}

// TestPanicInRecorder has the recorder panic when it is told of a failure.
func TestPanicInRecorder(t *testing.T) {
	n := newNode(t, doc("p", strip))
	n.store.breaks(func(context.Context) error { return errors.New("no") }, nil)
	n.recorder.breaks(func() { panic("recorder") })
	if got, err := n.made(); message(err) != "no" || got != spec(both, sealedBy(seal.Pending), annotated(seal.Sealed)) {
		t.Errorf("error %v, spec %s", err, got)
	}
	n.works()
}

// TestStuckRecorder has a recorder that blocks, as a decision log does on a full
// pipe: the answer must not wait for it.
func TestStuckRecorder(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	release := make(chan struct{})
	defer close(release)
	n.recorder.breaks(func() { <-release })
	for name, current := range map[string]func() *policy.Set{
		"after an error": func() *policy.Set { panic("p") },
		"when time is up": func() *policy.Set {
			<-release
			return nil
		},
	} {
		n.policies.answer(nil, current)
		began := time.Now()
		if _, err := n.create(pod(), container()); !strings.HasPrefix(message(err), "specguard: ") {
			t.Errorf("%s: error %v", name, err)
		}
		inTime(t, began)
	}
	n.works()
}

// TestFrozen has a handler that never answers, as in a process that is
// stopped: NRI itself refuses the request then.
func TestFrozen(t *testing.T) {
	t.Parallel()
	n := newNode(t, doc("p", strip))
	n.plugin.conn.mu.Lock() // each handler needs it
	_, err := n.create(pod(), container())
	n.plugin.conn.mu.Unlock()
	if err == nil || !strings.Contains(err.Error(), "failed to handle CreateContainer request") {
		t.Errorf("error %v", err)
	}
	n.works()
}

// TestRequestTimeout is never 0, which would refuse everything: a runtime whose
// NRI is old does not tell it.
func TestRequestTimeout(t *testing.T) {
	var c connection
	if got := c.RequestTimeout(); got != stub.DefaultRequestTimeout {
		t.Errorf("not connected: %s", got)
	}
	for told, want := range map[time.Duration]time.Duration{0: stub.DefaultRequestTimeout, 7 * time.Second: 7 * time.Second} {
		c.begin(t.Context(), fakeStub{timeout: told}, nil)
		if got := c.RequestTimeout(); got != want {
			t.Errorf("told %s, takes %s", told, got)
		}
	}
}

// fakeStub is a stub that was told things by the runtime.
type fakeStub struct {
	stub.Stub
	timeout time.Duration
	version string
}

func (s fakeStub) RequestTimeout() time.Duration { return s.timeout }
func (s fakeStub) RuntimeNRIVersion() string     { return s.version }

// update asks NRI to give the ordinary container another memory limit.
func (n *node) update(memory int64) (*api.UpdateContainerResponse, error) {
	return n.UpdateContainer(context.Background(), &api.UpdateContainerRequest{
		Pod: pod(), Container: container(),
		LinuxResources: &api.LinuxResources{Memory: &api.LinuxMemory{Limit: api.Int64(memory)}},
	})
}
