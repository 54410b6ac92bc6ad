package main

import (
	"strings"
	"testing"

	"github.com/specguard/specguard/plugin/judge"
)

// TestHookState: the annotations of a pod with many are no obstacle, and a state
// that is larger than any is refused for that.
func TestHookState(t *testing.T) {
	h := newHost(t)
	h.write("9b7e/rootfs/etc/passwd", "")
	h.agent(func(judge.Request) judge.Answer { return judge.Answer{Verdict: judge.Allow} })
	state := func(size int) string {
		return strings.Replace(h.read("state.json"), "{", `{"annotations":{"a":"`+strings.Repeat("x", size)+`"},`, 1)
	}
	if said, err := h.wrapper(state(3<<20), "hook"); err != nil {
		t.Errorf("said %.300q, error %v", said, err)
	}
	said, err := h.wrapper(state(17<<20), "hook")
	if err == nil || !strings.Contains(said, "the container's state is larger than 16 MiB: it has too much in annotations") {
		t.Errorf("said %.300q, error %v", said, err)
	}
}
