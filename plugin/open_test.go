package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/containerd/nri/pkg/api"
	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/policy"
)

func TestOpen(t *testing.T) {
	for name, c := range map[string]struct {
		docs  []string
		spec  string
		err   string
		lines []string
		gets  int
	}{
		"allowed": {
			docs: []string{doc("p", allow)}, gets: 1,
			spec: spec(both, "", annotated("allowed")), lines: []string{"open team-a/web-0/app allowed"},
		},
		"adjusted": {
			docs: []string{doc("p", strip)}, gets: 1,
			spec: spec(one, "", annotated("adjusted")), lines: []string{"open team-a/web-0/app adjusted"},
		},
		"denied": {
			docs: []string{doc("p", refuse)}, gets: 1,
			spec: spec(both, sealedBy(denied), annotated("denied")),
			err:  denied, lines: []string{"open team-a/web-0/app denied"},
		},
		"adjusted beside an audit": {
			docs: []string{doc("a", auditing, "rules: {capabilities: {drop: [CHOWN]}}"), doc("p", strip)}, gets: 1,
			spec: spec(one, "", annotated("adjusted")), lines: []string{"open team-a/web-0/app adjusted audit:capabilities"},
		},
		"audit": {
			docs: []string{doc("p", auditing, refuse)}, gets: 1,
			spec: spec(both, "", annotated("")), lines: []string{"open team-a/web-0/app allowed audit:capabilities"},
		},
		"audit that would adjust": {
			docs: []string{doc("p", auditing, strip)}, gets: 1,
			spec: spec(both, "", annotated("")), lines: []string{"open team-a/web-0/app allowed audit:capabilities"},
		},
		"a rule that audits": {
			docs: []string{doc("p", "rules: {capabilities: {onViolation: audit, drop: [NET_ADMIN]}}")}, gets: 1,
			spec: spec(both, "", annotated("allowed")), lines: []string{"open team-a/web-0/app allowed audit:capabilities"},
		},
		"image that matches": {
			docs: []string{doc("p", `match: {images: ["docker.io/**"]}`, strip)}, gets: 1,
			spec: spec(one, "", annotated("adjusted")), lines: []string{"open team-a/web-0/app adjusted"},
		},
		"image that does not match": {
			docs: []string{doc("p", `match: {images: ["quay.io/**"]}`, refuse)}, gets: 1,
			spec: spec(both, "", annotated("allowed")), lines: []string{"open team-a/web-0/app allowed"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, c.docs...)
			n.store.image = "docker.io/library/app:1"
			got, err := n.made()
			if message(err) != c.err {
				t.Errorf("error %q, want %q", message(err), c.err)
			}
			if got != c.spec {
				t.Errorf("spec\n%s\nwant\n%s", got, c.spec)
			}
			if gets, _ := n.store.calls(); gets != c.gets {
				t.Errorf("%d gets", gets)
			}
			n.recorder.expect(t, c.lines...)
			runs(t, got, c.err == "")
		})
	}
}

// runs makes sure of what a stored spec comes to: whether its hooks exist.
func runs(t *testing.T, raw string, want bool) {
	t.Helper()
	var s specs.Spec
	if err := json.Unmarshal([]byte(raw), &s); err != nil {
		t.Fatal(err)
	}
	missing := false
	if s.Hooks != nil {
		for _, h := range slices.Concat(s.Hooks.CreateRuntime, s.Hooks.CreateContainer) {
			_, err := os.Stat(h.Path)
			missing = missing || errors.Is(err, os.ErrNotExist)
		}
	}
	if missing == want {
		t.Errorf("runs: %v, want %v: %s", !missing, want, raw)
	}
}

// TestForeignHooks judges a container that has hooks of its own: they stay if
// it may run, and none is left if it must not.
func TestForeignHooks(t *testing.T) {
	const own = `,"hooks":{"createRuntime":[{"path":"/usr/bin/a","x-hook":[ ]}%s],"createContainer":[{"path":"/usr/bin/c"}%s],"prestart":[{"path":"/usr/bin/b"}],"x-hooks":0}`
	with := func(more string) string { return strings.ReplaceAll(own, "%s", more) }
	for rules, c := range map[string]struct{ spec, err string }{
		strip:  {spec(one, with(""), annotated("adjusted")), ""},
		refuse: {spec(both, strings.TrimSuffix(sealedBy(denied), "}")+`,"x-hooks":0}`, annotated("denied")), denied},
	} {
		n := newNode(t, doc("p", rules))
		ctr := container()
		if _, err := n.create(pod(), ctr); err != nil {
			t.Fatal(err)
		}
		n.store.put(ctr.GetId(), spec(both, with(`,{"path":"`+seal.Path(seal.Pending)+`"}`), annotated(seal.Sealed)))
		if err := n.post(pod(), ctr); message(err) != c.err {
			t.Errorf("error %q, want %q", message(err), c.err)
		}
		if got := n.store.get(ctr.GetId()); got != c.spec {
			t.Errorf("spec\n%s\nwant\n%s", got, c.spec)
		}
	}
}

