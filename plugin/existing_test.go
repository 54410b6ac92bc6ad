package plugin

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/containerd/nri/pkg/api"

	"github.com/specguard/specguard/plugin/containerruntime"
	"github.com/specguard/specguard/plugin/judge"
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
		existing judge.ExistingAction
		doc      string
		fault    error
		stops    bool
		lines    []string
	}{
		"report":                  {judge.Report, refuse, nil, false, []string{"existing team-a/web-0/app denied"}},
		"denied":                  {judge.StopDenied, refuse, nil, true, []string{"existing team-a/web-0/app denied stopped"}},
		"denied alone":            {judge.StopDenied, strip, nil, false, []string{"existing team-a/web-0/app adjusted"}},
		"to be adjusted":          {judge.Stop, strip, nil, true, []string{"existing team-a/web-0/app adjusted stopped"}},
		"all":                     {judge.Stop, refuse, nil, true, []string{"existing team-a/web-0/app denied stopped"}},
		"complies":                {judge.Stop, allow, nil, false, []string{"existing team-a/web-0/app allowed"}},
		"audited":                 {judge.Stop, "mode: audit\n  " + refuse, nil, false, []string{"existing team-a/web-0/app allowed audit:capabilities"}},
		"it cannot be stopped":    {judge.Stop, refuse, errors.New("gone"), true, []string{"existing team-a/web-0/app denied", notStopped + "stop the container, which continues to run: gone"}},
		"nothing is said":         {"", refuse, nil, false, []string{"existing team-a/web-0/app denied"}},
		"another policy's matter": {judge.Stop, elsewhere + "\n  " + refuse, nil, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			n := offline(t, doc("p", c.doc))
			s := &stopping{store: n.store, fault: c.fault}
			n.store.put(container().GetId(), spec(both, "", annotated("")))
			n.plugin.Openers, n.plugin.judge.Existing.Action = inStore(s), c.existing
			n.plugin.conn.configured(containerruntime.Runtime{Name: "containerd"}, judge.InStore{Specs: s})
			n.judgeExisting(t.Context(), []*api.PodSandbox{pod()}, []*api.Container{container()})
			n.recorder.expect(t, c.lines...)
			if (len(s.stopped) > 0) != c.stops {
				t.Errorf("stopped %q", s.stopped)
			}
		})
	}
}

// TestExistingAdjusted: a container that specguard has adjusted is not judged again by what it
// asked for, which is gone; one that claims so is.
func TestExistingAdjusted(t *testing.T) {
	const asked = "rules: {capabilities: {onViolation: adjust, drop: [NET_ADMIN]}, " +
		"custom: {validations: [{name: own, on: request, expression: '\"CAP_NET_ADMIN\" in spec.process.capabilities.bounding', message: m}]}}"
	for name, c := range map[string]struct {
		forge bool
		lines []string
	}{
		"adjusted": {false, []string{"open team-a/web-0/app adjusted", "existing team-a/web-0/app allowed"}},
		"forged":   {true, []string{"open team-a/web-0/app adjusted", "existing team-a/web-0/app denied stopped"}},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, doc("p", asked))
			s := &stopping{store: n.store}
			n.plugin.Openers, n.plugin.judge.Existing.Action = inStore(s), judge.StopDenied
			n.plugin.conn.configured(containerruntime.Runtime{Name: "containerd"}, judge.InStore{Specs: s})
			if _, err := n.made(); err != nil {
				t.Fatal(err)
			}
			if c.forge {
				id := container().GetId()
				n.store.specs[id] = strings.Replace(n.store.specs[id], `\"container\":\"`+id, `\"container\":\"0`, 1)
			}
			n.judgeExisting(t.Context(), []*api.PodSandbox{pod()}, []*api.Container{container()})
			n.recorder.expect(t, c.lines...)
			if (len(s.stopped) > 0) != c.forge {
				t.Errorf("stopped %q", s.stopped)
			}
		})
	}
}

// TestExistingWithoutPod: nothing can be said of a container whose pod is not
// told, least of all that no policy is for it.
func TestExistingWithoutPod(t *testing.T) {
	n := offline(t, doc("p", "match: {namespaces: [team-a]}", refuse))
	n.store.put(container().GetId(), spec(both, "", ""))
	n.judgeExisting(t.Context(), nil, []*api.Container{container()})
	n.recorder.expect(t, "existing //app failed: the runtime does not show its pod")
}

// bundles are specs by id.
type bundles map[string]string

func (b bundles) Spec(id string) ([]byte, error) {
	if b[id] == "" {
		return nil, errors.New("no bundle")
	}
	return []byte(b[id]), nil
}

func (bundles) PortMappings(string) ([]byte, bool) { return nil, false }

// wrapped is a runtime without a store, with bundles in place of one, and what
// can stop its containers.
func wrapped(t *testing.T, existing judge.ExistingAction, b bundles, docs ...string) (*node, *stopping) {
	t.Helper()
	n := offline(t, docs...)
	s := &stopping{store: n.store}
	n.plugin.judge.Existing.Action, n.plugin.judge.Node.Bundles, n.plugin.judge.Existing.Stopper = existing, b, s
	n.plugin.conn.configured(containerruntime.Runtime{Name: "cri-o"}, judge.ByWrapper{Program: "/opt/specguard-runtime"})
	return n, s
}

