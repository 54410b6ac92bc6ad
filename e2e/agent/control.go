package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/specguard/specguard/e2e/scope"
)

const freezeTimeout = 2 * time.Second

// errInstalled is why an installed agent cannot be stopped or started: it is
// the runtime's child.
var errInstalled = errors.New("the agent is pre-installed: the runtime starts and stops it")

// Process is the agent's process; nil if the runtime started it.
func (a *Agent) Process() *scope.Process { return a.process }

// PID is the agent's process id.
func (a *Agent) PID() (int, error) {
	if a.process != nil {
		return a.process.PID(), nil
	}
	data, err := os.ReadFile(a.files.pid)
	if err != nil {
		return 0, fmt.Errorf("the runtime has not started the agent: %w", err)
	}
	return strconv.Atoi(strings.TrimSpace(string(data)))
}

// Stop ends the agent as a service manager does.
func (a *Agent) Stop(ctx context.Context) error {
	if a.process == nil {
		return errInstalled
	}
	return a.process.Stop(ctx)
}

// Kill ends the agent with SIGKILL. It does not wait for the end of an
// installed one, which only its parent can.
func (a *Agent) Kill(ctx context.Context) error {
	if a.process == nil {
		return a.signal(syscall.SIGKILL)
	}
	return a.process.Kill(ctx)
}

// Freeze stops the agent from running at all, as if it hung, and returns when
// each of its threads has stopped.
func (a *Agent) Freeze() error {
	pid, err := a.PID()
	if err != nil {
		return err
	}
	if err := a.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	for deadline := time.Now().Add(freezeTimeout); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if stopped(pid) {
			return nil
		}
	}
	return fmt.Errorf("freeze agent: process %d goes on", pid)
}

// stopped is whether the kernel says T, for stopped, of every thread.
func stopped(pid int) bool {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, thread := range threads {
		stat, _ := os.ReadFile(thread)
		_, state, _ := strings.Cut(string(stat), ") ") // after "PID (NAME) "
		if !strings.HasPrefix(state, "T") {
			return false
		}
	}
	return err == nil && len(threads) > 0
}

// Thaw undoes Freeze.
func (a *Agent) Thaw() error { return a.signal(syscall.SIGCONT) }

func (a *Agent) signal(signal syscall.Signal) error {
	if a.process != nil {
		return a.process.Signal(signal)
	}
	pid, err := a.PID()
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, signal); err != nil {
		return fmt.Errorf("signal agent: %w", err)
	}
	return nil
}

// done is closed when the agent's process has ended; never for an installed
// one.
func (a *Agent) done() <-chan struct{} {
	if a.process == nil {
		return nil
	}
	return a.process.Done()
}
