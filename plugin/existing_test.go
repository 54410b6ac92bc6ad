package plugin

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/containerd/nri/pkg/api"
)

// stopping is a store that can stop containers.
type stopping struct {
	*store
	stopped []string
	fault   error
}

func (s *stopping) Stop(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = append(s.stopped, id)
	return s.fault
}

// TestStopExisting stops what it is told to, and nothing else.
func TestStopExisting(t *testing.T) {
	const notStopped = "existing team-a/web-0/app failed: "
	for name, c := range map[string]struct {
		existing Existing
		doc      string
		fault    error
		stops    bool
		lines    []string
	}{
		"report":                  {Report, refuse, nil, false, []string{"existing team-a/web-0/app denied"}},
		"denied":                  {StopDenied, refuse, nil, true, []string{"existing team-a/web-0/app denied stopped"}},
		"denied alone":            {StopDenied, strip, nil, false, []string{"existing team-a/web-0/app adjusted"}},
		"to be adjusted":          {Stop, strip, nil, true, []string{"existing team-a/web-0/app adjusted stopped"}},
		"all":                     {Stop, refuse, nil, true, []string{"existing team-a/web-0/app denied stopped"}},
		"complies":                {Stop, allow, nil, false, []string{"existing team-a/web-0/app allowed"}},
		"audited":                 {Stop, "mode: audit\n  " + refuse, nil, false, []string{"existing team-a/web-0/app allowed audit:capabilities"}},
		"it cannot be stopped":    {Stop, refuse, errors.New("gone"), true, []string{"existing team-a/web-0/app denied", notStopped + "stop the container: gone"}},
		"nothing is said":         {"", refuse, nil, false, []string{"existing team-a/web-0/app denied"}},
		"another policy's matter": {Stop, elsewhere + "\n  " + refuse, nil, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			n := offline(t, doc("p", c.doc))
			s := &stopping{store: n.store, fault: c.fault}
			n.store.put(container().GetId(), spec(both, "", annotated("")))
			n.plugin.Openers, n.plugin.Existing = inStore(s), c.existing
			n.plugin.conn.configured("containerd", InStore{s})
			n.plugin.judgeExisting(t.Context(), []*api.PodSandbox{pod()}, []*api.Container{container()})
			n.recorder.expect(t, c.lines...)
			if (len(s.stopped) > 0) != c.stops {
				t.Errorf("stopped %q", s.stopped)
			}
		})
	}
}

// bundles are specs by id.
type bundles map[string]string

func (b bundles) Spec(id string) ([]byte, error) {
	if b[id] == "" {
		return nil, errors.New("no bundle")
	}
	return []byte(b[id]), nil
}

// wrapped is a runtime without a store, with bundles in place of one, and what
// can stop its containers.
func wrapped(t *testing.T, existing Existing, b bundles, docs ...string) (*node, *stopping) {
	t.Helper()
	n := offline(t, docs...)
	s := &stopping{store: n.store}
	n.plugin.Existing, n.plugin.Bundles, n.plugin.Stopper = existing, b, s
	n.plugin.conn.configured("cri-o", ByWrapper{"/opt/specguard-runtime"})
	return n, s
}

// TestExistingByBundle judges what a container runs with, and under policies in
// mode audit too. The seal that it was created with tells nothing: it runs.
func TestExistingByBundle(t *testing.T) {
	hook := verifier("/opt/specguard-runtime")
	for name, c := range map[string]struct {
		doc   string
		state api.ContainerState
		stops bool
		line  string
	}{
		"denied":      {refuse, api.ContainerState_CONTAINER_RUNNING, true, "existing team-a/web-0/app denied stopped"},
		"complies":    {allow, api.ContainerState_CONTAINER_RUNNING, false, "existing team-a/web-0/app allowed"},
		"audited":     {"mode: audit\n  " + refuse, api.ContainerState_CONTAINER_RUNNING, false, "existing team-a/web-0/app allowed audit:capabilities"},
		"not started": {refuse, api.ContainerState_CONTAINER_CREATED, false, ""},
		"ended":       {refuse, api.ContainerState_CONTAINER_STOPPED, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			n, s := wrapped(t, Stop, bundles{container().GetId(): spec(both, "", annotated(""))}, doc("p", c.doc))
			ctr := container()
			ctr.State, ctr.Hooks = c.state, &api.Hooks{CreateRuntime: []*api.Hook{hook}}
			n.plugin.judgeExisting(t.Context(), []*api.PodSandbox{pod()}, []*api.Container{ctr})
			if got := strings.TrimSpace(n.recorder.all()); got != c.line || len(s.stopped) > 0 != c.stops {
				t.Errorf("recorded %q, stopped %q", got, s.stopped)
			}
		})
	}
}

// TestExistingSandbox reads the bundle of the pod's sandbox where a rule wants
// it. What cannot be known of it is no reason to stop a container.
func TestExistingSandbox(t *testing.T) {
	const ports = `{"annotations":{"` + portsAnnotation + `":"[{\"host_port\":8080,\"hostPort\":8080,\"protocol\":\"tcp\"}]"}}`
	for name, c := range map[string]struct {
		sandbox, want string
		stops         bool
	}{
		"a port":   {ports, "existing team-a/web-0/app denied stopped", true},
		"unknown":  {`{}`, "existing team-a/web-0/app denied\nexisting team-a/web-0/app failed: not stopped: nothing on the node tells the host ports of its pod", false},
		"not seen": {"", "existing team-a/web-0/app failed: the host does not show the pod's sandbox", false},
	} {
		t.Run(name, func(t *testing.T) {
			b := bundles{container().GetId(): spec(both, "", ""), pod().GetId(): c.sandbox}
			n, s := wrapped(t, StopDenied, b, doc("p", noPorts))
			n.plugin.judgeExisting(t.Context(), []*api.PodSandbox{pod()}, []*api.Container{container()})
			if got := n.recorder.all(); !strings.HasPrefix(got, c.want) || len(s.stopped) > 0 != c.stops {
				t.Errorf("recorded %q, stopped %q", got, s.stopped)
			}
		})
	}
}

// TestExistingWithoutBundle is judged by what NRI shows, and the log says so.
func TestExistingWithoutBundle(t *testing.T) {
	n, _ := wrapped(t, Report, nil, doc("p", "rules: {hostNamespaces: {}}"))
	shared := pod()
	shared.Linux.Namespaces = namespaces("pid")
	n.plugin.judgeExisting(t.Context(), []*api.PodSandbox{shared}, []*api.Container{container()})
	n.recorder.expect(t, "existing team-a/web-0/app denied")
	if last := n.log.LastEntry(); last == nil || !strings.Contains(last.Message, "judged by what NRI shows alone") {
		t.Errorf("log %v", last)
	}
}

// TestStopWithoutStore says that it cannot stop.
func TestStopWithoutStore(t *testing.T) {
	n := offline(t, doc("p", "rules: {hostNamespaces: {}}"))
	n.plugin.Existing = Stop
	n.plugin.conn.configured("cri-o", ByWrapper{"/opt/specguard-runtime"})
	shared := pod()
	shared.Linux.Namespaces = namespaces("pid")
	n.plugin.judgeExisting(t.Context(), []*api.PodSandbox{shared}, []*api.Container{container()})
	if all := n.recorder.all(); !strings.Contains(all, "existing team-a/web-0/app denied\nexisting team-a/web-0/app failed: this runtime's containers cannot be stopped") {
		t.Error(all)
	}
}
