package cli

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// progress is a line on a terminal that says how far a long work is. It is for people who do not
// see the output, because it goes to a file or a program. A nil one says nothing.
type progress struct {
	w     io.Writer
	what  string // such as containers
	done  int
	begun time.Time
	last  time.Time
}

// newProgress is for a command whose output is no terminal, and whose errors go to one; nil for
// others.
func newProgress(cmd *cobra.Command, what string) *progress {
	if isTerminal(cmd.OutOrStdout()) || !isTerminal(cmd.ErrOrStderr()) || os.Getenv("TERM") == "dumb" {
		return nil
	}
	return &progress{w: cmd.ErrOrStderr(), what: what, begun: time.Now()}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// patience is how long work takes at least of which something is said, and how often.
const (
	patience = time.Second
	often    = 200 * time.Millisecond
)

// step says that one more is done.
func (p *progress) step() {
	if p == nil {
		return
	}
	p.done++
	if now := time.Now(); now.Sub(p.begun) >= patience && now.Sub(p.last) >= often {
		p.last = now
		fmt.Fprintf(p.w, "\r\x1b[K%d %s so far", p.done, p.what)
	}
}

// clear removes the line, so that another one can be written.
func (p *progress) clear() {
	if p != nil && !p.last.IsZero() {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.last = time.Time{}
	}
}
