package wrapper

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/plugin/wrapperapi"
)

// TestHookState: the annotations of a pod with many are no obstacle, and a state
// that is larger than any is refused for that.
func TestHookState(t *testing.T) {
	h := newHost(t)
	h.write("9b7e/rootfs/etc/passwd", "")
	h.agent(func(wrapperapi.Request) wrapperapi.Answer { return wrapperapi.Answer{Verdict: wrapperapi.Allowed} })
	state := func(size int) string {
		return strings.Replace(h.read("state.json"), "{", `{"annotations":{"a":"`+strings.Repeat("x", size)+`"},`, 1)
	}
	if said, err := h.wrapper(state(3<<20), "hook"); err != nil {
		t.Errorf("said %.300q, error %v", said, err)
	}
	said, err := h.wrapper(state(17<<20), "hook")
	if err == nil || !strings.Contains(said, "the container's state is larger than 16 MiB: its annotations are too large") {
		t.Errorf("said %.300q, error %v", said, err)
	}
}

// TestMounted: a process without mounts of its own is none of a container.
func TestMounted(t *testing.T) {
	b, spec := &bundle{path: t.TempDir()}, &specs.Spec{Root: &specs.Root{Path: "."}}
	if _, table, err := mounted(b, spec, os.Getpid()); err != nil || len(table) > 0 {
		t.Errorf("in the mount namespace of the hook: %d bytes, %v", len(table), err)
	}
	if _, table, err := mounted(b, spec, inMountNamespace(t)); err != nil || len(table) == 0 {
		t.Errorf("in one of its own: %d bytes, %v", len(table), err)
	}
}

// inMountNamespace starts a process in a mount namespace of its own.
func inMountNamespace(t *testing.T) (pid int) {
	t.Helper()
	sleep := exec.Command("sleep", "60")
	sleep.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		sleep.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
	}
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sleep.Process.Kill(); _ = sleep.Wait() })
	return sleep.Process.Pid
}
