package plugin

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/containerd/nri/pkg/adaptation"
	"github.com/containerd/nri/pkg/api"
	"github.com/sirupsen/logrus"

	"github.com/specguard/specguard/plugin/request"
)

// wire is a socket that leads to a runtime's, and can be cut. NRI's side of a
// runtime does not close its connections when it stops; a process that ends
// does.
type wire struct {
	socket string
	mu     sync.Mutex
	ends   []net.Conn
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	w := &wire{socket: to + "w"}
	l, err := net.Listen("unix", w.socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(); w.cut() })
	go func() {
		for {
			a, err := l.Accept()
			if err != nil {
				return
			}
			b, err := net.Dial("unix", to)
			if err != nil {
				a.Close()
				continue
			}
			w.join(a, b)
		}
	}()
	return w
}

func (w *wire) join(a, b net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ends = append(w.ends, a, b)
	pass := func(from, to net.Conn) {
		_, _ = io.Copy(to, from)
		from.Close()
		to.Close()
	}
	go pass(a, b)
	go pass(b, a)
}

// cut closes every connection.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.ends {
		c.Close()
	}
	w.ends = nil
}

// TestReconnect has the runtime go away and come back.
func TestReconnect(t *testing.T) {
	n := offline(t, doc("p", strip))
	n.start(t, "containerd")
	w := newWire(t, n.socket)
	n.connect(w.socket)
	n.works()

	for range 2 {
		n.Stop()
		w.cut()
		waitFor(t, "disconnected", func() bool { return !n.plugin.Connected() })
		n.start(t, "containerd")
		n.connected()
		n.works()
	}
}

// TestCut has only the connection break: the runtime stays.
func TestCut(t *testing.T) {
	n := offline(t, doc("p", strip))
	n.start(t, "containerd")
	w := newWire(t, n.socket)
	n.connect(w.socket)
	w.cut()
	waitFor(t, "disconnected", func() bool { return !n.plugin.Connected() })
	n.connected()
	n.works()
}

// TestRuntimeLater starts the plugin before there is a runtime.
func TestRuntimeLater(t *testing.T) {
	n := offline(t, doc("p", strip))
	n.run(n.socket)
	waitFor(t, "an attempt", func() bool { return n.logged(logrus.WarnLevel, "not connected to NRI") != "" })
	if n.plugin.Connected() {
		t.Error("connected to nothing")
	}
	n.start(t, "containerd")
	n.connected()
	n.works()
}

// logged gives the first log line of the level that has the words in it, with
// its error.
func (n *node) logged(level logrus.Level, words string) string {
	for _, e := range n.log.AllEntries() {
		if line, _ := e.String(); e.Level == level && strings.Contains(line, words) {
			return line
		}
	}
	return ""
}

// TestStop ends Run and the connection with the context.
func TestStop(t *testing.T) {
	for name, connected := range map[string]bool{"connected": true, "not connected": false} {
		t.Run(name, func(t *testing.T) {
			n := offline(t, doc("p", strip))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan error)
			go func() { done <- n.plugin.Run(ctx, Registration{Socket: n.socket, Name: "specguard", Index: "90"}) }()
			if connected {
				n.start(t, "containerd")
				n.connected()
			} else {
				waitFor(t, "an attempt", func() bool { return n.logged(logrus.WarnLevel, "not connected to NRI") != "" })
			}
			cancel()
			select {
			case err := <-done:
				if err != nil {
					t.Errorf("Run: %v", err)
				}
			case <-time.After(10 * time.Second):
				t.Fatal("Run does not end")
			}
			if n.plugin.Connected() {
				t.Error("still connected")
			}
		})
	}
}

// TestLateHandlers has handlers of a connection run when it has ended.
func TestLateHandlers(t *testing.T) {
	n := offline(t, doc("p", strip))
	n.plugin.conn.begin(t.Context(), fakeStub{version: "v0.12.5"}, nil)
	n.plugin.conn.end()
	h := nriEvents{n.plugin}
	if _, err := h.Synchronize(t.Context(), nil, nil); err != nil || n.plugin.Connected() {
		t.Errorf("connected %v, error %v", n.plugin.Connected(), err)
	}
	if _, err := h.Configure(t.Context(), "", "containerd", "v2"); err != nil {
		t.Error(err)
	}
	if adjust, _, err := h.CreateContainer(t.Context(), pod(), container()); err != nil || !isSealed(adjust.GetHooks()) {
		t.Errorf("adjusted %v, error %v", adjust, err)
	}
}

// TestOtherRuntime is refused at Configure, and says why.
func TestOtherRuntime(t *testing.T) {
	n := offline(t, doc("p", strip))
	n.start(t, "cri-o")
	n.run(n.socket)
	waitFor(t, "a refusal", func() bool { return n.logged(logrus.WarnLevel, `no opener for the runtime \"cri-o\"`) != "" })
	if n.plugin.Connected() {
		t.Error("connected")
	}
}