// TestExistingByBundle judges what a container runs with, and under policies in
// mode audit too. The seal that it was created with tells nothing: it runs.
func TestExistingByBundle(t *testing.T) {
	hook := api.FromOCIHooks(judge.ByHook{Program: "/opt/specguard-runtime"}.Seal())
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
			n, s := wrapped(t, judge.Stop, bundles{container().GetId(): spec(both, "", annotated(""))}, doc("p", c.doc))
			ctr := container()
			ctr.State, ctr.Hooks = c.state, hook
			n.judgeExisting(t.Context(), []*api.PodSandbox{pod()}, []*api.Container{ctr})
			if got := strings.TrimSpace(n.recorder.all()); got != c.line || len(s.stopped) > 0 != c.stops {
				t.Errorf("recorded %q, stopped %q", got, s.stopped)
			}
		})
	}
}

// TestExistingSandbox reads the bundle of the pod's sandbox where a rule wants
// it. What cannot be known of it is not held against a container, and excuses
// nothing else, whoever causes that.
func TestExistingSandbox(t *testing.T) {
	const portsAndCaps = "rules: {hostPorts: {}, capabilities: {drop: [NET_ADMIN]}}"
	const ports = `{"annotations":{"` + containerruntime.PortsAnnotation + `":"[{\"hostPort\":8080,\"protocol\":\"tcp\"}]"}}`
	for name, c := range map[string]struct {
		sandbox string
		claimed bool
		rules   string
		want    string
	}{
		"a port":                    {ports, false, noPorts, "denied stopped"},
		"a port that is claimed":    {ports, true, noPorts, "allowed"},
		"claimed, and capabilities": {ports, true, portsAndCaps, "denied stopped"},
		"unknown":                   {`{}`, false, noPorts, "allowed"},
		"unknown, and capabilities": {`{}`, false, portsAndCaps, "denied stopped"},
		"not seen":                  {"", false, noPorts, "allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			b := bundles{container().GetId(): spec(both, "", ""), pod().GetId(): c.sandbox}
			n, s := wrapped(t, judge.StopDenied, b, doc("p", c.rules))
			shown := pod()
			if c.claimed {
				shown.Annotations = map[string]string{containerruntime.PortsAnnotation: "[]"}
			}
			n.judgeExisting(t.Context(), []*api.PodSandbox{shown}, []*api.Container{container()})
			n.recorder.expect(t, "existing team-a/web-0/app "+c.want)
			if strings.HasSuffix(c.want, "stopped") != (len(s.stopped) > 0) {
				t.Errorf("stopped %q", s.stopped)
			}
		})
	}
}

// TestExistingWithoutBundle is judged by what NRI shows, which the log says, and
// not stopped; and not judged where NRI shows what it was before it was
// adjusted.
func TestExistingWithoutBundle(t *testing.T) {
	for _, sealed := range []bool{false, true} {
		n, s := wrapped(t, judge.Stop, nil, doc("p", "rules: {hostNamespaces: {}}"))
		shared, ctr := pod(), container()
		shared.Linux.Namespaces = namespaces("pid")
		ctr.State = api.ContainerState_CONTAINER_RUNNING
		var want []string
		if sealed {
			ctr.Hooks = api.FromOCIHooks(judge.ByHook{Program: "/opt/specguard-runtime"}.Seal())
		} else {
			want = append(want, "existing team-a/web-0/app denied")
		}
		n.judgeExisting(t.Context(), []*api.PodSandbox{shared}, []*api.Container{ctr})
		n.recorder.expect(t, want...)
		if len(s.stopped) > 0 {
			t.Errorf("sealed is %t: stopped %q", sealed, s.stopped)
		}
		last := n.log.LastEntry()
		if said := last != nil && strings.Contains(last.Message, "checked only against NRI data"); said == sealed {
			t.Errorf("sealed is %t: log %v", sealed, last)
		}
	}
}

// TestStopNotItself: an agent that stops its own pod would do nothing else.
func TestStopNotItself(t *testing.T) {
	for own, stops := range map[string]bool{pod().GetUid(): false, "another": true, "": true} {
		n, s := wrapped(t, judge.Stop, bundles{container().GetId(): spec(both, "", "")}, doc("p", refuse))
		n.plugin.judge.Existing.OwnPod = own
		n.judgeExisting(t.Context(), []*api.PodSandbox{pod()}, []*api.Container{container()})
		if len(s.stopped) > 0 != stops || !strings.HasPrefix(n.recorder.all(), "existing team-a/web-0/app denied") {
			t.Errorf("own pod %q: stopped %q, recorded %s", own, s.stopped, n.recorder.all())
		}
	}
}

// TestStopWithoutStopper says that it cannot stop.
func TestStopWithoutStopper(t *testing.T) {
	n, _ := wrapped(t, judge.Stop, bundles{container().GetId(): spec(both, "", "")}, doc("p", refuse))
	n.plugin.judge.Existing.Stopper = nil
	n.judgeExisting(t.Context(), []*api.PodSandbox{pod()}, []*api.Container{container()})
	n.recorder.expect(t, "existing team-a/web-0/app denied",
		"existing team-a/web-0/app failed: the agent cannot stop containers of this runtime: the container continues to run")
}
