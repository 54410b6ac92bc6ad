package plugin

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/containerd/nri/pkg/api"
	"github.com/containerd/nri/pkg/stub"

	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/policy"
)

const rejectHostNetwork = "rules: {hostNamespaces: {onViolation: reject}}"

// isSealing reports whether the adjustment is a seal that is not judged yet, and
// nothing else.
func isSealing(a *api.ContainerAdjustment) bool {
	hooks := a.GetHooks()
	return len(hooks.GetCreateRuntime()) == 1 && len(hooks.GetCreateContainer()) == 1 && hooks.GetCreateRuntime()[0].GetPath() == seal.Path(seal.Pending) && hooks.GetCreateContainer()[0].GetPath() == seal.Path(seal.Pending) &&
		len(hooks.GetStartContainer())+len(hooks.GetPrestart())+len(hooks.GetPoststart())+len(hooks.GetPoststop()) == 0 &&
		maps.Equal(a.GetAnnotations(), map[string]string{seal.Annotation: seal.Sealed})
}

func isNothing(a *api.ContainerAdjustment) bool {
	return a.GetHooks().Hooks() == nil && len(a.GetAnnotations()) == 0
}

func TestCreate(t *testing.T) {
	for name, c := range map[string]struct {
		docs   []string
		edit   func(*api.PodSandbox, *api.Container)
		sealed bool
		err    string
		lines  []string
	}{
		"no policy at all":     {},
		"no policy matches":    {docs: []string{doc("p", elsewhere, refuse)}},
		"only an audit policy": {docs: []string{doc("p", auditing, refuse)}},
		"enforced":             {docs: []string{doc("p", allow)}, sealed: true},
		"one of two enforced":  {docs: []string{doc("a", auditing, refuse), doc("p", strip)}, sealed: true},
		"every rule an audit":  {docs: []string{doc("p", "rules: {hostNamespaces: {onViolation: audit}}")}, sealed: true},
		"named by the label, as CRI-O does": {
			docs: []string{doc("p", "match: {containers: [labelled]}", refuse)},
			edit: func(_ *api.PodSandbox, c *api.Container) {
				c.Name, c.Labels = "", map[string]string{"io.kubernetes.container.name": "labelled"}
			},
			sealed: true,
		},
		"kube-system": {
			docs: []string{doc("p", refuse)},
			edit: func(p *api.PodSandbox, _ *api.Container) { p.Namespace = "kube-system" },
		},
		"forged annotation": {
			docs:   []string{doc("p", allow)},
			edit:   func(_ *api.PodSandbox, c *api.Container) { c.Annotations[seal.Annotation] = "allowed" },
			sealed: true,
		},
		"image not known": {docs: []string{doc("p", `match: {images: ["docker.io/**"]}`, refuse)}, sealed: true},
		"image known, other": {
			docs: []string{doc("p", `match: {images: ["docker.io/**"]}`, refuse)},
			edit: func(_ *api.PodSandbox, c *api.Container) { c.Image = &api.Image{Name: "quay.io/a"} },
		},
		"denied at once": {
			docs: []string{doc("p", rejectHostNetwork)},
			edit: func(p *api.PodSandbox, _ *api.Container) {
				p.Linux.Namespaces = namespaces("pid", "ipc", "uts", "mount")
			},
			err:   `specguard: denied by policy "p": hostNamespaces: `,
			lines: []string{"create team-a/web-0/app denied"},
		},
		"denied at once, the image known": {
			docs: []string{doc("p", `match: {images: ["docker.io/**"]}`, rejectHostNetwork)},
			edit: func(p *api.PodSandbox, c *api.Container) {
				p.Linux.Namespaces = nil
				c.Image = &api.Image{Name: "docker.io/a"}
			},
			err:   `specguard: denied by policy "p": hostNamespaces: `,
			lines: []string{"create team-a/web-0/app denied"},
		},
		"not at once where the image is not known": {
			docs:   []string{doc("p", `match: {images: ["docker.io/**"]}`, rejectHostNetwork)},
			edit:   func(p *api.PodSandbox, _ *api.Container) { p.Linux.Namespaces = nil },
			sealed: true,
		},
		"an audit policy does not deny": {
			docs: []string{doc("p", auditing, rejectHostNetwork)},
			edit: func(p *api.PodSandbox, _ *api.Container) { p.Linux.Namespaces = nil },
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, c.docs...)
			p, ctr := pod(), container()
			if c.edit != nil {
				c.edit(p, ctr)
			}
			adjust, err := n.create(p, ctr)
			switch {
			case c.err != "":
				if !strings.HasPrefix(message(err), c.err) {
					t.Errorf("error %q, want %q", message(err), c.err)
				}
			case err != nil:
				t.Error(err)
			case c.sealed && !isSealing(adjust):
				t.Errorf("not sealed: %v", adjust)
			case !c.sealed && !isNothing(adjust):
				t.Errorf("adjusted: %v", adjust)
			}
			if gets, puts := n.store.calls(); gets+puts > 0 {
				t.Errorf("%d gets, %d puts", gets, puts)
			}
			n.recorder.expect(t, c.lines...)
		})
	}
}

// TestDenialText has the early denial word by word, as kubectl will show it.
func TestDenialText(t *testing.T) {
	n := newNode(t, doc("tenants", rejectHostNetwork))
	p := pod()
	p.Linux.Namespaces = namespaces("ipc", "uts", "mount", "network")
	_, err := n.create(p, container())
	want := `specguard: denied by policy "tenants": hostNamespaces: host namespaces pid not allowed (allowed: none). In the pod: set spec.hostPID: false`
	if message(err) != want {
		t.Errorf("error %q, want %q", message(err), want)
	}
}