// TestSwap has other policies come into force between creation and opening.
func TestSwap(t *testing.T) {
	for name, c := range map[string]struct {
		before, after string
		spec, err     string
		lines         []string
	}{
		"matches now, denied": {
			before: doc("p", elsewhere, refuse), after: doc("p", refuse),
			spec: spec(both, sealedBy(denied), annotated("denied")), err: denied,
			lines: []string{"open team-a/web-0/app denied"},
		},
		"matches now, adjusted": {
			before: doc("p", elsewhere, strip), after: doc("p", strip),
			spec:  spec(one, "", `"annotations":{"a":"b",`+stripped+`,"`+seal.Annotation+`":"adjusted"},`),
			lines: []string{"open team-a/web-0/app adjusted"},
		},
		"matches no more": {
			before: doc("p", refuse), after: doc("p", elsewhere, refuse),
			spec:  spec(both, "", annotated("allowed")),
			lines: []string{"open team-a/web-0/app allowed"},
		},
		"audited now": {
			before: doc("p", refuse), after: doc("p", auditing, refuse),
			spec:  spec(both, "", annotated("allowed")),
			lines: []string{"open team-a/web-0/app allowed audit:capabilities"},
		},
		"stricter now": {
			before: doc("p", strip), after: doc("p", refuse),
			spec: spec(both, sealedBy(denied), annotated("denied")), err: denied,
			lines: []string{"open team-a/web-0/app denied"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, c.before)
			ctr := container()
			if _, err := n.create(pod(), ctr); err != nil {
				t.Fatal(err)
			}
			n.policies.use(compile(t, c.after))
			if err := n.post(pod(), ctr); message(err) != c.err {
				t.Errorf("error %q", message(err))
			}
			if got := n.store.get(ctr.GetId()); got != c.spec {
				t.Errorf("spec\n%s\nwant\n%s", got, c.spec)
			}
			n.recorder.expect(t, c.lines...)
		})
	}
}

// TestForgedDecision trusts neither an annotation nor a seal that someone else
// has put there.
func TestForgedDecision(t *testing.T) {
	n := newNode(t, doc("p", refuse))
	ctr := container()
	ctr.Annotations[seal.Annotation] = "allowed"
	if _, err := n.create(pod(), ctr); err != nil {
		t.Fatal(err)
	}
	n.store.put(ctr.GetId(), spec(both, sealedBy("specguard: forged"), annotated("allowed")))
	if err := n.post(pod(), ctr); message(err) != denied {
		t.Errorf("error %q", message(err))
	}
	if got, want := n.store.get(ctr.GetId()), spec(both, sealedBy(denied), annotated("denied")); got != want {
		t.Errorf("spec\n%s\nwant\n%s", got, want)
	}
}

// TestOpenTwice opens a container again: nothing more changes, and what was asked for
// first is kept.
func TestOpenTwice(t *testing.T) {
	for _, rules := range []string{strip, refuse, allow} {
		n := newNode(t, doc("p", rules))
		first, _ := n.made()
		err := n.post(pod(), container())
		if got := n.store.get("9b7e"); got != first || (err != nil) != (rules == refuse) {
			t.Errorf("%s: error %v, spec\n%s\nfirst\n%s", rules, err, got, first)
		}
	}
}

// TestBadSpec leaves the seal where the stored spec is no spec.
func TestBadSpec(t *testing.T) {
	for name, raw := range map[string]string{
		"no JSON":         `{"ociVersion":`,
		"another type":    `{"process":[]}`,
		"empty":           ``,
		"ambiguous":       `{"process":{"capabilities":{"bounding":["CAP_NET_ADMIN"]}},"Process":{"capabilities":{"bounding":["CAP_NET_ADMIN"]}}` + sealedBy(seal.Pending) + `}`,
		"ambiguous hooks": `{"hooks":{"createRuntime":[]}` + sealedBy(seal.Pending) + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, doc("p", strip))
			ctr := container()
			if _, err := n.create(pod(), ctr); err != nil {
				t.Fatal(err)
			}
			n.store.put(ctr.GetId(), raw)
			if err := n.post(pod(), ctr); err == nil {
				t.Error("no error")
			}
			if got := n.store.get(ctr.GetId()); got != raw {
				t.Errorf("spec %s", got)
			}
			if !strings.HasPrefix(n.recorder.all(), "open team-a/web-0/app failed: ") {
				t.Errorf("recorded %q", n.recorder.all())
			}
		})
	}
}

