package app

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// hangingWriter hangs while it is held.
type hangingWriter struct {
	held sync.Mutex
	text bytes.Buffer
	err  error
}

func (w *hangingWriter) Write(p []byte) (int, error) {
	w.held.Lock()
	defer w.held.Unlock()
	if w.err != nil {
		return 0, w.err
	}
	return w.text.Write(p)
}

func TestPatientWriter(t *testing.T) {
	for _, silent := range []bool{false, true} {
		to := &hangingWriter{}
		w := newPatientWriter(to, silent)
		fmt.Fprintln(w, "first")
		if got := to.text.String(); got != "first\n" {
			t.Errorf("not written when Write returns: %q", got)
		}
		to.held.Lock()
		began := time.Now()
		long := strings.Repeat("x", 1<<15)
		var dropped int
		for range 100 {
			if _, err := fmt.Fprintln(w, long); errors.Is(err, errDropped) {
				dropped++
			} else if err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(began); took < patience || took > 10*patience {
			t.Errorf("hung for %s", took)
		}
		if silent != (dropped == 0) {
			t.Errorf("silent %v: %d lines were dropped with an error", silent, dropped)
		}
		to.held.Unlock()
		waitUntil(t, func() bool { w.mu.Lock(); defer w.mu.Unlock(); return !w.hangs && w.waiting == 0 })
		fmt.Fprintln(w, "last")
		got := to.text.String()
		if lines := strings.Count(got, long); lines < 30 || lines > 34 || !strings.HasSuffix(got, "\nlast\n") {
			t.Errorf("%d long lines, and the end is %q", lines, got[len(got)-20:])
		}
		if told := strings.Contains(got, "lines of this log were dropped while it could not be written"); silent && !told {
			t.Error("what was dropped is not told")
		}
		to.err = errors.New("disk full")
		if _, err := fmt.Fprintln(w, "x"); !errors.Is(err, to.err) {
			t.Errorf("error %v", err)
		}
	}
}

func waitUntil(t *testing.T, holds func() bool) {
	t.Helper()
	for range 1000 {
		if holds() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("never")
}