// TestNothingToDo costs nothing where no policy matches: no store, no record.
func TestNothingToDo(t *testing.T) {
	n := newNode(t, doc("p", elsewhere, refuse))
	got, err := n.made()
	if err != nil || got != spec(both, "", annotated("")) {
		t.Errorf("spec %s, error %v", got, err)
	}
	if gets, puts := n.store.calls(); gets+puts > 0 {
		t.Errorf("%d gets, %d puts", gets, puts)
	}
	n.recorder.expect(t)
}

// TestValidate has a policy come into force between the plugin's answer and
// NRI's validation. It stands for every way in which a container that has to
// be sealed is not.
func TestValidate(t *testing.T) {
	n := newNode(t)
	none, some := compile(t), compile(t, doc("p", allow))
	first := true
	n.policies.answer(nil, func() *policy.Set {
		defer func() { first = false }()
		if first {
			return none
		}
		return some
	})
	if _, err := n.create(pod(), container()); !strings.Contains(message(err), "specguard: refused: the container's seal is missing") {
		t.Errorf("error %v", err)
	}
	n.recorder.mu.Lock()
	lines := len(n.recorder.lines)
	n.recorder.mu.Unlock()
	if lines != 1 || !strings.HasPrefix(n.recorder.all(), "create team-a/web-0/app failed: specguard: refused") {
		t.Errorf("recorded %q", n.recorder.all())
	}
	if _, err := n.create(pod(), container()); err != nil {
		t.Errorf("created again: %v", err)
	}
}

func TestValidateWithoutSeal(t *testing.T) {
	foreign, closed := &api.Hook{Path: "/usr/bin/a"}, &api.Hook{Path: seal.Path(seal.Pending)}
	hooked := func(runtime, container []*api.Hook) *api.ContainerAdjustment {
		return &api.ContainerAdjustment{Hooks: &api.Hooks{CreateRuntime: runtime, CreateContainer: container}}
	}
	one, both := []*api.Hook{foreign}, []*api.Hook{foreign, closed}
	for name, c := range map[string]struct {
		doc    string
		adjust *api.ContainerAdjustment
		ok     bool
	}{
		"no adjustment":      {doc("p", allow), nil, false},
		"foreign hooks":      {doc("p", allow), hooked(one, one), false},
		"createRuntime":      {doc("p", allow), hooked(both, one), false},
		"createContainer":    {doc("p", allow), hooked(one, both), false},
		"sealed":             {doc("p", allow), hooked(both, both), true},
		"audit":              {doc("p", auditing, allow), nil, true},
		"no matching policy": {doc("p", elsewhere, allow), nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			n := offline(t, c.doc)
			err := nriEvents{n.plugin}.ValidateContainerAdjustment(t.Context(),
				&api.ValidateContainerAdjustmentRequest{Pod: pod(), Container: container(), Adjust: c.adjust})
			if (err == nil) != c.ok {
				t.Errorf("error %v", err)
			}
		})
	}
}

// other is a second plugin, which does what it wants about new containers.
type other struct {
	create func() (*api.ContainerAdjustment, error)
	synced chan struct{}
}

func (o *other) Synchronize(context.Context, []*api.PodSandbox, []*api.Container) ([]*api.ContainerUpdate, error) {
	close(o.synced)
	return nil, nil
}

func (o *other) CreateContainer(context.Context, *api.PodSandbox, *api.Container) (*api.ContainerAdjustment, []*api.ContainerUpdate, error) {
	a, err := o.create()
	return a, nil, err
}

// join connects a second plugin, which NRI calls before or after specguard.
func (n *node) join(index string, create func() (*api.ContainerAdjustment, error)) {
	n.t.Helper()
	o := &other{create: create, synced: make(chan struct{})}
	s, err := stub.New(o, stub.WithSocketPath(n.socket), stub.WithPluginName("other"), stub.WithPluginIdx(index))
	if err != nil {
		n.t.Fatal(err)
	}
	if err := s.Start(n.t.Context()); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(s.Stop)
	<-o.synced
	n.settled()
}

// TestOtherPlugin is sealed over and beside what other plugins do.
func TestOtherPlugin(t *testing.T) {
	hook := &api.ContainerAdjustment{}
	hook.AddHooks(&api.Hooks{CreateRuntime: []*api.Hook{{Path: "/usr/bin/a"}}})
	annotation := &api.ContainerAdjustment{}
	annotation.AddAnnotation(seal.Annotation, "allowed")
	removal := &api.ContainerAdjustment{}
	removal.RemoveAnnotation(seal.Annotation)
	for name, c := range map[string]struct {
		adjust *api.ContainerAdjustment
		index  string
		err    string
	}{
		"adds a hook before":          {hook, "10", ""},
		"adds a hook after":           {hook, "95", ""},
		"writes our annotation":       {annotation, "10", "both tried to set Annotations"},
		"writes our annotation after": {annotation, "95", "both tried to set Annotations"},
		"removes our annotation":      {removal, "95", ""},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, doc("p", allow))
			n.join(c.index, func() (*api.ContainerAdjustment, error) { return c.adjust, nil })
			adjust, err := n.create(pod(), container())
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil || !isSealed(adjust.GetHooks()) {
				t.Errorf("adjusted %v, error %v", adjust, err)
			}
		})
	}
}

// TestOtherPluginRefuses passes on another plugin's refusal.
func TestOtherPluginRefuses(t *testing.T) {
	n := newNode(t, doc("p", allow))
	n.join("10", func() (*api.ContainerAdjustment, error) { return nil, errors.New("not today") })
	if _, err := n.create(pod(), container()); message(err) != "not today" {
		t.Errorf("error %v", err)
	}
	n.recorder.expect(t)
}
