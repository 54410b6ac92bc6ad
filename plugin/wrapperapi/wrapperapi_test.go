package wrapperapi

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// asker makes the test binary ask at the socket that it names, as another user.
const asker = "SPECGUARD_TEST_ASK"

func TestMain(m *testing.M) {
	if socket := os.Getenv(asker); socket != "" {
		answer, err := Ask(context.Background(), socket, Request{Kind: Create, ID: "9b7e"})
		if err == nil && answer.Verdict == Allowed {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// folder is one whose path is short enough for sockets.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// agent answers on a socket, and keeps what it refused.
type agent struct {
	socket string
	mu     sync.Mutex
	errs   []error
}

func newAgent(t *testing.T, handle func(context.Context, Request) Answer) *agent {
	t.Helper()
	a := &agent{socket: filepath.Join(folder(t), "run", "s")}
	l, err := Listen(a.socket)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		Serve(t.Context(), l, handle, func(err error) {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.errs = append(a.errs, err)
		})
	}()
	t.Cleanup(func() { <-done })
	return a
}

func (a *agent) refused() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := errors.Join(a.errs...); err != nil {
		return err.Error()
	}
	return ""
}

// TestAsk brings every byte across, in both directions.
func TestAsk(t *testing.T) {
	spec := []byte("{\"a\": \"<&>\\u00e4\xff\",\n \"b\":1.0 }")
	sent := Request{Kind: Verify, ID: "9b7e", Spec: spec, Sandbox: &Sandbox{ID: "5d1c", Spec: spec, PortMappings: []byte("[]"), Networked: true}}
	var got Request
	a := newAgent(t, func(_ context.Context, r Request) Answer {
		got = r
		return Answer{Verdict: Forbidden, Message: "because", Spec: spec}
	})
	answer, err := Ask(t.Context(), a.socket, sent)
	if want := (Answer{Version: version, Verdict: Forbidden, Message: "because", Spec: spec}); err != nil || !reflect.DeepEqual(answer, want) {
		t.Errorf("answer %+v, error %v", answer, err)
	}
	sent.Version = version
	if !reflect.DeepEqual(got, sent) {
		t.Errorf("the agent was asked %+v", got)
	}
	if a.refused() != "" {
		t.Error(a.refused())
	}
}

// TestWire: programs of other releases know these words.
func TestWire(t *testing.T) {
	for verdict, want := range map[Verdict]string{Allowed: "allow", Forbidden: "deny", Unknown: "unknown"} {
		a := newAgent(t, func(context.Context, Request) Answer { return Answer{Verdict: verdict} })
		if answer, err := Ask(t.Context(), a.socket, Request{Kind: Create, ID: "9b7e"}); err != nil || string(answer.Verdict) != want {
			t.Errorf("%q on the wire, want %q, error %v", answer.Verdict, want, err)
		}
	}
}

// TestPing is answered by whoever serves, and asks nothing of the handler.
func TestPing(t *testing.T) {
	a := newAgent(t, func(context.Context, Request) Answer {
		t.Error("handled")
		return Answer{}
	})
	if err := Ping(t.Context(), a.socket); err != nil || a.refused() != "" {
		t.Errorf("%v, refused %q", err, a.refused())
	}
	if err := Ping(t.Context(), filepath.Join(folder(t), "none")); err == nil {
		t.Error("nobody is there, and answers")
	}
}

func TestAskInVain(t *testing.T) {
	never := newAgent(t, func(ctx context.Context, _ Request) Answer {
		<-ctx.Done()
		return Answer{}
	})
	odd := newAgent(t, func(context.Context, Request) Answer { return Answer{Verdict: "perhaps"} })
	none := filepath.Join(folder(t), "none")
	dead := filepath.Join(folder(t), "dead")
	if l, err := net.Listen("unix", dead); err != nil {
		t.Fatal(err)
	} else {
		l.(*net.UnixListener).SetUnlinkOnClose(false)
		l.Close()
	}
	closes := raw(t, "")
	garbage := raw(t, "{]")
	older := raw(t, `{"version":0,"verdict":"allow"}`)
	cut := raw(t, `{"version":1,"verdict":"allow","spe`)
	for socket, want := range map[string]string{
		never.socket: never.socket + ": context deadline exceeded",
		odd.socket:   odd.socket + `: unknown verdict "perhaps"`,
		none:         "dial unix " + none + ": connect: no such file or directory",
		dead:         "dial unix " + dead + ": connect: connection refused",
		closes:       closes + ": no answer: EOF",
		garbage:      garbage + ": no answer: invalid character",
		older:        older + ": the agent speaks version 0 of the protocol, this program version 1",
		cut:          cut + ": no answer: unexpected EOF",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if answer, err := Ask(ctx, socket, Request{Kind: Create, ID: "9b7e"}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("answer %+v, error %v, want %s", answer, err, want)
		}
		cancel()
	}
}

// raw answers whoever connects with a text, once it has been asked.
func raw(t *testing.T, text string) (socket string) {
	t.Helper()
	socket = filepath.Join(folder(t), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = conn.Write([]byte(text))
			conn.Close()
		}
	}()
	return socket
}

