package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/containerd/nri/pkg/api"

	"github.com/specguard/specguard/plugin/containerruntime"
	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/plugin/wrapperapi"
	"github.com/specguard/specguard/policy"
)

// with has the node's runtime, of that name, opened in that way.
func with(t *testing.T, runtime string, o judge.Opener, docs ...string) *node {
	t.Helper()
	n := offline(t, docs...)
	n.plugin.Openers = func(string) (judge.Opener, error) { return o, nil }
	n.start(t, runtime)
	n.connect(n.socket)
	return n
}

// bring has the container's spec judged, as the host does.
func (n *node) bring(kind wrapperapi.Kind, change func(*wrapperapi.Request)) wrapperapi.Answer {
	n.t.Helper()
	req := wrapperapi.Request{Kind: kind, ID: container().GetId(), Spec: []byte(n.store.get(container().GetId()))}
	if change != nil {
		change(&req)
	}
	return n.plugin.Judge(n.t.Context(), req)
}

// TestJudge has the spec of a created container brought by the wrapper and by
// the hook.
func TestJudge(t *testing.T) {
	for name, c := range map[string]struct {
		docs                 []string
		create, verify       wrapperapi.Verdict
		spec                 string // by the wrapper's answer; "" for none
		createSays, verifies string
	}{
		"no policy": {docs: []string{doc("p", elsewhere, refuse)}, create: wrapperapi.Allowed, verify: wrapperapi.Allowed},
		"allowed":   {docs: []string{doc("p", allow)}, create: wrapperapi.Allowed, verify: wrapperapi.Allowed, spec: spec(both, "", annotated("allowed"))},
		"adjusted": {
			docs: []string{doc("p", strip)}, create: wrapperapi.Allowed, spec: spec(one, "", annotated("adjusted")),
			verify: wrapperapi.Forbidden, verifies: deniedWhy + " (policy would adjust it; on this node specguard can only deny containers)" + deniedFix,
		},
		"denied": {docs: []string{doc("p", refuse)}, create: wrapperapi.Forbidden, createSays: denied, verify: wrapperapi.Forbidden, verifies: denied},
		"audit":  {docs: []string{doc("p", auditing, refuse)}, create: wrapperapi.Allowed, verify: wrapperapi.Allowed},
	} {
		t.Run(name, func(t *testing.T) {
			for _, o := range []judge.Opener{judge.ByWrapper{Program: "/opt/specguard-runtime"}, judge.ByHook{Program: "/opt/specguard-runtime"}} {
				n := with(t, "cri-o", o, c.docs...)
				if _, err := n.create(pod(), container()); err != nil {
					t.Fatal(err)
				}
				a := n.bring(wrapperapi.Create, nil)
				if a.Verdict != c.create || a.Message != c.createSays || a.Verdict == wrapperapi.Allowed && string(a.Spec) != c.spec {
					t.Errorf("%s: create: %+v\nspec %s", o.Name(), a, a.Spec)
				}
				if a := n.bring(wrapperapi.Verify, nil); a.Verdict != c.verify || a.Message != c.verifies || a.Spec != nil {
					t.Errorf("%s: verify: %+v\nspec %s", o.Name(), a, a.Spec)
				}
			}
		})
	}
}

// TestJudgeRequest: a rule on request is asked about the spec as it came, and not again about
// the adjusted one.
func TestJudgeRequest(t *testing.T) {
	const rules = `rules: {runAsNonRoot: {onViolation: adjust, runAsUser: 1000}, ` +
		`custom: {on: request, validations: [{name: a, message: m, expression: "spec.process.user.uid != 1000"}]}}`
	n := with(t, "cri-o", judge.ByWrapper{Program: "/opt/specguard-runtime"}, doc("p", rules))
	if _, err := n.create(pod(), container()); err != nil {
		t.Fatal(err)
	}
	a := n.bring(wrapperapi.Create, nil)
	if a.Verdict != wrapperapi.Allowed || !strings.Contains(string(a.Spec), `"uid":1000`) {
		t.Fatalf("%+v %s", a, a.Spec)
	}
	adjusted := func(r *wrapperapi.Request) { r.Spec = a.Spec }
	if a := n.bring(wrapperapi.Verify, adjusted); a.Verdict != wrapperapi.Allowed {
		t.Errorf("what runs: %+v", a)
	}
	if a := n.bring(wrapperapi.Create, adjusted); a.Verdict != wrapperapi.Forbidden {
		t.Errorf("asked for: %+v", a)
	}
	for _, forget := range []bool{false, true} { // the same in a runtime's store
		n := offline(t, doc("p", rules))
		n.start(t, "containerd")
		n.connect(n.socket)
		if _, err := n.create(pod(), container()); err != nil {
			t.Fatal(err)
		}
		if err := n.plugin.judge.Open(t.Context(), n.plugin.container(pod(), container())); err != nil {
			t.Fatal(err)
		}
		if forget {
			n.plugin.judge.Forget(container().GetId())
			n.plugin.judge.Listed([]judge.Container{n.plugin.container(pod(), container())})
		}
		if a := n.bring(wrapperapi.Verify, nil); (a.Verdict == wrapperapi.Allowed) == forget {
			t.Errorf("forgotten %v: %+v", forget, a)
		}
	}
}

