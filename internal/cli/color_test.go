package cli

import (
	"bytes"
	"errors"
	"os"
	"testing"
)

func TestPrinterColors(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for when, want := range map[string]string{"always": "\x1b[1;31mx \x1b[0m\ny\n", "never": "x \ny\n", "auto": "x \ny\n"} {
		var out bytes.Buffer
		p, err := newPrinter(&out, when)
		if err != nil {
			t.Fatal(err)
		}
		p.line(red.bold(), "x%s", "\x1b")
		p.line(plain, "y")
		if out.String() != want {
			t.Errorf("%s: %q, want %q", when, out.String(), want)
		}
		if p, err := newPrinter(null, when); err != nil || p.color != (when == "always") {
			t.Errorf("%s: %v, error %v for a file that is no terminal", when, p.color, err)
		}
	}
}

type broken struct{ n int }

func (b *broken) Write([]byte) (int, error) {
	b.n++
	return 0, errors.New("broken " + string(rune('0'+b.n)))
}

func TestPrinterKeepsTheFirstError(t *testing.T) {
	p := &printer{w: &broken{}}
	p.line(plain, "a")
	p.line(plain, "b")
	if p.err == nil || p.err.Error() != "broken 1" {
		t.Error(p.err)
	}
}