// TestStoreErrors leaves the seal where the store cannot be read or written.
func TestStoreErrors(t *testing.T) {
	fails := func(context.Context) error { return errors.New("containerd: no") }
	for name, c := range map[string]struct {
		get, put func(context.Context) error
		err      string
	}{
		"get": {fails, nil, "containerd: no"},
		"put": {nil, fails, "the container stays sealed: containerd: no"},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, doc("p", strip))
			n.store.breaks(c.get, c.put)
			got, err := n.made()
			if message(err) != c.err {
				t.Errorf("error %q", message(err))
			}
			if want := spec(both, sealedBy(seal.Pending), annotated(seal.Sealed)); got != want {
				t.Errorf("spec\n%s\nwant\n%s", got, want)
			}
			runs(t, got, false)
			n.recorder.expect(t, "open team-a/web-0/app failed: "+c.err)

			// The next one is judged as if nothing had been.
			n.store.breaks(nil, nil)
			if got, err := n.made(); err != nil || got != spec(one, "", annotated("adjusted")) {
				t.Errorf("next: error %v, spec %s", err, got)
			}
		})
	}
}

// TestStoreErrorWithoutSeal does not claim a seal where the container came
// before the policy.
func TestStoreErrorWithoutSeal(t *testing.T) {
	n := newNode(t, doc("p", elsewhere, refuse))
	ctr := container()
	if _, err := n.create(pod(), ctr); err != nil {
		t.Fatal(err)
	}
	n.policies.use(compile(t, doc("p", refuse)))
	n.store.breaks(nil, func(context.Context) error { return errors.New("no") })
	if err := n.post(pod(), ctr); message(err) != "the container is not sealed, it came before the policy: no" {
		t.Errorf("error %q", message(err))
	}
}

// TestNoPod refuses a container of which NRI tells no pod, as of any that is in no
// namespace of Kubernetes.
func TestNoPod(t *testing.T) {
	n := offline(t, doc("p", refuse))
	ctr := &api.Container{Id: "9b7e"}
	const want = `specguard: denied by policy "p": namespace: "" is not a valid namespace name (allowed: a DNS label)`
	adjust, _, err := nriEvents{n.plugin}.CreateContainer(t.Context(), nil, ctr)
	if err == nil || err.Error() != want || adjust != nil {
		t.Errorf("adjusted %v, error %v", adjust, err)
	}
	n.store.put("9b7e", spec(one, "", ""))
	if err := (nriEvents{n.plugin}).PostCreateContainer(t.Context(), nil, ctr); err == nil || err.Error() != want {
		t.Errorf("error %v", err)
	}
}

// seHost is a node whose SELinux policy knows the type container_t alone.
type seHost struct{ policy.NoHost }

func (seHost) SELinux() policy.LSM { return policy.Enabled }

func (seHost) SELinuxLabel(label string) (valid bool, err error) {
	return strings.Contains(label, ":container_t:"), nil
}

// TestUnknownLabels: the OCI runtime gets to the seal of a container that is denied
// for a label, which it would fail by before.
func TestUnknownLabels(t *testing.T) {
	for _, c := range []struct{ process, files, wantProcess, wantFiles string }{
		{"u:r:container_t:s0", "u:object_r:container_t:s0", "u:r:container_t:s0", "u:object_r:container_t:s0"},
		{"u:r:nosuch_t:s0", "u:object_r:container_t:s0", "", "u:object_r:container_t:s0"},
		{"u:r:container_t:s0", "u:object_r:nosuch_t:s0", "u:r:container_t:s0", ""},
		{"", "", "", ""},
	} {
		n := newNode(t, doc("p", "rules: {seLinuxOptions: {required: true}, readOnlyRootFilesystem: {}}"))
		n.plugin.judge.Node.Host = func() policy.Host { return seHost{} }
		stored := strings.Replace(spec(both, sealedBy(seal.Pending), annotated(seal.Sealed)), `"linux":{`, `"linux":{"mountLabel":"`+c.files+`",`, 1)
		stored = strings.Replace(stored, `"args":`, `"selinuxLabel":"`+c.process+`","args":`, 1)
		n.store.put(container().GetId(), stored)
		err := n.post(pod(), container())
		if err == nil {
			t.Fatal("not denied")
		}
		var got specs.Spec
		if err := json.Unmarshal([]byte(n.store.get(container().GetId())), &got); err != nil {
			t.Fatal(err)
		}
		if got.Process.SelinuxLabel != c.wantProcess || got.Linux.MountLabel != c.wantFiles || len(got.Hooks.CreateRuntime) != 1 {
			t.Errorf("%+v: stored %q, %q, hooks %+v", c, got.Process.SelinuxLabel, got.Linux.MountLabel, got.Hooks)
		}
	}
}
