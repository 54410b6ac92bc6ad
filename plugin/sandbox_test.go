package plugin

import (
	"strings"
	"testing"

	"github.com/containerd/nri/pkg/api"

	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/policy"
)

const (
	noPorts = "rules: {hostPorts: {}}"

	// noPortsDenied is the denial by a policy p of noPorts.
	noPortsDenied = `specguard: denied by policy "p": hostPorts: host ports 8080 TCP not allowed (allowed: none). In the pod: remove these from ports[].hostPort`
)

func withPort(port int32) *policy.Sandbox {
	return &policy.Sandbox{HostPorts: []policy.HostPort{{Port: port, Protocol: "TCP"}}}
}

// TestSandbox reads the pod's sandbox where a rule that decides wants it, and
// nowhere else.
func TestSandbox(t *testing.T) {
	for name, c := range map[string]struct {
		docs    []string
		sandbox *policy.Sandbox // nil where it cannot be read
		spec    string
		err     string
		lines   []string
		gets    int
	}{
		"denied": {
			docs: []string{doc("p", noPorts)}, sandbox: withPort(8080), gets: 2,
			spec: spec(both, sealedBy(noPortsDenied), annotated("denied")),
			err:  noPortsDenied, lines: []string{"open team-a/web-0/app denied"},
		},
		"allowed": {
			docs: []string{doc("p", noPorts)}, sandbox: &policy.Sandbox{}, gets: 2,
			spec: spec(both, "", annotated("allowed")), lines: []string{"open team-a/web-0/app allowed"},
		},
		"audited": {
			docs: []string{doc("p", auditing, noPorts)}, sandbox: withPort(8080), gets: 2,
			spec: spec(both, "", annotated("")), lines: []string{"open team-a/web-0/app allowed audit:hostPorts"},
		},
		"not to be read": {
			docs: []string{doc("p", noPorts), doc("q", strip)}, gets: 2,
			spec: spec(both, sealedBy(seal.Pending), annotated(seal.Sealed)),
			err:  "no such sandbox", lines: []string{"open team-a/web-0/app failed: no such sandbox"},
		},
		"no rule wants it": {
			docs: []string{doc("p", elsewhere, noPorts), doc("q", strip)}, gets: 1,
			spec: spec(one, "", strings.Replace(annotated("adjusted"), `\"p\"`, `\"q\"`, 1)), lines: []string{"open team-a/web-0/app adjusted"},
		},
		"a rule for another image wants it": {
			docs: []string{doc("p", `match: {images: ["quay.io/**"]}`, noPorts)}, gets: 1,
			spec: spec(both, "", annotated("allowed")), lines: []string{"open team-a/web-0/app allowed"},
		},
		"a rule for the image wants it": {
			docs: []string{doc("p", `match: {images: ["docker.io/**"]}`, noPorts)}, sandbox: withPort(8080), gets: 2,
			spec: spec(both, sealedBy(noPortsDenied), annotated("denied")),
			err:  noPortsDenied, lines: []string{"open team-a/web-0/app denied"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, c.docs...)
			n.store.image = "docker.io/library/app:1"
			if c.sandbox != nil {
				n.store.sandboxes = map[string]*policy.Sandbox{pod().GetId(): c.sandbox}
			}
			got, err := n.made()
			if message(err) != c.err {
				t.Errorf("error %q, want %q", message(err), c.err)
			}
			if got != c.spec {
				t.Errorf("spec\n%s\nwant\n%s", got, c.spec)
			}
			runs(t, got, c.err == "")
			if gets, _ := n.store.calls(); gets != c.gets {
				t.Errorf("%d gets, want %d", gets, c.gets)
			}
			n.recorder.expect(t, c.lines...)
		})
	}
}

// TestSandboxOfExisting judges containers that were there before the agent by
// their pods too.
func TestSandboxOfExisting(t *testing.T) {
	n := offline(t, doc("p", noPorts))
	other := pod()
	other.Id, other.Name = "6e2d", "web-1"
	lost := pod()
	lost.Id, lost.Name = "7f3e", "web-2"
	n.store.sandboxes = map[string]*policy.Sandbox{pod().GetId(): withPort(8080), other.GetId(): {}}
	n.pods = []*api.PodSandbox{pod(), other, lost}
	for _, p := range n.pods {
		ctr := container()
		ctr.Id, ctr.PodSandboxId = "of-"+p.GetId(), p.GetId()
		n.store.put(ctr.GetId(), spec(one, "", annotated("")))
		n.ctrs = append(n.ctrs, ctr)
	}
	n.start(t, "containerd")
	n.connect(n.socket)
	waitFor(t, "all judged", func() bool { return strings.Contains(n.recorder.all(), "web-2") })
	n.recorder.expect(t,
		"existing team-a/web-0/app denied",
		"existing team-a/web-1/app allowed",
		"existing team-a/web-2/app failed: no such sandbox",
	)
}
