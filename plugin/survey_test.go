package plugin

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/containerd/nri/pkg/api"
	"github.com/sirupsen/logrus"

	"github.com/specguard/specguard/plugin/containerruntime"
	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/policy"
)

// inventory is a runtime that lists what it is told.
type inventory struct {
	name       string
	pods       []*api.PodSandbox
	ctrs       []*api.Container
	namespaces []string
	asked      []string // pods whose namespaces were asked for
	ended      bool     // nothing runs any more
	fault      error
}

func (i *inventory) Name(context.Context) (string, error) { return i.name, i.fault }

func (i *inventory) Running(_ context.Context, runtime string) ([]judge.Container, error) {
	byID := make(map[string]*api.PodSandbox)
	for _, pod := range i.pods {
		byID[pod.GetId()] = pod
	}
	var out []judge.Container
	for _, ctr := range i.ctrs {
		out = append(out, containerOf(containerruntime.Runtime{Name: runtime}, byID[ctr.GetPodSandboxId()], ctr))
	}
	return out, nil
}

func (i *inventory) Runs(context.Context, string) (bool, error) { return !i.ended, nil }

func (i *inventory) Namespaces(_ context.Context, pod string) ([]string, error) {
	i.asked = append(i.asked, pod)
	if i.namespaces == nil {
		return nil, errors.New("no such pod")
	}
	return i.namespaces, nil
}

// holding is a runtime with one pod, and containers of it with those ids.
func holding(name string, ids ...string) *inventory {
	out := &inventory{name: name, pods: []*api.PodSandbox{pod()}, namespaces: []string{"mount", "network", "uts", "pid", "ipc"}}
	out.pods[0].Linux = nil
	for _, id := range ids {
		out.ctrs = append(out.ctrs, &api.Container{Id: id, PodSandboxId: pod().GetId(), Name: "app"})
	}
	return out
}

// listRunning lists what runs, as specguard audit does.
func (n *node) listRunning(ctx context.Context, i *inventory, sets ...*policy.Set) (iter.Seq[judge.Running], error) {
	connection, err := judge.ListingConnection(ctx, i, n.plugin.Openers)
	if err != nil {
		return nil, err
	}
	j := &judge.Judge{Connection: connection, Node: n.plugin.judge.Node, Log: n.plugin.log}
	return j.ListRunning(ctx, i, sets...)
}