func TestConfigure(t *testing.T) {
	always := api.MustParseEventMask("CreateContainer,PostCreateContainer,StartContainer,UpdateContainer,RemoveContainer")
	validates := api.MustParseEventMask("CreateContainer,PostCreateContainer,StartContainer,UpdateContainer,RemoveContainer,ValidateContainerAdjustment")
	for version, want := range map[string]api.EventMask{
		"v0.3.0":        always,
		"v0.8.0":        always,
		"v0.9.1":        always,
		"v0.10.0":       validates,
		"v0.12.5":       validates,
		"v1.0.0":        validates,
		"v0.10.0-rc.1":  always,
		"":              always,
		"unknown":       always,
		"(devel)":       always,
		"0.0.0-unknown": always,
	} {
		n := offline(t)
		n.plugin.conn.begin(t.Context(), fakeStub{version: version}, nil)
		if got, err := (nriEvents{n.plugin}).Configure(t.Context(), "", "containerd", "v2.4.2"); err != nil || got != want {
			t.Errorf("NRI %q: %s, %v", version, got.PrettyString(), err)
		}
	}
	n := offline(t)
	n.plugin.conn.begin(t.Context(), fakeStub{version: "v0.12.5"}, nil)
	for _, name := range []string{"", "cri-o", "Containerd"} {
		if _, err := (nriEvents{n.plugin}).Configure(t.Context(), "", name, "1"); err == nil {
			t.Errorf("the runtime %q was taken", name)
		}
	}
}

// TestValidates makes sure that the runtime's NRI takes what Configure says.
func TestValidates(t *testing.T) {
	n := newNode(t)
	if n.logged(logrus.InfoLevel, "validates=true") == "" {
		t.Errorf("not subscribed to validation; log %v", n.log.AllEntries())
	}
}

// TestSynchronize reports what is there already, and changes nothing. The
// runtime does not wait for it.
func TestSynchronize(t *testing.T) {
	n := offline(t, doc("p", refuse))
	running := func(id string, state api.ContainerState) *api.Container {
		c := container()
		c.Id, c.Name, c.State = id, id, state
		return c
	}
	n.pods = []*api.PodSandbox{pod()}
	n.ctrs = []*api.Container{
		running("bad", api.ContainerState_CONTAINER_RUNNING),
		running("good", api.ContainerState_CONTAINER_RUNNING),
		running("made", api.ContainerState_CONTAINER_CREATED),
		running("gone", api.ContainerState_CONTAINER_STOPPED),
		running("lost", api.ContainerState_CONTAINER_RUNNING),
	}
	bad, good, made := spec(both, "", annotated("")), spec(one, "", annotated("allowed")), spec(both, sealedBy(seals), annotated("sealed"))
	n.store.put("bad", bad)
	n.store.put("good", good)
	n.store.put("made", made)
	release := make(chan struct{})
	n.store.breaks(func(context.Context) error { <-release; return nil }, nil)

	n.start(t, "containerd")
	n.connect(n.socket)
	if n.synced > adaptation.DefaultPluginRequestTimeout/2 {
		t.Errorf("Synchronize took %s", n.synced)
	}
	n.recorder.expect(t)
	close(release)
	waitFor(t, "all reported", func() bool { return strings.Contains(n.recorder.all(), "lost") })
	n.recorder.expect(t,
		"existing team-a/web-0/bad denied",
		"existing team-a/web-0/good allowed",
		"existing team-a/web-0/made denied",
		"existing team-a/web-0/lost failed: no such container",
	)
	if _, puts := n.store.calls(); puts > 0 {
		t.Errorf("%d puts", puts)
	}
	for id, want := range map[string]string{"bad": bad, "good": good, "made": made} {
		if got := n.store.get(id); got != want {
			t.Errorf("%s: spec %s", id, got)
		}
	}
}

const seals = "specguard: whatever"

// TestSynchronizeSkips reads no spec that no policy is for.
func TestSynchronizeSkips(t *testing.T) {
	n := offline(t, doc("p", elsewhere, refuse), doc("q", "match: {containers: [last]}", auditing, refuse))
	last := container()
	last.Id, last.Name = "last", "last"
	n.pods, n.ctrs = []*api.PodSandbox{pod()}, []*api.Container{container(), last}
	n.store.put("last", spec(both, "", ""))
	n.start(t, "containerd")
	n.connect(n.socket)
	waitFor(t, "reported", func() bool { return n.recorder.all() != "" })
	n.recorder.expect(t, "existing team-a/web-0/last allowed audit:capabilities")
	if gets, _ := n.store.calls(); gets != 1 {
		t.Errorf("%d gets", gets)
	}
}

// TestSynchronizePanics goes on after a container that makes a rule panic.
func TestSynchronizePanics(t *testing.T) {
	n := offline(t, doc("p", refuse))
	second := container()
	second.Id, second.Name = "second", "second"
	n.pods, n.ctrs = []*api.PodSandbox{pod()}, []*api.Container{container(), second}
	n.store.put("second", spec(one, "", ""))
	first := true
	n.store.breaks(func(context.Context) error {
		if first {
			first = false
			panic("get")
		}
		return nil
	}, nil)
	n.start(t, "containerd")
	n.connect(n.socket)
	waitFor(t, "all reported", func() bool { return strings.Contains(n.recorder.all(), "second") })
	n.recorder.expect(t, "existing team-a/web-0/app failed: "+(&request.PanicError{}).Error(), "existing team-a/web-0/second allowed")
}
