package plugin

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/containerd/nri/pkg/api"

	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/request"
)

func TestPulse(t *testing.T) {
	var p pulse
	now := time.Now()
	p.start(now)
	pass := func(d time.Duration) {
		now = now.Add(d)
		p.observe(now)
	}
	pass(tick)
	if got := p.stall(); got != 0 {
		t.Errorf("in time: %s", got)
	}
	pass(tick + 700*time.Millisecond)
	pass(tick)
	if got := p.stall(); got != 700*time.Millisecond {
		t.Errorf("late: %s", got)
	}
	for range window / tick {
		pass(tick)
	}
	if got := p.stall(); got != 700*time.Millisecond {
		t.Errorf("a while ago: %s", got)
	}
	for range 2 * window / tick {
		pass(tick)
	}
	if got := p.stall(); got != 0 {
		t.Errorf("long ago: %s", got)
	}
}

// trunkPair is a trunk, whose time the test tells, and the runtime's end.
type trunkPair struct {
	*timedConn
	t       *testing.T
	runtime net.Conn
	time    time.Time
}

func newTrunkPair(t *testing.T) *trunkPair {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	p := &trunkPair{t: t, time: time.Unix(1000, 0)}
	if p.runtime, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	if p.timedConn, err = newTimedConn(conn); err != nil {
		t.Fatal(err)
	}
	p.now = func() time.Time { return p.time }
	p.look()
	t.Cleanup(func() { conn.Close(); p.runtime.Close() })
	return p
}

func (p *trunkPair) pass(ms int) { p.time = p.time.Add(time.Duration(ms) * time.Millisecond) }

// sends has the runtime send something.
func (p *trunkPair) sends(text string) {
	if _, err := p.runtime.Write([]byte(text)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *trunkPair) reads(text string) {
	got := make([]byte, len(text))
	if _, err := io.ReadFull(p.timedConn, got); err != nil || string(got) != text {
		p.t.Fatalf("read %q, %v", got, err)
	}
}

func (p *trunkPair) answers() {
	if _, err := p.Write([]byte("answer")); err != nil {
		p.t.Fatal(err)
	}
}

func (p *trunkPair) expect(ms int) {
	p.t.Helper()
	if got := p.waited(); got != time.Duration(ms)*time.Millisecond {
		p.t.Errorf("waited %s, want %d ms", got, ms)
	}
}

// TestTrunk: however a request waits, it has not waited for longer than told,
// and hardly for less.
func TestTrunk(t *testing.T) {
	t.Run("in the socket", func(t *testing.T) {
		p := newTrunkPair(t)
		p.pass(10)
		p.look() // nothing there
		p.sends("request")
		p.pass(500)
		p.look() // the process runs again, and has not read yet
		p.reads("request")
		p.expect(500)
	})
	t.Run("in the process", func(t *testing.T) {
		p := newTrunkPair(t)
		p.sends("request")
		p.reads("req")
		p.pass(300)
		p.look()
		p.reads("uest")
		p.pass(300)
		p.look() // nothing there: it has been read
		p.expect(600)
	})
	t.Run("one after the other", func(t *testing.T) {
		p := newTrunkPair(t)
		for range 3 {
			p.pass(50)
			p.look()
			p.sends("request")
			p.pass(20)
			p.reads("request")
			p.expect(20)
			p.pass(1000)
			p.answers() // nothing else is there
		}
	})
	t.Run("given up, the next is read", func(t *testing.T) {
		p := newTrunkPair(t)
		p.sends("request")
		p.reads("request")
		p.expect(0)
		p.pass(2000)
		p.sends("next")
		p.reads("next")
		p.answers() // to the first
		p.pass(100)
		if got := p.waited(); got < 100*time.Millisecond {
			t.Errorf("waited %s", got)
		}
	})
	t.Run("given up, the next is not read", func(t *testing.T) {
		p := newTrunkPair(t)
		p.sends("request")
		p.reads("request")
		p.expect(0)
		p.look()
		p.pass(2000)
		p.sends("next")
		p.pass(300)
		p.answers() // to the first
		p.reads("next")
		if got := p.waited(); got < 300*time.Millisecond {
			t.Errorf("waited %s", got)
		}
	})
	t.Run("both are read before either is handled", func(t *testing.T) {
		p := newTrunkPair(t)
		p.sends("request")
		p.pass(2000)
		p.sends("next")
		p.pass(100)
		p.reads("requestnext")
		p.expect(2100)
		p.answers()
		if got := p.waited(); got < 100*time.Millisecond {
			t.Errorf("waited %s", got)
		}
	})
	t.Run("nobody reads", func(t *testing.T) {
		p := newTrunkPair(t)
		p.look()
		p.pass(1000)
		p.look()
		p.sends("request")
		p.pass(2000)
		p.look()
		if got := p.unread(); got != 2*time.Second-tick {
			t.Errorf("unread for %s", got)
		}
		p.reads("request")
		p.look()
		if got := p.unread(); got != 0 {
			t.Errorf("unread for %s after it was read", got)
		}
	})
	t.Run("the end", func(t *testing.T) {
		p := newTrunkPair(t)
		p.runtime.Close()
		if _, err := p.Read(make([]byte, 8)); !errors.Is(err, io.EOF) {
			t.Errorf("error %v", err)
		}
		p.Close()
		if _, err := p.Read(make([]byte, 8)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("error %v", err)
		}
		p.look()
	})
	t.Run("closed while it reads", func(t *testing.T) {
		p := newTrunkPair(t)
		time.AfterFunc(20*time.Millisecond, func() { p.Close() })
		if _, err := p.Read(make([]byte, 8)); !errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("error %v", err)
		}
	})
}

// TestExistingWaits: what already runs is judged while no request is in hand.
func TestExistingWaits(t *testing.T) {
	n := newNode(t, doc("p", refuse))
	end := n.plugin.judge.InHand.Begin()
	ctr := container()
	ctr.Id, ctr.State = "77ab", api.ContainerState_CONTAINER_RUNNING
	n.store.put("77ab", spec(both, "", annotated("")))
	done := make(chan struct{})
	go func() {
		defer close(done)
		n.judgeExisting(t.Context(), []*api.PodSandbox{pod()}, []*api.Container{ctr})
	}()
	select {
	case <-done:
		t.Error("judged while a request is in hand")
	case <-time.After(100 * time.Millisecond):
	}
	n.recorder.expect(t)
	end()
	<-done
	n.recorder.expect(t, "existing team-a/web-0/app denied")
}

// TestDelayedIsRecorded: what becomes of a request that has waited is recorded.
func TestDelayedIsRecorded(t *testing.T) {
	n := newNode(t)
	late := request.WithDelay(t.Context(), request.Delay{Waited: 10 * time.Second, Stall: time.Second})
	n.plugin.failed(late, judge.EventCreate, pod(), container(), errors.New("a fault"))
	n.recorder.expect(t, "create team-a/web-0/app failed: a fault")
	_, _, err := (nriEvents{n.plugin}).CreateContainer(late, pod(), container())
	if !errors.Is(err, request.ErrTimeout) {
		t.Errorf("error %v", err)
	}
	for range 200 {
		if strings.Contains(n.recorder.all(), request.ErrLate.Error()) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("recorded %s", n.recorder.all())
}
