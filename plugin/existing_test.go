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
