package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

// terminal opens a terminal. The first file is what a program writes to.
func terminal(t *testing.T) (program, screen *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminals: ", err)
	}
	t.Cleanup(func() { screen.Close() })
	if err := unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Skip("no terminals: ", err)
	}
	n, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminals: ", err)
	}
	t.Cleanup(func() { program.Close() })
	return program, screen
}

// TestProgressIsForTerminals: it is only on a terminal for errors, and not if the output can be seen.
func TestProgressIsForTerminals(t *testing.T) {
	t.Setenv("TERM", "xterm")
	tty, _ := terminal(t)
	for name, c := range map[string]struct {
		out, err io.Writer
		want     bool
	}{
		"both on terminals": {tty, tty, false},
		"output in a file":  {io.Discard, tty, true},
		"errors in a file":  {tty, io.Discard, false},
		"neither":           {io.Discard, io.Discard, false},
	} {
		cmd := &cobra.Command{}
		cmd.SetOut(c.out)
		cmd.SetErr(c.err)
		if got := newProgress(cmd, "files"); (got != nil) != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestProgress(t *testing.T) {
	var out bytes.Buffer
	p := &progress{w: &out, what: "files", begun: time.Now()}
	p.step()
	p.clear()
	if out.Len() > 0 {
		t.Errorf("at once: %q", out.String())
	}
	p.begun = time.Now().Add(-time.Hour)
	p.step()
	p.step() // too soon to say it again
	p.clear()
	p.clear()
	if got := out.String(); got != "\r\x1b[K2 files so far\r\x1b[K" {
		t.Errorf("%q", got)
	}
	var none *progress
	none.step()
	none.clear()
}

// TestColorsOnTerminals: only there, and not if NO_COLOR is set.
func TestColorsOnTerminals(t *testing.T) {
	pod := filepath.Join(fixtures(t), "pod.yaml")
	p := policyFile(t, "runAsNonRoot: {}")
	for name, c := range map[string]struct {
		env  []string
		args []string
		want bool
	}{
		"on a terminal": {[]string{"TERM=xterm", "NO_COLOR="}, nil, true},
		"NO_COLOR":      {[]string{"TERM=xterm", "NO_COLOR=1"}, nil, false},
		"dumb":          {[]string{"TERM=dumb", "NO_COLOR="}, nil, false},
		"never":         {[]string{"TERM=xterm", "NO_COLOR="}, []string{"--color", "never"}, false},
	} {
		tty, screen := terminal(t)
		cmd, _, _ := command(t.Context(), c.env, append([]string{"check", "--policy-dir", p, pod}, c.args...)...)
		cmd.Stdout = tty
		_ = cmd.Run() // it denies
		text := make([]byte, 64<<10)
		n, err := screen.Read(text)
		if err != nil || strings.Contains(string(text[:n]), "\x1b[") != c.want || !strings.Contains(string(text[:n]), "denied") {
			t.Errorf("%s: %v, %q", name, err, text[:n])
		}
	}
}
