package wrapper

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/specguard/specguard/internal/wrapperconfig"
	"github.com/specguard/specguard/plugin/wrapperapi"
)

// asWrapper makes the test binary be the wrapper.
const asWrapper = "SPECGUARD_TEST_WRAPPER"

func TestMain(m *testing.M) {
	if os.Getenv(asWrapper) != "" {
		os.Exit(Run(os.Args, os.Stdin, os.Stderr))
	}
	os.Exit(m.Run())
}

// host is a machine with a wrapper, a bundle and an OCI runtime that tells how
// it was called.
type host struct {
	t      *testing.T
	dir    string
	config string // more lines of the configuration
}

// containerID is the container's.
const containerID = "9b7e"

func newHost(t *testing.T) *host {
	t.Helper()
	dir, err := os.MkdirTemp("", "sg") // a socket's path has to be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	h := &host{t: t, dir: dir}
	h.write("runc", `#!/bin/sh
while [ "${1#-}" != "$1" ]; do [ "$1" = --root ] && shift; shift; done
if [ "$1" = state ]; then
	cat "`+h.path("state.json")+`"; exit
fi
printf '%s\n' "$*" >`+h.path("called")+`
if [ "$2" = --process ] || [ "$2" = -p ]; then
	cat "$3" >`+h.path("process")+`
fi
`)
	if err := os.Chmod(h.path("runc"), 0o755); err != nil {
		t.Fatal(err)
	}
	h.write("state.json", fmt.Sprintf(`{"ociVersion":"1.2.0","id":%q,"status":"running","bundle":%q}`, containerID, h.path(containerID)))
	h.bundle(containerID, specOf(""))
	return h
}

func (h *host) path(name string) string { return filepath.Join(h.dir, name) }

func (h *host) write(name, text string) {
	h.t.Helper()
	if err := os.MkdirAll(filepath.Dir(h.path(name)), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(h.path(name), []byte(text), 0o640); err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) read(name string) string {
	data, err := os.ReadFile(h.path(name))
	if err != nil {
		return ""
	}
	return string(data)
}

func (h *host) bundle(id, spec string) { h.write(filepath.Join(id, configFile), spec) }

// specOf is a config.json with more members.
func specOf(more string) string {
	return `{"ociVersion":"1.2.0", "x":1.0,"process":{"user":{"uid":65532,"gid":65532},"args":["serve"],"cwd":"/","env":["SECRET=not-to-be-shown"]` +
		`,"capabilities":{"bounding":["CAP_CHOWN"]}},"root":{"path":"rootfs"}` + more + `}`
}

// inPod is the annotations that containerd gives a container.
func inPod(namespace string) string {
	return `,"annotations":{"io.kubernetes.cri.container-type":"container","io.kubernetes.cri.sandbox-id":"5d1c","io.kubernetes.cri.sandbox-namespace":"` + namespace + `"}`
}

// agent answers at the host's socket.
func (h *host) agent(handle func(wrapperapi.Request) wrapperapi.Answer) {
	h.t.Helper()
	l, err := wrapperapi.Listen(h.path("run/s"))
	if err != nil {
		h.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		wrapperapi.Serve(h.t.Context(), l, func(_ context.Context, r wrapperapi.Request) wrapperapi.Answer { return handle(r) }, func(error) {})
	}()
	h.t.Cleanup(func() { <-done })
}

func answering(a wrapperapi.Answer) func(wrapperapi.Request) wrapperapi.Answer {
	return func(wrapperapi.Request) wrapperapi.Answer { return a }
}

// wrapper runs the wrapper and returns what it said.
func (h *host) wrapper(stdin string, args ...string) (stderr string, err error) {
	h.t.Helper()
	h.write("runtime.yaml", fmt.Sprintf("runtimes: {specguard-runtime: %s}\nsocket: %s\n%s", h.path("runc"), h.path("run/s"), h.config))
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = append([]string{"/usr/local/bin/specguard-runtime"}, args...)
	cmd.Env = append(os.Environ(), asWrapper+"=1", wrapperconfig.Variable+"="+h.path("runtime.yaml"))
	cmd.Stdin = strings.NewReader(stdin)
	var out strings.Builder
	cmd.Stderr = &out
	err = cmd.Run()
	return strings.TrimSuffix(out.String(), "\n"), err
}

// ran checks that the real runtime was called in these words, and nothing said.
func (h *host) ran(want string, args ...string) {
	h.t.Helper()
	_ = os.Remove(h.path("called"))
	said, err := h.wrapper("", args...)
	if got := strings.TrimSpace(h.read("called")); err != nil || said != "" || got != want {
		h.t.Errorf("%q: the runtime was called %q, said %q, error %v", args, got, said, err)
	}
}

// refused checks that the real runtime was not called, and what was said.
func (h *host) refused(want string, args ...string) {
	h.t.Helper()
	_ = os.Remove(h.path("called"))
	said, err := h.wrapper("", args...)
	if err == nil || h.read("called") != "" || !strings.HasPrefix(said, want) || strings.Contains(said, "\n") {
		h.t.Errorf("%q: the runtime was called %q, error %v, said %q\nwant %q", args, h.read("called"), err, said, want)
	}
	if strings.Contains(said, "not-to-be-shown") {
		h.t.Errorf("the environment is told: %q", said)
	}
}

// create is the call that creates the container.
func (h *host) create() []string {
	return []string{"create", "--bundle", h.path(containerID), containerID}
}

func (h *host) created() string { return strings.Join(h.create(), " ") }
