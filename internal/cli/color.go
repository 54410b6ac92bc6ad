package cli

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/specguard/specguard/internal/oneline"
)

// style is how a line looks on a terminal, as the parameters of ECMA-48's SGR.
type style string

const (
	plain  style = ""
	faint  style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
)

func (s style) bold() style { return "1;" + s }

// printer writes lines for people. Its first error is kept.
type printer struct {
	w     io.Writer
	color bool
	err   error
}

// newPrinter makes a printer that colors always, never, or with "auto" where
// it writes to a terminal and NO_COLOR (https://no-color.org) is not set.
func newPrinter(w io.Writer, color string) (*printer, error) {
	switch color {
	case "always", "never":
		return &printer{w: w, color: color == "always"}, nil
	case "auto":
		f, ok := w.(*os.File)
		ok = ok && term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		return &printer{w: w, color: ok}, nil
	default:
		return nil, fmt.Errorf("color %q is not one of auto, always, never", color)
	}
}

// line writes one line. What cannot be printed becomes a blank: whoever wrote
// a pod must not write to the terminal.
func (p *printer) line(s style, format string, args ...any) {
	text := oneline.Of(fmt.Sprintf(format, args...))
	if p.color && s != plain {
		text = "\x1b[" + string(s) + "m" + text + "\x1b[0m"
	}
	if _, err := io.WriteString(p.w, text+"\n"); err != nil && p.err == nil {
		p.err = err
	}
}
