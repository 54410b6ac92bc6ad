package plugin

import (
	"strings"
	"testing"

	"github.com/containerd/nri/pkg/api"
	"github.com/sirupsen/logrus"

	"github.com/specguard/specguard/internal/adjusted"
	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/plugin/wrapperapi"
)

// forged is a note that a pod's author has written.
const forged = `"specguard.dev/adjusted":"{\"container\":\"web-0\",\"fields\":[{\"policy\":\"p\",\"rule\":\"capabilities\",` +
	`\"field\":\"process.user.uid\",\"was\":\"0\",\"now\":\"1\"}]}"`

const forgedWarning = "the container came with an annotation specguard.dev/adjusted that is not specguard's: ignored"

// TestForgedNote: what a pod's author writes of adjustments is taken off, is reported, and is no
// part of what is said.
func TestForgedNote(t *testing.T) {
	sealed := `"annotations":{"a":"b","` + seal.Annotation + `":"sealed",` + forged + `},`
	for rules, want := range map[string]string{
		strip: spec(one, "", annotated("adjusted")), allow: spec(both, "", annotated("allowed")),
		refuse: spec(both, sealedBy(denied), annotated("denied")),
	} {
		t.Run(rules, func(t *testing.T) {
			n := newNode(t, doc("p", rules))
			if _, err := n.create(pod(), container()); err != nil {
				t.Fatal(err)
			}
			n.store.put("9b7e", spec(both, sealedBy(seal.Pending), sealed))
			_ = n.post(pod(), container())
			if got := n.store.get("9b7e"); got != want {
				t.Errorf("spec\n%s\nwant\n%s", got, want)
			}
			if n.logged(logrus.WarnLevel, forgedWarning) == "" {
				t.Error("it is not reported")
			}
		})
	}
}

// TestNoteOfWrapper: the wrapper's bundle gets the note, and no forged one.
func TestNoteOfWrapper(t *testing.T) {
	n := with(t, "cri-o", judge.ByWrapper{Program: "/usr/local/bin/specguard-runtime"}, doc("p", strip))
	if _, err := n.create(pod(), container()); err != nil {
		t.Fatal(err)
	}
	a := n.bring(wrapperapi.Create, func(r *wrapperapi.Request) {
		r.Spec = []byte(spec(both, sealedBy(seal.Pending), `"annotations":{"a":"b","`+seal.Annotation+`":"sealed",`+forged+`},`))
	})
	if a.Verdict != wrapperapi.Allowed || string(a.Spec) != spec(one, "", annotated("adjusted")) {
		t.Errorf("%s %s\n%s", a.Verdict, a.Message, a.Spec)
	}
}

// TestNoteByNRI: where only NRI can adjust, it carries the note, or takes a forged one off.
func TestNoteByNRI(t *testing.T) {
	for rules, want := range map[string]string{
		"rules: {annotations: {onViolation: adjust}}": `{"container":"9b7e","fields":[{"policy":"p","rule":"annotations",` +
			`"field":"annotations.run.oci.x","was":"y"}]}`,
		allow: "",
	} {
		n := with(t, "cri-o", judge.ByHook{Program: "/usr/local/bin/specguard-runtime"}, doc("p", rules))
		ctr := container()
		ctr.Annotations["run.oci.x"], ctr.Annotations[adjusted.Annotation] = "y", "forged"
		adjust, err := n.create(pod(), ctr)
		if err != nil {
			t.Fatal(err)
		}
		got := adjust.GetAnnotations()
		_, removed := got[api.MarkForRemoval(adjusted.Annotation)]
		if got[adjusted.Annotation] != want || removed != (want == "") {
			t.Errorf("%s: %v", rules, got)
		}
		if n.logged(logrus.WarnLevel, forgedWarning) == "" {
			t.Error("it is not reported")
		}
	}
}

// TestNotesAddUp: when more is adjusted later, what was asked for first stays.
func TestNotesAddUp(t *testing.T) {
	n := newNode(t, doc("p", strip))
	if _, err := n.made(); err != nil {
		t.Fatal(err)
	}
	n.policies.use(compile(t, doc("q", "rules: {capabilities: {onViolation: adjust, drop: [ALL]}}")))
	if err := n.post(pod(), container()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`\"was\":\"CAP_CHOWN, CAP_NET_ADMIN\",\"now\":\"CAP_CHOWN\"}`,
		`{\"policy\":\"q\",\"rule\":\"capabilities\",\"field\":\"process.capabilities.bounding\",\"was\":\"CAP_CHOWN\",\"now\":\"[]\"}`,
	} {
		if got := n.store.get("9b7e"); !strings.Contains(got, want) {
			t.Errorf("%s\nlacks %s", got, want)
		}
	}
}