// TestJudgeUnknown tells containers whose owner is in doubt.
func TestJudgeUnknown(t *testing.T) {
	n := with(t, "cri-o", judge.ByWrapper{Program: "/opt/specguard-runtime"}, doc("p", strip))
	ctr := container()
	expect := func(when string, want wrapperapi.Verdict) {
		t.Helper()
		if a := n.bring(wrapperapi.Create, nil); a.Verdict != want || (strings.HasPrefix(a.Message, "specguard: refused: the container has no seal: ")) != (want == wrapperapi.Unknown) {
			t.Errorf("%s: %+v", when, a)
		}
	}
	expect("never shown", wrapperapi.Unknown)
	if _, err := n.create(pod(), ctr); err != nil {
		t.Fatal(err)
	}
	expect("created", wrapperapi.Allowed)
	other := pod()
	other.Namespace = "other"
	if _, err := n.create(other, container()); err != nil {
		t.Fatal(err)
	}
	expect("another was created under its id", wrapperapi.Unknown)
	if err := n.RemoveContainer(context.Background(), &api.RemoveContainerRequest{Pod: pod(), Container: ctr}); err != nil {
		t.Fatal(err)
	}
	expect("removed", wrapperapi.Unknown)
	if _, err := n.create(pod(), container()); err != nil {
		t.Fatal(err)
	}
	expect("created once more", wrapperapi.Allowed)
}

// TestJudgeAfterRestart has an agent that was not there when the container was
// created find it with the others.
func TestJudgeAfterRestart(t *testing.T) {
	n := offline(t, doc("p", strip))
	n.plugin.Openers = func(string) (judge.Opener, error) { return judge.ByWrapper{Program: "/opt/specguard-runtime"}, nil }
	n.pods, n.ctrs = []*api.PodSandbox{pod()}, []*api.Container{container()}
	n.start(t, "cri-o")
	n.connect(n.socket)
	n.store.put(container().GetId(), spec(both, sealedBy(seal.Pending), annotated(seal.Sealed)))
	if a := n.bring(wrapperapi.Create, nil); a.Verdict != wrapperapi.Allowed || string(a.Spec) != spec(one, "", annotated("adjusted")) {
		t.Errorf("%+v\n%s", a, a.Spec)
	}
}

// TestJudgeFailures refuses what cannot be judged.
func TestJudgeFailures(t *testing.T) {
	n := with(t, "cri-o", judge.ByWrapper{Program: "/opt/specguard-runtime"}, doc("p", strip), doc("q", noPorts))
	if _, err := n.create(pod(), container()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*wrapperapi.Request)
		want   string
	}{
		"no JSON":            {func(r *wrapperapi.Request) { r.Spec = []byte("{") }, "not judged: decode OCI spec: "},
		"no sandbox":         {nil, `not judged: the host does not show the pod's sandbox "5d1c"`},
		"another's sandbox":  {func(r *wrapperapi.Request) { r.Sandbox = &wrapperapi.Sandbox{ID: "5d1d", Spec: []byte("{}")} }, `not judged: the host does not show the pod's sandbox "5d1c"`},
		"no sandbox's spec":  {func(r *wrapperapi.Request) { r.Sandbox = &wrapperapi.Sandbox{ID: "5d1c"} }, `not judged: the host does not show the pod's sandbox "5d1c"`},
		"no JSON in sandbox": {func(r *wrapperapi.Request) { r.Sandbox = &wrapperapi.Sandbox{ID: "5d1c", Spec: []byte("{")} }, "not judged: the pod's sandbox: decode OCI spec: "},
		"no JSON in ports": {func(r *wrapperapi.Request) {
			r.Sandbox = &wrapperapi.Sandbox{ID: "5d1c", Spec: []byte("{}"), Networked: true, PortMappings: []byte("{}")}
		}, "not judged: the pod's host ports: "},
	} {
		if a := n.bring(wrapperapi.Create, c.change); a.Verdict != wrapperapi.Forbidden || a.Spec != nil || !strings.HasPrefix(a.Message, c.want) {
			t.Errorf("%s: %+v", name, a)
		}
	}
	n.policies.answer(nil, func() *policy.Set { panic("broken") })
	if a := n.bring(wrapperapi.Create, nil); a.Verdict != wrapperapi.Forbidden || !strings.Contains(a.Message, "internal error") {
		t.Errorf("a panic: %+v", a)
	}
}

