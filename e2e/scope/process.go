package scope

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// A Process is a daemon of the scope.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}

	mu  sync.Mutex
	err error
}

// Spawn starts cmd in the scope's cgroup, so that it ends with the scope, and
// appends what it prints to the file log.
func (s *Scope) Spawn(cmd *exec.Cmd, log string) (*Process, error) {
	group, err := os.Open(s.cgroup.daemons)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	defer group.Close()
	out, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, UseCgroupFD: true, CgroupFD: int(group.Fd())}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	p := &Process{cmd: cmd, done: make(chan struct{})}
	go func() {
		err := cmd.Wait()
		p.mu.Lock()
		p.err = err
		p.mu.Unlock()
		close(p.done)
	}()
	return p, nil
}

// PID is the process's id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err is how the process ended, if it did.
func (p *Process) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// Signal sends a signal. It is no error if the process has ended.
func (p *Process) Signal(signal syscall.Signal) error {
	select {
	case <-p.done:
		return nil
	default:
		return p.cmd.Process.Signal(signal)
	}
}

// Kill ends the process with SIGKILL.
func (p *Process) Kill(ctx context.Context) error { return p.end(ctx, syscall.SIGKILL) }

// Stop asks the process to end with SIGTERM, and kills it if that takes longer
// than ten seconds.
func (p *Process) Stop(ctx context.Context) error {
	patient, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := p.end(patient, syscall.SIGTERM); err == nil {
		return nil
	}
	if err := p.end(ctx, syscall.SIGKILL); err != nil {
		return err
	}
	return fmt.Errorf("stop %s: it had to be killed", p.cmd.Path)
}

func (p *Process) end(ctx context.Context, signal syscall.Signal) error {
	if err := p.Signal(signal); err != nil {
		return fmt.Errorf("signal %s: %w", p.cmd.Path, err)
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the end of %s: %w", p.cmd.Path, ctx.Err())
	}
}
