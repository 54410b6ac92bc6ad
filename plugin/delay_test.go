package plugin

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/containerd/nri/pkg/api"
)

func TestDelayLimit(t *testing.T) {
	const given = 2 * time.Second
	ms := time.Millisecond
	for _, tt := range []struct{ waited, stall, want time.Duration }{
		{0, 0, 1600 * ms},
		{500 * ms, 0, 1100 * ms},
		{0, 100 * ms, 1600 * ms}, // within what is kept for the answer's way anyway
		{0, 300 * ms, 1400 * ms},
		{0, time.Second, 200 * ms},
		{1000 * ms, time.Second, 100 * ms},
		{1500 * ms, 0, 100 * ms},
		{1700 * ms, 0, 0},
		{3000 * ms, time.Minute, 0},
	} {
		got := delay{tt.waited, tt.stall}.limit(given)
		if d := got - tt.want; d < -ms || d > ms {
			t.Errorf("waited %s, stall %s: %s, want %s", tt.waited, tt.stall, got, tt.want)
		}
	}
}

// TestGuardTakesNoOthersTime: what a request has waited is over, and a request
// that has waited for too long is not judged.
func TestGuardTakesNoOthersTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, nil }
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if _, err := guard(withDelay(ctx, delay{waited: time.Second}), time.Hour, hang); !errors.Is(err, ErrTimeout) && err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took != 600*time.Millisecond {
			t.Errorf("took %s", took)
		}
		ctx, cancel = context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		asked := false
		_, err := guard(withDelay(ctx, delay{waited: 1900 * time.Millisecond}), time.Hour, func(context.Context) (int, error) {
			asked = true
			return 0, nil
		})
		if asked || !errors.Is(err, ErrTimeout) || !errors.Is(err, errLate) {
			t.Errorf("asked %v, error %v", asked, err)
		}
	})
}

func TestPulse(t *testing.T) {
	var p pulse
	now := time.Now()
	p.start(now)
	pass := func(d time.Duration) {
		now = now.Add(d)
		p.beat(now)
	}
	pass(beat)
	if got := p.stall(); got != 0 {
		t.Errorf("in time: %s", got)
	}
	pass(beat + 700*time.Millisecond)
	pass(beat)
	if got := p.stall(); got != 700*time.Millisecond {
		t.Errorf("late: %s", got)
	}
	for range memory / beat {
		pass(beat)
	}
	if got := p.stall(); got != 700*time.Millisecond {
		t.Errorf("a while ago: %s", got)
	}
	for range 2 * memory / beat {
		pass(beat)
	}
	if got := p.stall(); got != 0 {
		t.Errorf("long ago: %s", got)
	}
}

// trunkPair is a trunk, whose time the test tells, and the runtime's end.
type trunkPair struct {
	*trunk
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
	if p.trunk, err = newTrunk(conn); err != nil {
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
	if _, err := io.ReadFull(p.trunk, got); err != nil || string(got) != text {
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
		if got := p.unread(); got != 2*time.Second-beat {
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

// TestLive waits for requests, and for nothing else.
func TestLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l live
		if err := l.wait(t.Context()); err != nil {
			t.Error(err)
		}
		first, second := l.begin(), l.begin()
		time.AfterFunc(time.Second, first)
		time.AfterFunc(3*time.Second, second)
		start := time.Now()
		if err := l.wait(t.Context()); err != nil || time.Since(start) != 3*time.Second {
			t.Errorf("%s, error %v", time.Since(start), err)
		}
		defer l.begin()()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := l.wait(ctx); err == nil {
			t.Error("did not wait")
		}
	})
}

// TestExistingWaits: what already runs is judged while no request is in hand.
func TestExistingWaits(t *testing.T) {
	n := newNode(t, doc("p", refuse))
	end := n.plugin.live.begin()
	ctr := container()
	ctr.Id, ctr.State = "77ab", api.ContainerState_CONTAINER_RUNNING
	n.store.put("77ab", spec(both, "", annotated("")))
	done := make(chan struct{})
	go func() {
		defer close(done)
		n.plugin.judgeExisting(t.Context(), []*api.PodSandbox{pod()}, []*api.Container{ctr})
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
	late := withDelay(t.Context(), delay{waited: 10 * time.Second, stall: time.Second})
	n.plugin.failed(late, StageCreate, n.plugin.named(pod(), container()), errors.New("a fault"))
	n.recorder.expect(t, "create team-a/web-0/app failed: a fault")
	_, _, err := (handlers{n.plugin}).CreateContainer(late, pod(), container())
	if !errors.Is(err, ErrTimeout) {
		t.Errorf("error %v", err)
	}
	for range 200 {
		if strings.Contains(n.recorder.all(), errLate.Error()) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("recorded %s", n.recorder.all())
}

// TestJudgeGivesWay to requests in hand, and not without end.
func TestJudgeGivesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p Plugin
		start := time.Now()
		p.giveWay(t.Context())
		if took := time.Since(start); took != 0 {
			t.Errorf("waited %s for nothing", took)
		}
		end := p.live.begin()
		p.giveWay(t.Context())
		if took := time.Since(start); took != wayTimeout {
			t.Errorf("waited %s", took)
		}
		time.AfterFunc(wayTimeout/2, end)
		p.giveWay(t.Context())
		if took := time.Since(start); took != wayTimeout*3/2 {
			t.Errorf("waited %s", took)
		}
	})
}
