package cli

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/containerd/nri/pkg/adaptation"
	"github.com/containerd/nri/pkg/api"

	"github.com/specguard/specguard/internal/app/apptest"
)

// running is an agent that runs, in a process of its own.
type running struct {
	t      *testing.T
	cmd    *exec.Cmd
	dir    string // holds policies/, log, audit, and is where sockets are sought
	url    string
	stderr *bytes.Buffer
}

// runAgent starts an agent with one policy and waits until it serves HTTP.
func runAgent(t *testing.T, args ...string) *running {
	t.Helper()
	dir := apptest.ShortDir(t)
	a := &running{t: t, dir: dir}
	if err := os.Mkdir(a.path("policies"), 0o755); err != nil {
		t.Fatal(err)
	}
	a.policy(policyText("hostNamespaces: {}"))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	a.cmd, _, a.stderr = command(ctx, nil, append([]string{
		"run", "--http=127.0.0.1:0", "--policy-dir", a.path("policies"), "--nri-socket", a.path("nri"),
		"--containerd-socket", a.path("containerd"), "--log-file", a.path("log"), "--decision-log", a.path("audit"),
		"--runtime-socket", a.path("runtime"),
	}, args...)...)
	if err := a.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.stop() })
	address := regexp.MustCompile(`"?address"?[=:]"?(127\.0\.0\.1:\d+)`)
	a.waitFor("an address in the log", func() bool {
		m := address.FindStringSubmatch(a.read("log"))
		if m != nil {
			a.url = "http://" + m[1]
		}
		return m != nil
	})
	return a
}

func (a *running) path(name string) string { return filepath.Join(a.dir, name) }

// policy replaces the agent's policy, as an editor does.
func (a *running) policy(text string) {
	a.t.Helper()
	if err := os.WriteFile(a.path("new"), []byte(text), 0o600); err != nil {
		a.t.Fatal(err)
	}
	if err := os.Rename(a.path("new"), a.path("policies/p.yaml")); err != nil {
		a.t.Fatal(err)
	}
}

// read gives a file's content; "" for none.
func (a *running) read(name string) string {
	data, _ := os.ReadFile(a.path(name)) // it may not be there yet
	return string(data)
}

// get gives the status and body of a page.
func (a *running) get(page string) (int, string) {
	a.t.Helper()
	res, err := (&http.Client{Timeout: 10 * time.Second}).Get(a.url + page)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// stop ends the agent as a service manager does and gives its exit status.
func (a *running) stop() int {
	_ = a.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	_ = a.cmd.Wait()
	return a.cmd.ProcessState.ExitCode()
}

func (a *running) waitFor(what string, holds func() bool) {
	a.t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			a.t.Fatalf("%s: never; stderr %s, log\n%s", what, a.stderr, a.read("log"))
		}
	}
}

func TestAgentWithoutRuntime(t *testing.T) {
	a := runAgent(t)
	if code, body := a.get("/healthz"); code != http.StatusOK || body != "ok\n" {
		t.Errorf("healthz %d %q", code, body)
	}
	code, body := a.get("/readyz")
	if code != http.StatusServiceUnavailable {
		t.Errorf("readyz %d", code)
	}
	lines(t, body, "not connected to NRI\n", "containerd does not answer: ")
	_, body = a.get("/metrics")
	for _, sample := range []string{"specguard_connected 0", "specguard_policies 1", "specguard_policy_generation 1", "specguard_policy_reload_success 1", "go_goroutines ", "process_open_fds "} {
		if !strings.Contains(body, "\n"+sample) {
			t.Errorf("no %q in\n%s", sample, body)
		}
	}
	for _, page := range []string{"/", "/debug/pprof/", "/config"} {
		if code, _ := a.get(page); code != http.StatusNotFound {
			t.Errorf("%s %d", page, code)
		}
	}
	if code := a.stop(); code != 0 || a.stderr.Len() > 0 {
		t.Errorf("exit status %d, stderr %q", code, a.stderr)
	}
	if !strings.Contains(a.read("log"), "specguard starts") || a.read("audit") != "" {
		t.Errorf("log %q, audit %q", a.read("log"), a.read("audit"))
	}
}