// TestJudgeHostPorts reads the ports where either runtime keeps them, and
// trusts nothing that the pod's author may have written.
func TestJudgeHostPorts(t *testing.T) {
	const (
		crioPorts = `[{"HostPort":8080,"ContainerPort":80,"Protocol":"TCP","HostIP":""}]`
		cniPorts  = `[{"hostPort":8080,"containerPort":80,"protocol":"tcp","hostIP":""}]`
		unseen    = `specguard: denied by policy "p": hostPorts: the pod's host ports are not known on this node (allowed: none)`
	)
	onCRIO := func(ports string) *wrapperapi.Sandbox {
		text, err := json.Marshal(ports)
		if err != nil {
			t.Fatal(err)
		}
		return &wrapperapi.Sandbox{ID: "5d1c", Spec: []byte(`{"annotations":{"` + containerruntime.PortsAnnotation + `":` + string(text) + `}}`)}
	}
	inCNI := func(ports string) *wrapperapi.Sandbox {
		return &wrapperapi.Sandbox{ID: "5d1c", Spec: []byte("{}"), Networked: true, PortMappings: []byte(ports)}
	}
	claims := func(pod *api.PodSandbox) { pod.Annotations = map[string]string{containerruntime.PortsAnnotation: "[]"} }
	labels := func(pod *api.PodSandbox) { pod.Labels = map[string]string{containerruntime.PortsAnnotation: "[]"} }
	inHost := func(pod *api.PodSandbox) { pod.Linux.Namespaces = namespaces("pid", "ipc") }
	for name, c := range map[string]struct {
		sandbox *wrapperapi.Sandbox
		pod     func(*api.PodSandbox)
		want    string // "" where it may run
	}{
		"CRI-O":                      {onCRIO(crioPorts), nil, noPortsDenied},
		"CRI-O, none":                {onCRIO("null"), nil, ""},
		"CRI-O, claimed":             {onCRIO("[]"), claims, "not judged: the pod's host ports: the pod claims them by the annotation or label " + containerruntime.PortsAnnotation},
		"CRI-O, claimed by a label":  {onCRIO("[]"), labels, "not judged: the pod's host ports: the pod claims them by the annotation or label " + containerruntime.PortsAnnotation},
		"CNI":                        {inCNI(cniPorts), nil, noPortsDenied},
		"CNI, none":                  {inCNI("[]"), nil, ""},
		"CNI, of the pod alone":      {inCNI(`[{"containerPort":80}]`), nil, ""},
		"nowhere":                    {&wrapperapi.Sandbox{ID: "5d1c", Spec: []byte("{}")}, nil, unseen},
		"in the host's network":      {&wrapperapi.Sandbox{ID: "5d1c", Spec: []byte("{}")}, inHost, unseen},
		"claimed, where CNI tells":   {inCNI("[]"), claims, "not judged: the pod's host ports: the pod claims them by the annotation or label " + containerruntime.PortsAnnotation},
		"CRI-O, claimed without one": {&wrapperapi.Sandbox{ID: "5d1c", Spec: []byte("{}")}, claims, "not judged: the pod's host ports: the pod claims them by the annotation or label " + containerruntime.PortsAnnotation},
	} {
		t.Run(name, func(t *testing.T) {
			n := with(t, "cri-o", judge.ByWrapper{Program: "/opt/specguard-runtime"}, doc("p", noPorts))
			p := pod()
			if c.pod != nil {
				c.pod(p)
			}
			if _, err := n.create(p, container()); err != nil {
				t.Fatal(err)
			}
			a := n.bring(wrapperapi.Create, func(r *wrapperapi.Request) { r.Sandbox = c.sandbox })
			if a.Message != c.want || (a.Verdict == wrapperapi.Allowed) != (c.want == "") {
				t.Errorf("%+v", a)
			}
		})
	}
}

