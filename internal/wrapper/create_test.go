package wrapper

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/plugin/wrapperapi"
)

// TestPassThrough becomes the real runtime at once, whoever answers.
func TestPassThrough(t *testing.T) {
	h := newHost(t)
	h.ran("start 9b7e", "--root", "/r", "start", "9b7e")
	h.ran("kill 9b7e KILL", "kill", "9b7e", "KILL")
	h.ran("features", "features")
	h.config = "unknown: x\n"
	h.refused("specguard: "+h.path("runtime.yaml")+":3:1: unknown field", h.create()...)
	h.refused("specguard: "+h.path("runtime.yaml")+":3:1: unknown field", "exec", containerID, "sh")
}

// TestCreate writes what may run, with every byte, and the file's mode.
func TestCreate(t *testing.T) {
	h := newHost(t)
	var asked []wrapperapi.Request
	after := "{\"b\": \"<&>\xff\", \"process\":null }"
	answer := wrapperapi.Answer{Verdict: wrapperapi.Allowed, Spec: []byte(after)}
	h.agent(func(r wrapperapi.Request) wrapperapi.Answer {
		asked = append(asked, r)
		return answer
	})
	h.ran(h.created(), h.create()...)
	info, err := os.Stat(h.path("9b7e/config.json"))
	if got := h.read("9b7e/config.json"); got != after || err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("config.json %q, %v, error %v", got, info, err)
	}
	before := specOf("")
	h.bundle(containerID, before)
	answer.Spec = nil
	h.ran(h.created(), h.create()...)
	if got := h.read("9b7e/config.json"); got != before {
		t.Errorf("config.json %q", got)
	}
	want := wrapperapi.Request{Version: 1, Kind: wrapperapi.Create, ID: containerID, Spec: []byte(before)}
	if len(asked) != 2 || !reflect.DeepEqual(asked[0], want) || !reflect.DeepEqual(asked[1], want) {
		t.Errorf("asked %+v", asked)
	}
	entries, err := os.ReadDir(h.path(containerID))
	if err != nil || len(entries) != 1 {
		t.Errorf("left in the bundle: %v, %v", entries, err)
	}
}

// TestCreateShowsSandbox brings what the host has of the pod.
func TestCreateShowsSandbox(t *testing.T) {
	h := newHost(t)
	h.bundle(containerID, specOf(inPod("team-a")))
	h.bundle("5d1c", `{"linux":{}}`)
	var asked wrapperapi.Request
	h.agent(func(r wrapperapi.Request) wrapperapi.Answer {
		asked = r
		return wrapperapi.Answer{Verdict: wrapperapi.Allowed}
	})
	h.ran(h.created(), h.create()...)
	if want := (&wrapperapi.Sandbox{ID: "5d1c", Spec: []byte(`{"linux":{}}`), PortMappings: []byte("[]")}); !reflect.DeepEqual(asked.Sandbox, want) {
		t.Errorf("sandbox %+v", asked.Sandbox)
	}
	// A sandbox itself passes, asked or not.
	h.bundle("5d1c", `{"annotations":{"io.kubernetes.cri.container-type":"sandbox","io.kubernetes.cri.sandbox-id":"5d1c"}}`)
	asked = wrapperapi.Request{}
	h.ran("create --bundle "+h.path("5d1c")+" 5d1c", "create", "--bundle", h.path("5d1c"), "5d1c")
	if asked.ID != "" {
		t.Errorf("asked %+v", asked)
	}
}

// TestCreateRefuses starts nothing that is denied.
func TestCreateRefuses(t *testing.T) {
	h := newHost(t)
	before := h.read("9b7e/config.json")
	h.agent(answering(wrapperapi.Answer{Verdict: wrapperapi.Forbidden, Message: "specguard: denied by policy \"p\":\nwhy"}))
	h.refused(`specguard: denied by policy "p": why`, h.create()...)
	h.refused(`specguard: denied by policy "p": why`, "run", "-b", h.path(containerID), containerID)
	log := h.path("log.json")
	h.refused(`specguard: denied`, append([]string{"--log", log, "--log-format", "json"}, h.create()...)...)
	if got := h.read("log.json"); !strings.HasPrefix(got, `{"level":"error","msg":"specguard: denied by policy \"p\": why","time":"`) {
		t.Errorf("log %q", got)
	}
	h.refused("specguard: denied", append([]string{"--log=" + h.path("log.text")}, h.create()...)...)
	if got := h.read("log.text"); !strings.Contains(got, `level=error msg="specguard: denied by policy \"p\": why"`) {
		t.Errorf("log %q", got)
	}
	if got := h.read("9b7e/config.json"); got != before {
		t.Errorf("config.json %q", got)
	}
	h.refused("specguard: refused: a restored checkpoint cannot be judged", "restore", "--image-path", "/i", containerID)
	h.refused("specguard: open the bundle: ", "create", "--bundle", h.path("none"), containerID)
	h.bundle(containerID, "{")
	h.refused("specguard: decode OCI spec: ", h.create()...)
	if err := os.Remove(h.path("9b7e/config.json")); err != nil {
		t.Fatal(err)
	}
	h.refused("specguard: read the bundle's config.json: ", h.create()...)
	h.write("elsewhere", specOf(""))
	if err := os.Symlink(h.path("elsewhere"), h.path("9b7e/config.json")); err != nil {
		t.Fatal(err)
	}
	h.refused("specguard: read the bundle's config.json: ", h.create()...)
}

