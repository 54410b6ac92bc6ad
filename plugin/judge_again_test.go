package plugin

import (
	"strings"
	"testing"

	"github.com/containerd/nri/pkg/api"

	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/plugin/wrapperapi"
	"github.com/specguard/specguard/policy"
)

// TestJudgeAgain has the wrapper ask about a container that was opened in the
// runtime's store: nothing is told twice, and the store tells of the sandbox.
func TestJudgeAgain(t *testing.T) {
	n := newNode(t, doc("p", strip), doc("q", noPorts))
	n.store.sandboxes = map[string]*policy.Sandbox{pod().GetId(): {}}
	if _, err := n.made(); err != nil {
		t.Fatal(err)
	}
	n.recorder.expect(t, "open team-a/web-0/app adjusted")
	if a := n.bring(wrapperapi.Create, nil); a.Verdict != wrapperapi.Allowed || a.Spec != nil {
		t.Errorf("%+v\n%s", a, a.Spec)
	}
	n.recorder.expect(t, "open team-a/web-0/app adjusted")
	// One that could not be opened then, is now.
	sealed := func(r *wrapperapi.Request) {
		r.Spec = []byte(spec(both, sealedBy(seal.Pending), annotated(seal.Sealed)))
	}
	if a := n.bring(wrapperapi.Create, sealed); a.Verdict != wrapperapi.Allowed || string(a.Spec) != spec(one, "", annotated("adjusted")) {
		t.Errorf("%+v\n%s", a, a.Spec)
	}
	n.store.sandboxes[pod().GetId()] = withPort(8080)
	if a := n.bring(wrapperapi.Create, nil); a.Verdict != wrapperapi.Forbidden {
		t.Errorf("%+v", a)
	}
}

// TestJudgeAudit: what only policies in mode audit are for runs, though it
// cannot be judged.
func TestJudgeAudit(t *testing.T) {
	n := with(t, "cri-o", judge.ByWrapper{Program: "/opt/specguard-runtime"}, doc("p", auditing, noPorts))
	if _, err := n.create(pod(), container()); err != nil {
		t.Fatal(err)
	}
	if a := n.bring(wrapperapi.Create, nil); a.Verdict != wrapperapi.Allowed || a.Spec != nil {
		t.Errorf("%+v", a)
	}
	n.recorder.expect(t, `open team-a/web-0/app failed: the host does not show the pod's sandbox "5d1c"`)
	n.policies.use(compile(t, doc("p", auditing, noPorts), doc("q", strip)))
	if a := n.bring(wrapperapi.Create, nil); a.Verdict != wrapperapi.Forbidden {
		t.Errorf("beside a policy in force: %+v", a)
	}
}

// TestJudgeImage selects by what containerd's annotation says of the image where
// NRI does not, and believes only containerd 1.7's to be the image's own name.
func TestJudgeImage(t *testing.T) {
	const (
		unseen  = `images: the image is not known on this node, only the name that was asked for: give the agent containerd's socket, or use containerd 2.4 or later`
		allowed = "rules: {images: {allowed: [\"quay.io/**\"]}}"
		pinned  = "rules: {images: {requireDigest: true}}"
	)
	asked := "quay.io/app@sha256:" + strings.Repeat("0", 64)
	for name, c := range map[string]struct {
		version, doc, shown string // shown by NRI
		want                string // a part of the message; "" for allowed
	}{
		"selected":                   {"v2.2.0", `match: {images: ["quay.io/**"]}` + "\n  " + refuse, "", "NET_ADMIN"},
		"not selected":               {"v2.2.0", `match: {images: ["docker.io/**"]}` + "\n  " + refuse, "", ""},
		"selected, 1.7":              {"1.7.24~ds1", `match: {images: ["quay.io/**"]}` + "\n  " + refuse, "", "NET_ADMIN"},
		"not selected, 1.7":          {"v1.7.35", `match: {images: ["docker.io/**"]}` + "\n  " + refuse, "", ""},
		"allowed by a claim":         {"v2.2.0", allowed, "", unseen},
		"no version":                 {"", allowed, "", unseen},
		"another version":            {"v10.1.0", allowed, "", unseen},
		"allowed, 1.7":               {"v1.7.35", allowed, "", ""},
		"allowed, shown":             {"v2.4.0", allowed, "quay.io/app:1", ""},
		"not allowed, shown":         {"v2.4.0", allowed, "docker.io/app:1", "image docker.io/app:1 not allowed (allowed: quay.io/**)"},
		"asked for by digest":        {"v2.2.0", pinned, "", ""},
		"asked for by digest, 1.7":   {"v1.7.35", pinned, "", ""},
		"asked for by digest, shown": {"v2.4.0", pinned, "docker.io/app:1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			n := with(t, "containerd", judge.ByWrapper{Program: "/opt/specguard-runtime"}, doc("p", c.doc))
			n.version(c.version)
			ctr := container()
			ctr.Annotations = map[string]string{imageNameAnnotation: asked}
			if c.shown != "" {
				ctr.Image = &api.Image{Name: c.shown}
			}
			if _, err := n.create(pod(), ctr); err != nil {
				if c.want == "" || !strings.Contains(err.Error(), c.want) {
					t.Errorf("denied at creation: %v", err)
				}
				return
			}
			named := `"annotations":{"` + imageNameAnnotation + `":"` + asked + `"},`
			a := n.bring(wrapperapi.Create, func(r *wrapperapi.Request) { r.Spec = []byte(spec(both, "", named)) })
			if (a.Verdict == wrapperapi.Allowed) != (c.want == "") || !strings.Contains(a.Message, c.want) {
				t.Errorf("%+v", a)
			}
		})
	}
}

// TestShown forgets what will not be asked about.
func TestShown(t *testing.T) {
	n := with(t, "cri-o", judge.ByWrapper{Program: "/opt/specguard-runtime"}, doc("p", "rules: {hostNamespaces: {}}"))
	known := func(id string) bool {
		return n.bring(wrapperapi.Create, func(r *wrapperapi.Request) { r.ID = id }).Verdict != wrapperapi.Unknown
	}
	denied, ctr := pod(), container()
	denied.Linux.Namespaces, ctr.Id = nil, "d3"
	if _, err := n.create(denied, ctr); err == nil {
		t.Fatal("it is not denied")
	}
	if known("d3") {
		t.Error("a denied container is remembered")
	}
	if _, err := n.create(pod(), container()); err != nil {
		t.Fatal(err)
	}
	if !known(container().GetId()) {
		t.Error("one that was created is not remembered")
	}
	other := container()
	other.Id = "77ab"
	all, _ := n.plugin.listed([]*api.PodSandbox{pod()}, []*api.Container{other})
	n.plugin.judge.Listed(all)
	if !known("77ab") {
		t.Error("one that the runtime lists is not remembered")
	}
	if known(container().GetId()) {
		t.Error("one that the runtime no longer lists is remembered")
	}
}
