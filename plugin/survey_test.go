package plugin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/containerd/nri/pkg/api"
	"github.com/sirupsen/logrus"

	"github.com/specguard/specguard/policy"
)

// surveys has another plugin than the node's look at what runs, and tells of it
// in words.
func (n *node) surveys(sets ...*policy.Set) ([]string, error) {
	log := logrus.New()
	log.SetOutput(n.t.Output())
	p := &Plugin{Openers: inStore(n.store), Host: func() policy.Host { return policy.NoHost{} }, Log: log}
	running, err := p.Survey(n.t.Context(), Registration{Socket: n.socket, Name: "specguard-audit", Index: "90"}, sets...)
	var out []string
	for _, r := range running {
		s := r.Subject
		line := fmt.Sprintf("%s/%s/%s ", s.Pod.Namespace, s.Pod.Name, s.Container.ID)
		if r.Err != nil {
			out = append(out, line+r.Err.Error())
			continue
		}
		for _, set := range sets {
			line += string(set.Evaluate(s, policy.Final).Outcome()) + " "
		}
		out = append(out, line+fmt.Sprint(s.Spec.Process.Capabilities.Bounding, s.Spec.Annotations))
	}
	return out, err
}

// TestSurvey lists what runs, or can, with complete specs, while the agent is
// connected and judges.
func TestSurvey(t *testing.T) {
	n := offline(t, doc("p", elsewhere, strip))
	made := func(id string, state api.ContainerState, sealed bool) {
		ctr := container()
		ctr.Id, ctr.State = id, state
		if sealed {
			ctr.Hooks = &api.Hooks{CreateRuntime: []*api.Hook{pending()}}
		}
		n.ctrs = append(n.ctrs, ctr)
	}
	n.pods = []*api.PodSandbox{pod()}
	made("runs", api.ContainerState_CONTAINER_RUNNING, true) // NRI shows the hooks that it was created with
	made("waits", api.ContainerState_CONTAINER_CREATED, false)
	made("sealed", api.ContainerState_CONTAINER_CREATED, true)
	made("ended", api.ContainerState_CONTAINER_STOPPED, false)
	made("lost", api.ContainerState_CONTAINER_RUNNING, false)
	made("garbled", api.ContainerState_CONTAINER_RUNNING, false)
	for _, id := range []string{"runs", "waits", "sealed", "ended"} {
		n.store.put(id, spec(both, "", annotated("allowed")))
	}
	n.store.put("garbled", "{")
	n.start(t, "containerd")
	n.connect(n.socket)
	n.works()
	before := n.recorder.all()

	got, err := n.surveys(compile(t, doc("p", strip)), compile(t, doc("q", refuse)))
	if err != nil || len(got) != 4 {
		t.Fatalf("%q, error %v", got, err)
	}
	for i, want := range []string{
		"runs adjusted denied [CAP_CHOWN CAP_NET_ADMIN] map[a:b]",
		"waits adjusted denied [CAP_CHOWN CAP_NET_ADMIN] map[a:b]",
		"lost no such container",
		"garbled decode OCI spec: unexpected end of JSON input",
	} {
		if want = "team-a/web-0/" + want; got[i] != want {
			t.Errorf("%s\nwant %s", got[i], want)
		}
	}
	if !n.plugin.Connected() {
		t.Error("the agent is not connected any more")
	}
	n.settled()
	n.works()
	if after := n.recorder.all(); !strings.HasPrefix(after, before) || strings.Contains(after[len(before):], "existing") {
		t.Errorf("recorded besides: %q", after)
	}
}

// TestSurveySandbox reads the pod's sandbox if a rule of one of the sets wants
// it.
func TestSurveySandbox(t *testing.T) {
	n := offline(t)
	n.pods, n.ctrs = []*api.PodSandbox{pod()}, []*api.Container{container()}
	n.store.put(container().GetId(), spec(one, "", ""))
	n.store.sandboxes = map[string]*policy.Sandbox{pod().GetId(): withPort(8080)}
	n.start(t, "containerd")
	none, ports := compile(t, doc("p", strip)), compile(t, doc("q", noPorts))
	for name, c := range map[string]struct {
		sets []*policy.Set
		want string
		gets int
	}{
		"none":   {[]*policy.Set{none}, "allowed", 1},
		"first":  {[]*policy.Set{ports, none}, "denied allowed", 2},
		"second": {[]*policy.Set{none, ports}, "allowed denied", 2},
	} {
		t.Run(name, func(t *testing.T) {
			before, _ := n.store.calls()
			got, err := n.surveys(c.sets...)
			if err != nil || len(got) != 1 || got[0] != "team-a/web-0/9b7e "+c.want+" [CAP_CHOWN] map[]" {
				t.Errorf("%q, error %v", got, err)
			}
			if gets, _ := n.store.calls(); gets-before != c.gets {
				t.Errorf("%d gets, want %d", gets-before, c.gets)
			}
		})
	}
}

// TestSurveyFails says why there is no listing.
func TestSurveyFails(t *testing.T) {
	n := offline(t)
	if got, err := n.surveys(); err == nil || !strings.Contains(err.Error(), "connect to NRI: ") || got != nil {
		t.Errorf("without a runtime: %q, error %v", got, err)
	}
	n.start(t, "cri-o")
	if got, err := n.surveys(); err == nil || !strings.Contains(err.Error(), `no opener for the runtime "cri-o": it is not containerd`) || got != nil {
		t.Errorf("without an opener: %q, error %v", got, err)
	}
}

// TestSurveyEnds with its context.
func TestSurveyEnds(t *testing.T) {
	n := offline(t)
	n.pods, n.ctrs = []*api.PodSandbox{pod()}, []*api.Container{container(), container()}
	n.store.put(container().GetId(), spec(one, "", ""))
	n.start(t, "containerd")
	ctx, cancel := context.WithCancel(t.Context())
	n.store.breaks(func(context.Context) error { cancel(); return nil }, nil)
	p := &Plugin{Openers: inStore(n.store), Log: n.plugin.Log}
	got, err := p.Survey(ctx, Registration{Socket: n.socket, Name: "specguard-audit", Index: "90"}, compile(t, doc("p", strip)))
	if !errors.Is(err, context.Canceled) || got != nil {
		t.Errorf("%v, error %v", got, err)
	}
}
