package app

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	// patience is how long whoever logs waits for the line to be written. A
	// runtime's request may be waiting for him.
	patience = 50 * time.Millisecond

	// maxWaiting bounds the lines that wait to be written, in bytes.
	maxWaiting = 1 << 20
)

// errDropped is about a line that is not written, since those before it are not.
var errDropped = errors.New("writing hangs: a line is dropped")

// patientWriter is a log that may hang, such as a full pipe or a disk that does
// not answer. Each Write is a line, which has been written when it returns, but
// for a log that hangs: then lines wait, and are dropped when too many do.
type patientWriter struct {
	to     io.Writer
	silent bool // dropping is no error

	mu      sync.Mutex
	lines   []waitingLine
	waiting int  // bytes in lines and in the line that is being written
	hangs   bool // nothing waits for it any more
	dropped int
	more    chan struct{}
}

// waitingLine is a line, and whom to tell what became of it.
type waitingLine struct {
	text    []byte
	written chan error
}

func newPatientWriter(to io.Writer, silent bool) *patientWriter {
	w := &patientWriter{to: to, silent: silent, more: make(chan struct{}, 1)}
	go w.run()
	return w
}

// Write implements io.Writer.
func (w *patientWriter) Write(p []byte) (int, error) {
	line := waitingLine{text: bytes.Clone(p), written: make(chan error, 1)}
	wait, ok := w.add(line)
	switch {
	case !ok && w.silent:
		return len(p), nil
	case !ok:
		return 0, errDropped
	case !wait:
		return len(p), nil
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case err := <-line.written:
		if err != nil {
			return 0, err
		}
	case <-timer.C:
		w.mu.Lock()
		w.hangs = true
		w.mu.Unlock()
	}
	return len(p), nil
}

// add reports whether there is room for the line, and whether to wait for it.
func (w *patientWriter) add(line waitingLine) (wait, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting > 0 && w.waiting+len(line.text) > maxWaiting {
		w.dropped++
		return false, false
	}
	w.waiting += len(line.text)
	w.lines = append(w.lines, line)
	select {
	case w.more <- struct{}{}:
	default:
	}
	return !w.hangs, true
}

// run writes lines for as long as the process lives.
func (w *patientWriter) run() {
	for range w.more {
		for {
			line, dropped, ok := w.next()
			if !ok {
				break
			}
			if dropped > 0 && w.silent {
				fmt.Fprintf(w.to, "specguard: %d lines of this log were dropped while it could not be written\n", dropped)
			}
			_, err := w.to.Write(line.text)
			line.written <- err
			w.mu.Lock()
			w.waiting -= len(line.text)
			w.mu.Unlock()
		}
	}
}

func (w *patientWriter) next() (line waitingLine, dropped int, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.lines) == 0 {
		w.hangs = false
		return waitingLine{}, 0, false
	}
	line, w.lines = w.lines[0], w.lines[1:]
	dropped, w.dropped = w.dropped, 0
	return line, dropped, true
}
