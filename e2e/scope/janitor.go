package scope

import (
	_ "embed"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
)

//go:embed janitor.sh
var janitorScript string

// janitor is the process that undoes a scope when it is told to, or when this
// process ends before it said so.
type janitor struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	stderr strings.Builder
	clean  func() error
}

// hireJanitor starts the janitor of the folder dir and its cgroups.
func hireJanitor(dir string, cgroups []string) (*janitor, error) {
	j := &janitor{cmd: exec.Command("/bin/sh", append([]string{"-c", janitorScript, "janitor", dir}, cgroups...)...)}
	j.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // out of reach of Ctrl-C
	j.cmd.Dir = "/"
	j.cmd.Stderr = &j.stderr
	stdin, err := j.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start janitor: %w", err)
	}
	j.stdin = stdin
	if err := j.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start janitor: %w", err)
	}
	j.clean = sync.OnceValue(j.undo)
	return j, nil
}

func (j *janitor) undo() error {
	j.stdin.Close()
	if err := j.cmd.Wait(); err != nil {
		return fmt.Errorf("janitor: %w: %s", err, strings.TrimSpace(j.stderr.String()))
	}
	return nil
}