// TestRequests refuses what is no request.
func TestRequests(t *testing.T) {
	for text, want := range map[string]string{
		"{]\n":                           "read the request: invalid character",
		`{"version":1,"new":1}`:          `read the request: json: unknown field "new"`,
		`{"version":2,"id":"a"}`:         "the request is of version 2 of the protocol, the agent speaks version 1",
		`{"version":1,"id":"a"}`:         "a request without id, or of the unknown stage",
		`{"version":1,"stage":"create"}`: "a request without id, or of the unknown stage",
	} {
		a := newAgent(t, func(context.Context, Request) Answer {
			t.Errorf("%s was handled", text)
			return Answer{}
		})
		conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: a.socket, Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		var answer Answer
		if err := read(conn, &answer); err != nil || answer.Verdict != Forbidden || !strings.HasPrefix(answer.Message, "specguard: refused: "+want) {
			t.Errorf("%s: %+v, %v", text, answer, err)
		}
		conn.Close()
		if !strings.HasPrefix(a.refused(), want) {
			t.Errorf("%s: told %q", text, a.refused())
		}
	}
}

// TestOthersMayNotAsk has another user find the socket open.
func TestOthersMayNotAsk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: it has another user ask")
	}
	a := newAgent(t, func(context.Context, Request) Answer {
		t.Error("handled")
		return Answer{Verdict: Allowed}
	})
	dir := filepath.Dir(a.socket)
	for _, path := range []string{filepath.Dir(dir), dir, a.socket} {
		if err := os.Chmod(path, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{asker + "=" + a.socket}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	// The other user has no way to this binary.
	binary, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Path = filepath.Join(dir, "asker")
	if err := os.WriteFile(cmd.Path, binary, 0o755); err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		t.Fatal(err, stderr.String())
	}
	if a.refused() == "" || !strings.HasPrefix(a.refused(), errNotRoot.Error()) {
		t.Errorf("refused %q, told %q", a.refused(), stderr.String())
	}
}

func TestListen(t *testing.T) {
	dir := folder(t)
	open := filepath.Join(dir, "open")
	if err := errors.Join(os.Mkdir(open, 0o700), os.Chmod(open, 0o770)); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(filepath.Join(open, "s")); err == nil || !strings.Contains(err.Error(), "mode 0770: it must belong to root, and nobody else may write to it") {
		t.Errorf("error %v", err)
	}
	if _, err := Listen(filepath.Join(dir, strings.Repeat("x", 200))); err == nil {
		t.Error("a path that is too long was taken")
	}
	path := filepath.Join(dir, "new", "s")
	first, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{filepath.Dir(path): 0o700, path: 0o600} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if _, err := Listen(path); err == nil || err.Error() != "another agent answers at "+path {
		t.Errorf("beside another agent: %v", err)
	}
	first.Close()
	second, err := Listen(path) // an upgrade
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if conn, err := net.Dial("unix", path); err != nil {
		t.Errorf("the second does not answer: %v", err)
	} else {
		conn.Close()
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("left %v, %v", entries, err)
	}
}

// TestLongMessage ends a message that does not end.
func TestLongMessage(t *testing.T) {
	endless := strings.NewReader(`{"id":"` + strings.Repeat("a", maxMessage))
	var req Request
	if err := read(endless, &req); err == nil || !strings.HasPrefix(err.Error(), "a message of more than") {
		t.Errorf("error %v", err)
	}
}

// TestManyRequests: no more than a few are judged at once, and all are answered.
func TestManyRequests(t *testing.T) {
	var now, most, all atomic.Int32
	a := newAgent(t, func(ctx context.Context, _ Request) Answer {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		defer now.Add(-1)
		if _, ok := ctx.Deadline(); !ok {
			t.Error("a request without a deadline")
		}
		time.Sleep(10 * time.Millisecond)
		return Answer{Verdict: Allowed}
	})
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			if answer, err := Ask(t.Context(), a.socket, Request{Kind: Create, ID: "9b7e"}); err != nil || answer.Verdict != Allowed {
				t.Errorf("%v, error %v", answer, err)
			}
			all.Add(1)
		})
	}
	wg.Wait()
	if most.Load() > maxAtOnce || all.Load() != 30 || a.refused() != "" {
		t.Errorf("%d at once, %d answered, refused %s", most.Load(), all.Load(), a.refused())
	}
}

// TestNoRoom: a request that finds no room in time is refused.
func TestNoRoom(t *testing.T) {
	s := server{room: make(chan struct{}), refused: func(error) {}, handle: func(context.Context, Request) Answer { return Answer{Verdict: Allowed} }}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if answer := s.answer(ctx, nil); answer.Verdict != Forbidden || !strings.Contains(answer.Message, errBusy.Error()) {
		t.Errorf("%v", answer)
	}
}
