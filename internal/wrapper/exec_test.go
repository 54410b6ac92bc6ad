package wrapper

import (
	"fmt"
	"strings"
	"testing"

	"github.com/specguard/specguard/plugin/wrapperapi"
)

// TestExec clamps the process in the file, keeps what it does not know, and
// refuses what cannot be clamped.
func TestExec(t *testing.T) {
	h := newHost(t)
	const asked = `{"x":1.0,"user":{"uid":0,"gid":0},"args":["id"],"cwd":"/","env":["SECRET=s","LD_PRELOAD=/x"],"capabilities":{"bounding":["CAP_CHOWN","CAP_KILL"]}}`
	const clamped = `{"x":1.0,"user":{"uid":65532,"gid":65532},"args":["id"],"cwd":"/","env":["SECRET=s"],"capabilities":{"bounding":["CAP_CHOWN"]}}`
	h.write("asked.json", asked)
	if said, err := h.wrapper("", "--root", "/r", "exec", "--process", h.path("asked.json"), containerID); err != nil || said != "" {
		t.Fatalf("said %q, error %v", said, err)
	}
	if got := h.read("process"); got != clamped {
		t.Errorf("executed %s\nwant     %s", got, clamped)
	}
	if called := h.read("called"); !strings.HasPrefix(called, "exec --process /proc/self/fd/") {
		t.Errorf("called %q", called)
	}
	if h.read("asked.json") != asked {
		t.Error("the caller's file was written")
	}
	h.ran("exec -t 9b7e sh", "exec", "-t", containerID, "sh")
	h.refused("specguard: refused: exec --user 0: the container has 65532:65532", "exec", "-u", "0", containerID, "sh")
	h.refused("specguard: read the process: ", "exec", "-p", h.path("none"), containerID)
	h.write("asked.json", `{"user":{"uid":0},"User":{"uid":0}}`)
	h.refused("specguard: patch OCI process: ", "exec", "-p", h.path("asked.json"), containerID)
	h.write("asked.json", asked+asked)
	h.refused("specguard: decode OCI process: ", "exec", "-p", h.path("asked.json"), containerID)
	h.write("asked.json", asked)
	h.bundle(containerID, `{"ociVersion":"1.2.0"}`)
	h.refused("specguard: the container's spec has no process", "exec", "-p", h.path("asked.json"), containerID)
	h.write("state.json", `{"id":"other","bundle":"/b"}`)
	h.refused(`specguard: the OCI runtime does not report the bundle of container "9b7e"`, "exec", "-p", h.path("asked.json"), containerID)
	h.write("runc", "#!/bin/sh\necho 'container does not exist' >&2; exit 1\n")
	h.refused("specguard: ask the OCI runtime for the container's state: container does not exist", "exec", "-p", h.path("asked.json"), containerID)
}

// TestHook passes what the agent allows.
func TestHook(t *testing.T) {
	state := func(h *host) string { return h.read("state.json") }
	h := newHost(t)
	if said, err := h.wrapper(state(h), "hook"); err == nil || !strings.HasPrefix(said, "specguard: the container's root filesystem: ") {
		t.Errorf("said %q, error %v", said, err)
	}
	h.write("9b7e/rootfs/etc/passwd", "")
	said, err := h.wrapper(state(h), "hook")
	if err == nil || !strings.HasPrefix(said, "specguard: not judged: the agent cannot be asked: dial unix ") {
		t.Errorf("said %q, error %v", said, err)
	}
	answer := wrapperapi.Answer{Verdict: wrapperapi.Allowed}
	var asked wrapperapi.Request
	h.agent(func(r wrapperapi.Request) wrapperapi.Answer {
		asked = r
		return answer
	})
	if said, err := h.wrapper(state(h), "hook"); err != nil || said != "" || asked.Kind != wrapperapi.Verify || asked.Root != h.path("9b7e/rootfs") || asked.Mounts != nil {
		t.Errorf("said %q, error %v, asked %+v", said, err, asked)
	}
	h.write("state.json", strings.Replace(state(h), "{", fmt.Sprintf(`{"pid":%d,`, inMountNamespace(t)), 1))
	if said, err := h.wrapper(state(h), "hook"); err != nil || !strings.Contains(string(asked.Mounts), " - proc proc ") {
		t.Errorf("said %q, error %v, asked %+v", said, err, asked)
	}
	for _, a := range []wrapperapi.Answer{wrapperapi.Forbid("specguard: no"), {Verdict: wrapperapi.Unknown, Message: "no"}} {
		answer = a
		if said, err := h.wrapper(state(h), "hook"); err == nil || said != "specguard: no" {
			t.Errorf("said %q, error %v", said, err)
		}
	}
	for stdin, want := range map[string]string{
		"":                               "specguard: read the container's state: EOF",
		"{}":                             "specguard: the container's state names no container or no bundle",
		`{"id":"9b7e"}`:                  "specguard: the container's state names no container or no bundle",
		`{"id":"a","bundle":"/no/such"}`: "specguard: open the bundle: ",
	} {
		if said, err := h.wrapper(stdin, "hook"); err == nil || !strings.HasPrefix(said, want) {
			t.Errorf("%s: said %q, error %v", stdin, said, err)
		}
	}
	if h.read("called") != "" {
		t.Error("the real runtime was called")
	}
	// Any other call of that name is the real runtime's.
	h.ran("hook x", "hook", "x")
}