// TestVerifySeal has NRI carry what it can.
func TestVerifySeal(t *testing.T) {
	n := with(t, "cri-o", judge.ByHook{Program: "/opt/specguard-runtime"}, doc("p",
		"rules: {resources: {onViolation: adjust, memory: {max: 1Mi}, cpu: {max: \"1\"}, pids: {max: 9}}, hostPaths: {onViolation: adjust, remove: writable, allowed: [{path: /srv, readOnly: true}]}}"))
	ctr := container()
	ctr.Linux.Resources = &api.LinuxResources{
		Memory: &api.LinuxMemory{Limit: api.Int64(2 << 20)}, Cpu: &api.LinuxCPU{Quota: api.Int64(300000), Period: api.UInt64(100000)},
		Pids: &api.LinuxPids{Limit: 99},
	}
	ctr.Mounts = []*api.Mount{
		{Destination: "/proc", Type: "proc", Source: "proc"},
		{Destination: "/srv", Type: "bind", Source: "/srv/data", Options: []string{"rbind", "rw"}},
		{Destination: "/etc/x", Type: "bind", Source: "/etc", Options: []string{"rbind", "ro"}},
	}
	adjust, err := n.create(pod(), ctr)
	if err != nil {
		t.Fatal(err)
	}
	n.recorder.expect(t, "create team-a/web-0/app adjusted")
	if got := adjust.GetAnnotations()[seal.Annotation]; got != seal.Verify {
		t.Errorf("annotation %q", got)
	}
	hook := adjust.GetHooks().GetCreateRuntime()
	if len(hook) != 1 || hook[0].GetPath() != "/opt/specguard-runtime" || strings.Join(hook[0].GetArgs(), " ") != "specguard-runtime hook" || !isSealed(adjust.GetHooks()) {
		t.Errorf("hooks %v", hook)
	}
	var mounts []string
	for _, m := range adjust.GetMounts() {
		mounts = append(mounts, m.GetDestination()+" "+m.GetSource()+" "+strings.Join(m.GetOptions(), ","))
	}
	// One that is taken out and put in again takes the other's place.
	if got := strings.Join(mounts, "; "); got != "/srv /srv/data rbind,ro,rro; -/etc/x  " {
		t.Errorf("mounts %q", got)
	}
	r := adjust.GetLinux().GetResources()
	if r.GetMemory().GetLimit().GetValue() != 1<<20 || r.GetPids().GetLimit() != 9 || r.GetCpu().GetQuota().GetValue() != 100000 {
		t.Errorf("resources %v", r)
	}
}

// TestNoStore has the other openers refuse what needs a store, and report
// existing containers by what NRI shows.
func TestNoStore(t *testing.T) {
	n := offline(t, doc("p", strip), doc("q", "rules: {hostNamespaces: {}}"))
	n.plugin.Openers = func(string) (judge.Opener, error) { return judge.ByWrapper{Program: "/opt/specguard-runtime"}, nil }
	shared := pod()
	shared.Linux.Namespaces = namespaces("pid", "ipc")
	n.pods, n.ctrs = []*api.PodSandbox{shared}, []*api.Container{container()}
	n.start(t, "cri-o")
	n.connect(n.socket)
	waitFor(t, "a report", func() bool { return n.recorder.all() != "" })
	n.recorder.expect(t, "existing team-a/web-0/app denied")
	if err := (nriEvents{n.plugin}).PostCreateContainer(t.Context(), pod(), container()); err != nil {
		t.Errorf("after creation: %v", err) // it is for the wrapper to ask
	}
	if err := (nriEvents{n.plugin}).StartContainer(t.Context(), pod(), container()); err == nil || err.Error() != "opener runtime cannot read the runtime's specs" {
		t.Errorf("error %v", err)
	}
	if gets, puts := n.store.calls(); gets+puts > 0 {
		t.Error("the store was called")
	}
	none := New(&judge.Judge{}, nil)
	if err := none.judge.Open(t.Context(), judge.Container{}); err == nil || none.Opener() != "" || n.plugin.Opener() != "runtime" {
		t.Errorf("opener %q, %q, error %v", none.Opener(), n.plugin.Opener(), err)
	}
	n.plugin.Openers = func(string) (judge.Opener, error) { return nil, errors.New("none") }
	if _, err := (nriEvents{n.plugin}).Configure(t.Context(), "", "cri-o", "1"); err == nil || err.Error() != `no opener for the runtime "cri-o": none` {
		t.Errorf("error %v", err)
	}
}