// TestNobodyToAsk lets the host's namespaces through and nothing else.
func TestNobodyToAsk(t *testing.T) {
	nobody := "specguard: not judged: the agent cannot be asked: dial unix "
	sealed := `,"hooks":{"createRuntime":[{"path":"` + seal.Path(seal.Pending) + `"}]}`
	half := strings.Replace(sealed, "createRuntime", "createContainer", 1)
	verified := `,"hooks":{"createRuntime":[{"path":"/usr/local/bin/specguard-runtime","args":["specguard-runtime","hook"]}]}`
	for name, c := range map[string]struct {
		spec string
		runs bool
	}{
		"no pod":                {"", false},
		"another namespace":     {inPod("team-a"), false},
		"that passes":           {inPod("kube-system"), true},
		"that passes, sealed":   {inPod("kube-system") + sealed, false},
		"that passes, half":     {inPod("kube-system") + half, false},
		"that passes, verified": {inPod("kube-system") + verified, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.config = "pass: {namespaces: [kube-system]}\ntimeout: 500ms\n"
			h.bundle(containerID, specOf(c.spec))
			expect := func(message string) {
				if c.runs {
					h.ran(h.created(), h.create()...)
				} else {
					h.refused(message, h.create()...)
				}
			}
			expect(nobody)
			h.agent(answering(wrapperapi.Answer{Verdict: wrapperapi.Unknown, Message: "never seen"}))
			expect("specguard: never seen")
			h.config = "timeout: 500ms\n"
			h.refused("specguard: never seen", h.create()...)
		})
	}
	h := newHost(t)
	h.config = "pass: {namespaces: [kube-system]}\n"
	h.bundle(containerID, specOf(inPod("kube-system")))
	h.agent(answering(wrapperapi.Forbid("no")))
	h.refused("specguard: no", h.create()...)
}

// TestSlowAgent does not wait for ever.
func TestSlowAgent(t *testing.T) {
	h := newHost(t)
	h.config = "timeout: 200ms\n"
	h.agent(func(wrapperapi.Request) wrapperapi.Answer {
		time.Sleep(time.Second)
		return wrapperapi.Answer{Verdict: wrapperapi.Allowed}
	})
	h.refused("specguard: not judged: the agent cannot be asked: "+h.path("run/s")+": no answer in 200ms", h.create()...)
}

// TestSwapped changes the bundle while it is judged.
func TestSwapped(t *testing.T) {
	evil := specOf(`,"evil":true`)
	for name, swap := range map[string]func(*host) error{
		"rewritten":   func(h *host) error { return os.WriteFile(h.path("9b7e/config.json"), []byte(evil), 0o600) },
		"replaced":    func(h *host) error { return replace(h.path("9b7e/config.json"), evil) },
		"same text":   func(h *host) error { return replace(h.path("9b7e/config.json"), specOf("")) },
		"removed":     func(h *host) error { return os.Remove(h.path("9b7e/config.json")) },
		"folder gone": func(h *host) error { return os.RemoveAll(h.path(containerID)) },
		"another folder": func(h *host) error {
			if err := os.Rename(h.path(containerID), h.path("old")); err != nil {
				return err
			}
			return os.CopyFS(h.path(containerID), os.DirFS(h.path("old")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, answer := range []wrapperapi.Answer{{Verdict: wrapperapi.Allowed}, {Verdict: wrapperapi.Allowed, Spec: []byte("{}")}} {
				h := newHost(t)
				h.agent(func(wrapperapi.Request) wrapperapi.Answer {
					if err := swap(h); err != nil {
						t.Error(err)
					}
					return answer
				})
				h.refused("specguard: the bundle has changed while it was judged", h.create()...)
			}
		})
	}
}

func replace(path, text string) error {
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// TestUnwritable has a bundle into which nothing can be written.
func TestUnwritable(t *testing.T) {
	b, err := openBundle("/proc/self")
	if err == nil || b != nil {
		t.Errorf("bundle %v", b)
	}
	h := newHost(t)
	h.agent(answering(wrapperapi.Answer{Verdict: wrapperapi.Allowed, Spec: []byte("{}")}))
	// A folder stands where the new file has to be made.
	held, err := openBundle(h.path(containerID))
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	temp := fmt.Sprintf(".%s.specguard-%d", configFile, os.Getpid())
	if err := os.MkdirAll(filepath.Join(h.path(containerID), temp, "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := held.replace([]byte("{}")); err == nil || !strings.HasPrefix(err.Error(), "write the bundle's config.json: ") {
		t.Errorf("error %v", err)
	}
	if got := h.read("9b7e/config.json"); got != specOf("") {
		t.Errorf("config.json %q", got)
	}
}

func TestSandboxOf(t *testing.T) {
	for _, id := range []string{"", "..", "a/b", "*"} {
		if s := sandboxOf("/b/9b7e", "9b7e", id); s != nil {
			t.Errorf("%q: %+v", id, s)
		}
	}
	for path, want := range map[string]string{"/run/9b7e/userdata": "/run/5d1c/userdata", "/run/9b7e": "/run/5d1c", "/run/x": "", "/9b7e/9b7e": ""} {
		if got, ok := sibling(path, "9b7e", "5d1c"); ok != (want != "") || ok && got != want {
			t.Errorf("%s: %q, %v", path, got, ok)
		}
	}
}
