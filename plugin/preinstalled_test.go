package plugin

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/containerd/nri/pkg/adaptation"
	"github.com/containerd/nri/pkg/api"
	"github.com/sirupsen/logrus"

	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/policy"
)

// preinstalled runs the plugin as NRI starts it itself: it is handed one
// connection and ends with it.
func preinstalled() int {
	set, err := policy.Compile(policy.Source{Name: "p.yaml", Data: []byte(doc("p", allow))})
	if err != nil {
		return 3
	}
	log := logrus.New()
	log.SetLevel(logrus.PanicLevel)
	p := New(&judge.Judge{Policies: &policies{set: set}, Recorder: &recorder{}, Log: log}, inStore(&store{specs: map[string]string{}}))
	fmt.Fprint(os.Stderr, p.Run(context.Background(), Registration{Socket: "/nowhere", Name: "unused", Index: "00"}))
	return 1
}

func TestPreinstalled(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r := newRuntime(t)
	file := filepath.Join(filepath.Dir(r.socket), "plugins", "90-specguard")
	if err := os.Mkdir(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, file); err != nil {
		t.Fatal(err)
	}
	r.start(t, "containerd", adaptation.WithPluginPath(filepath.Dir(file)))
	n := &node{runtime: r, t: t, store: &store{specs: make(map[string]string)}}
	adjust, err := n.create(pod(), container())
	if err != nil || !isSealing(adjust) {
		t.Errorf("adjusted %v, error %v", adjust, err)
	}
}

// TestPreinstalledEnds takes the connection away from a plugin that was handed
// one: it must end, and not look for another.
func TestPreinstalledEnds(t *testing.T) {
	n := offline(t)
	n.start(t, "containerd")
	w := newWire(t, n.socket)
	var said bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = []string{
		api.PluginNameEnvVar + "=specguard", api.PluginIdxEnvVar + "=90", api.PluginSocketEnvVar + "=3",
		"GOCOVERDIR=" + t.TempDir(), // or a test of coverage says that there is none
	}
	cmd.ExtraFiles = []*os.File{handed(t, w.socket)}
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "sealed by the plugin", func() bool {
		adjust, err := n.create(pod(), container())
		return err == nil && isSealing(adjust)
	})
	w.cut()
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 1 || said.String() != errLost.Error() {
		t.Errorf("ended with %v and said %q", err, &said)
	}
}

// handed is a connection as NRI hands it to a plugin that it starts.
func handed(t *testing.T, socket string) *os.File {
	t.Helper()
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	file, err := conn.(*net.UnixConn).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

// TestPreinstalledStops ends with the context, and well.
func TestPreinstalledStops(t *testing.T) {
	n := offline(t)
	n.start(t, "containerd")
	fd, err := syscall.Dup(int(handed(t, n.socket).Fd())) // which the plugin will close
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(api.PluginNameEnvVar, "specguard")
	t.Setenv(api.PluginIdxEnvVar, "90")
	t.Setenv(api.PluginSocketEnvVar, strconv.Itoa(fd))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error)
	go func() { done <- n.plugin.Run(ctx, Registration{}) }()
	n.connected()
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("Run: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("Run does not end")
	}
}