// surveys tells of what runs in words, with the outcome by each set.
func (n *node) surveys(i *inventory, sets ...*policy.Set) string {
	n.t.Helper()
	running, err := n.listRunning(n.t.Context(), i, sets...)
	if err != nil {
		return err.Error()
	}
	var out []string
	for r := range running {
		s := r.Subject
		line := fmt.Sprintf("%s/%s/%s", s.Pod.Namespace, s.Pod.Name, s.Container.ID)
		if r.Err != nil {
			out = append(out, line+" "+r.Err.Error())
			continue
		}
		for _, set := range sets {
			line += " " + string(set.Evaluate(s, policy.Complete).Outcome())
		}
		for _, note := range r.Notes {
			line += " (" + strings.SplitAfter(note, "adjusted")[0] + ")"
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// TestSurvey judges what runs by its complete spec, and tells of what cannot be
// read.
func TestSurvey(t *testing.T) {
	const hostNetwork = "rules: {hostNamespaces: {}}"
	own := strings.Replace(spec(one, "", ""), `"x-linux":1e2`, `"namespaces":[{"type":"pid"},{"type":"ipc"},{"type":"uts"},{"type":"mount"},{"type":"network","path":"/proc/812/ns/net"}]`, 1)
	dockers, quays := `match: {images: ["docker.io/**"]}`, `match: {images: ["quay.io/**"]}`
	asked := `"annotations":{"` + imageNameAnnotation + `":"quay.io/b"},`
	for name, c := range map[string]struct {
		spec string // "" for none
		edit func(*inventory)
		docs []string // a set each
		want string
	}{
		"two sets":        {spec: spec(both, "", ""), docs: []string{strip, refuse}, want: "team-a/web-0/9b7e adjusted denied"},
		"adjusted before": {spec: spec(one, "", annotated("adjusted")), docs: []string{strip}, want: "team-a/web-0/9b7e allowed (specguard has adjusted)"},
		"adjusted by an old agent": {
			spec: spec(one, "", strings.Replace(annotated("adjusted"), ","+stripped, "", 1)), docs: []string{strip},
			want: "team-a/web-0/9b7e allowed (specguard has adjusted)",
		},
		"forged note": {
			spec: spec(both, "", strings.Replace(annotated("adjusted"), "9b7e", "77ab", 1)), docs: []string{strip},
			want: "team-a/web-0/9b7e adjusted (its annotation specguard.dev/adjusted)",
		},
		"adjusted by NRI, maybe":  {spec: spec(one, "", annotated(seal.Verify)), docs: []string{strip}, want: "team-a/web-0/9b7e allowed (specguard may have adjusted)"},
		"no policy":               {docs: []string{elsewhere + "\n  " + strip}, want: "team-a/web-0/9b7e allowed"},
		"a policy of one set":     {spec: spec(both, "", ""), docs: []string{elsewhere + "\n  " + strip, strip}, want: "team-a/web-0/9b7e allowed adjusted"},
		"a policy in mode audit":  {docs: []string{auditing + "\n  " + strip}, want: "team-a/web-0/9b7e no such container"},
		"garbled":                 {spec: "{", docs: []string{strip}, want: "team-a/web-0/9b7e decode OCI spec: unexpected end of JSON input"},
		"the kept image":          {spec: spec(both, "", ""), docs: []string{dockers + "\n  " + refuse, quays + "\n  " + refuse}, want: "team-a/web-0/9b7e denied allowed"},
		"the image asked for":     {spec: spec(both, "", asked), docs: []string{quays + "\n  " + refuse}, want: "team-a/web-0/9b7e denied"},
		"the pod's ports":         {spec: spec(one, "", ""), docs: []string{noPorts}, want: "team-a/web-0/9b7e denied"},
		"the pod's ports, second": {spec: spec(one, "", ""), docs: []string{allow, noPorts}, want: "team-a/web-0/9b7e allowed denied"},
		"a network of its own":    {spec: own, docs: []string{hostNetwork}, want: "team-a/web-0/9b7e allowed"},
		"the host's network": {
			spec: own, edit: func(i *inventory) { i.namespaces = []string{"mount", "pid", "ipc"} }, docs: []string{hostNetwork}, want: "team-a/web-0/9b7e denied",
		},
		"namespaces that nobody tells": {
			spec: spec(one, "", ""), edit: func(i *inventory) { i.namespaces = nil }, docs: []string{hostNetwork}, want: "team-a/web-0/9b7e no such pod",
		},
		"a pod that nobody tells": {
			spec: spec(one, "", ""), edit: func(i *inventory) { i.pods = nil }, docs: []string{strip}, want: "//9b7e the runtime does not show its pod",
		},
		"one that has ended": {edit: func(i *inventory) { i.ended = true }, docs: []string{strip}},
		"another runtime":    {edit: func(i *inventory) { i.name = "cri-o" }, docs: []string{strip}, want: `no opener for the runtime "cri-o": it is not containerd`},
		"no runtime":         {edit: func(i *inventory) { i.fault = errors.New("gone") }, docs: []string{strip}, want: "gone"},
	} {
		t.Run(name, func(t *testing.T) {
			n := offline(t)
			n.store.image = "docker.io/library/app:1"
			n.store.sandboxes = map[string]*policy.Sandbox{pod().GetId(): withPort(8080)}
			if c.spec != "" {
				n.store.put("9b7e", c.spec)
			}
			i := holding("containerd", "9b7e")
			if c.edit != nil {
				c.edit(i)
			}
			var sets []*policy.Set
			for _, d := range c.docs {
				sets = append(sets, compile(t, doc("p", d)))
			}
			if got := n.surveys(i, sets...); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
			if _, puts := n.store.calls(); puts > 0 || n.recorder.all() != "" {
				t.Errorf("%d specs written, recorded %q", puts, n.recorder.all())
			}
		})
	}
}

// TestSurveyReadsLittle: nothing of what no policy is for, and one after the
// other.
func TestSurveyReadsLittle(t *testing.T) {
	n := offline(t)
	i := holding("containerd", "b", "a")
	other := pod()
	other.Id, other.Namespace = "6e2d", "other"
	i.pods = append(i.pods, other)
	i.ctrs[0].PodSandboxId = other.GetId()
	n.store.put("b", spec(one, "", ""))
	running, err := n.listRunning(t.Context(), i, compile(t, doc("p", elsewhere, strip)))
	if err != nil {
		t.Fatal(err)
	}
	var gets []int
	for r := range running {
		got, _ := n.store.calls()
		gets = append(gets, got)
		if r.Err != nil {
			t.Error(r.Err)
		}
	}
	if fmt.Sprint(gets, i.asked) != "[1 1] [6e2d]" {
		t.Errorf("gets %v, namespaces of %v", gets, i.asked)
	}
}

// TestSurveyByBundle reads the bundle where the opener has no store, and says
// where it cannot adjust.
func TestSurveyByBundle(t *testing.T) {
	n, _ := wrapped(t, judge.Report, bundles{"9b7e": spec(both, "", `"annotations":{"`+crioImage+`":"docker.io/a"},`)})
	n.plugin.Openers = func(string) (judge.Opener, error) { return judge.ByWrapper{Program: "/opt/specguard-runtime"}, nil }
	match := `match: {images: ["docker.io/a"]}` + "\n  "
	if got := n.surveys(holding("cri-o", "9b7e", "lost"), compile(t, doc("p", match+refuse))); got != "team-a/web-0/9b7e denied\nteam-a/web-0/lost no bundle" {
		t.Error(got)
	}
	const warning = "the opener of this node is verify"
	if n.logged(logrus.WarnLevel, warning) != "" {
		t.Error("it warns of opener runtime")
	}
	n.plugin.Openers = func(string) (judge.Opener, error) { return judge.ByHook{Program: "/opt/specguard-runtime"}, nil }
	if got := n.surveys(holding("cri-o", "9b7e"), compile(t, doc("p", strip))); got != "team-a/web-0/9b7e adjusted" || n.logged(logrus.WarnLevel, warning) == "" {
		t.Errorf("%s; it does not warn", got)
	}
}

// TestSurveyOfWrapper: what the wrapper has opened is in the bundle alone, beside
// the image's name and the pod's ports, which the runtime keeps; of all else the
// runtime's store knows more.
func TestSurveyOfWrapper(t *testing.T) {
	sealed := spec(both, sealedBy(seal.Pending), annotated(seal.Sealed))
	n := offline(t)
	n.store.image = "docker.io/library/app:1"
	n.store.sandboxes = map[string]*policy.Sandbox{pod().GetId(): withPort(8080)}
	n.store.put("kept", spec(both, "", annotated("allowed")))
	n.store.put("opened", sealed)
	n.store.put("unseen", sealed)
	n.plugin.judge.Node.Bundles = bundles{"kept": spec(one, "", ""), "opened": spec(one, "", strings.Replace(annotated("adjusted"), "9b7e", "opened", 1)), "gone": spec(one, "", "")}
	const image = `match: {images: ["docker.io/library/*"]}` + "\n  "
	sets := []*policy.Set{compile(t, doc("p", image+refuse)), compile(t, doc("q", image+noPorts))}
	got := n.surveys(holding("containerd", "kept", "opened", "gone", "unseen"), sets...)
	want := "team-a/web-0/kept denied denied\nteam-a/web-0/opened allowed denied (specguard has adjusted)\n" +
		"team-a/web-0/gone no such container\nteam-a/web-0/unseen no bundle"
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	n.store.sandboxes = nil
	if got := n.surveys(holding("containerd", "opened"), sets...); got != "team-a/web-0/opened no such sandbox" {
		t.Errorf("without its sandbox: %s", got)
	}
	n.plugin.judge.Node.Bundles = nil
	if got := n.surveys(holding("containerd", "opened"), sets...); !strings.HasSuffix(got, "cannot read the container's OCI bundle (check host.root and host.bundles)") {
		t.Errorf("without bundles: %s", got)
	}
}

// TestSurveyOfClaimedPorts: a pod that claims its host ports by an annotation is
// not judged, rather than without them.
func TestSurveyOfClaimedPorts(t *testing.T) {
	n, _ := wrapped(t, judge.Report, bundles{"9b7e": spec(one, "", ""), pod().GetId(): `{"annotations":{"` + containerruntime.PortsAnnotation + `":"[]"}}`})
	n.plugin.Openers = func(string) (judge.Opener, error) { return judge.ByWrapper{Program: "/opt/specguard-runtime"}, nil }
	i, set := holding("cri-o", "9b7e"), compile(t, doc("p", noPorts))
	if got := n.surveys(i, set); got != "team-a/web-0/9b7e allowed" {
		t.Error(got)
	}
	i.pods[0].Annotations = map[string]string{containerruntime.PortsAnnotation: "[]"}
	if got := n.surveys(i, set); !strings.Contains(got, "9b7e the pod's host ports: the pod claims them") {
		t.Error(got)
	}
}

// TestSurveyEnds with its context.
func TestSurveyEnds(t *testing.T) {
	n := offline(t)
	n.store.put("a", spec(one, "", ""))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	running, err := n.listRunning(ctx, holding("containerd", "a", "b"), compile(t, doc("p", strip)))
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	for range running {
		told++
		cancel()
	}
	if told != 1 {
		t.Errorf("told of %d containers", told)
	}
}