// TestAgentReloads has an invalid policy put in the place of a valid one.
func TestAgentReloads(t *testing.T) {
	a := runAgent(t, "--log-format=json")
	a.policy(policyText("hostNamespaces: {}", "nothing: {}"))
	a.waitFor("not ready", func() bool {
		_, body := a.get("/readyz")
		return strings.Contains(body, "policies not loaded, older ones are in force: "+a.path("policies/p.yaml")+`:7:5: spec.rules: unknown rule "nothing"`)
	})
	if code, body := a.get("/readyz?exclude=policies"); code != http.StatusServiceUnavailable || strings.Contains(body, "policies") || !strings.Contains(body, "not connected to NRI\n") {
		t.Errorf("readyz but for policies: %d %q", code, body)
	}
	if code, body := a.get("/readyz?exclude=policies&exclude=nri&exclude=opener"); code != http.StatusOK || body != "ok\n" {
		t.Errorf("readyz of nothing: %d %q", code, body)
	}
	if code, body := a.get("/readyz?exclude=policy"); code != http.StatusBadRequest || body != `exclude "policy" is not one of nri, policies, opener`+"\n" {
		t.Errorf("readyz but for what is not known: %d %q", code, body)
	}
	if _, body := a.get("/metrics"); !strings.Contains(body, "\nspecguard_policy_reload_success 0\n") || !strings.Contains(body, "\nspecguard_policies 1\n") {
		t.Errorf("metrics\n%s", body)
	}
	a.policy(policyText("hostNamespaces: {}", "capabilities: {drop: [ALL]}"))
	a.waitFor("in force", func() bool {
		_, body := a.get("/metrics")
		return strings.Contains(body, "\nspecguard_policy_generation 2\n") && strings.Contains(body, "\nspecguard_policy_reload_success 1\n")
	})
	if err := a.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	a.waitFor("told of the reload", func() bool {
		return strings.Contains(a.read("log"), "asked to reload: the folder's policies are in force")
	})
	for line := range strings.Lines(a.read("log")) {
		if !strings.HasPrefix(line, `{"`) {
			t.Errorf("no JSON: %s", line)
		}
	}
}

// startNRI starts the runtime's side of NRI.
func (a *running) startNRI() *adaptation.Adaptation {
	a.t.Helper()
	idle := func(ctx context.Context, tell adaptation.SyncCB) error { _, err := tell(ctx, nil, nil); return err }
	update := func(context.Context, []*api.ContainerUpdate) ([]*api.ContainerUpdate, error) { return nil, nil }
	nri, err := adaptation.New("containerd", "v2.4.2", idle, update, adaptation.WithSocketPath(a.path("nri")),
		adaptation.WithPluginPath(a.path("none")), adaptation.WithPluginConfigPath(a.path("none")))
	if err != nil {
		a.t.Fatal(err)
	}
	if err := nri.Start(); err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(nri.Stop)
	return nri
}

// TestAgentJudges has NRI, but no containerd: what NRI shows is judged, and
// nothing that is sealed is opened.
func TestAgentJudges(t *testing.T) {
	a := runAgent(t)
	nri := a.startNRI()
	a.waitFor("connected", func() bool {
		_, body := a.get("/metrics")
		return strings.Contains(body, "\nspecguard_connected 1\n")
	})
	nri.BlockPluginSync().Unblock() // connected on both sides
	if _, body := a.get("/readyz"); !strings.HasPrefix(body, "containerd does not answer: ") {
		t.Errorf("readyz %q", body)
	}

	pod := &api.PodSandbox{Id: "5d1c", Name: "web-0", Namespace: "team-a"}
	ctr := &api.Container{Id: "9b7e", PodSandboxId: "5d1c", Name: "app"}
	_, err := nri.CreateContainer(t.Context(), &api.CreateContainerRequest{Pod: pod, Container: ctr})
	if err == nil || !strings.Contains(err.Error(), `specguard: denied by policy "p": hostNamespaces: `) {
		t.Errorf("error %v", err)
	}
	if line := a.read("audit"); !strings.Contains(line, `"stage":"create","outcome":"denied","pod":{"namespace":"team-a","name":"web-0"`) {
		t.Errorf("audit %q", line)
	}
	a.waitFor("a denial in the metrics", func() bool {
		_, body := a.get("/metrics")
		return strings.Contains(body, "\nspecguard_decisions_total{outcome=\"denied\",stage=\"create\"} 1\n")
	})

	ns := []*api.LinuxNamespace{{Type: "pid"}, {Type: "ipc"}, {Type: "network"}, {Type: "uts"}, {Type: "mount"}}
	pod.Linux, ctr.Linux = &api.LinuxPodSandbox{Namespaces: ns}, &api.LinuxContainer{Namespaces: ns}
	res, err := nri.CreateContainer(t.Context(), &api.CreateContainerRequest{Pod: pod, Container: ctr})
	if err != nil || len(res.GetAdjust().GetHooks().GetCreateRuntime()) != 1 {
		t.Errorf("%v, error %v", res, err)
	}
	ctr.Hooks = res.GetAdjust().GetHooks()
	if err := nri.PostCreateContainer(t.Context(), &api.PostCreateContainerRequest{Pod: pod, Container: ctr}); err == nil {
		t.Error("opened without containerd")
	}
	if got := a.read("audit"); !strings.Contains(got, `"stage":"open","outcome":"failed"`) || !strings.Contains(got, "read the container from containerd: ") {
		t.Errorf("audit %q", got)
	}
	if code := a.stop(); code != 0 {
		t.Errorf("exit status %d", code)
	}
}
