package plugin

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/containerd/nri/pkg/api"

	"github.com/specguard/specguard/plugin/containerruntime"
	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/ociruntime"
)

// telling is a store that knows what runs pods.
type telling struct {
	*store
	runtime ociruntime.Runtime
	err     error
	asked   int
}

func (s *telling) Runtime(context.Context, string) (ociruntime.Runtime, error) {
	s.asked++
	return s.runtime, s.err
}

// TestHandlers refuses what only a seal would hold where nobody knows that the
// OCI runtime runs seals, and nothing else.
func TestHandlers(t *testing.T) {
	runc := ociruntime.Runtime{Shim: "io.containerd.runc.v2"}
	kata := ociruntime.Runtime{Shim: "io.containerd.kata.v2"}
	spin := ociruntime.Runtime{Shim: "io.containerd.spin.v2"}
	none := ociruntime.Runtime{}
	away := errors.New("containerd does not answer")
	in := func(r ociruntime.Runtime, err error) judge.Opener {
		return judge.InStore{Specs: &telling{runtime: r, err: err, store: &store{specs: map[string]string{}}}}
	}
	hook := judge.ByHook{Program: "/opt/specguard-runtime"}
	for name, c := range map[string]struct {
		handler    string
		opener     judge.Opener
		configured *ociruntime.Runtime // nil: not seen
		tested     []string
		doc        string
		refused    string // why; "" where it is not
	}{
		"runc":                              {"", in(runc, nil), nil, nil, "", ""},
		"Kata":                              {"kata", in(kata, nil), nil, nil, "", ""},
		"another shim":                      {"spin", in(spin, nil), nil, nil, "", "it is io.containerd.spin.v2"},
		"another shim, as default":          {"", in(spin, nil), nil, nil, "", "it is io.containerd.spin.v2"},
		"another shim, tested":              {"spin", in(spin, nil), nil, []string{"spin"}, "", ""},
		"another shim, no policy":           {"spin", in(spin, nil), nil, nil, elsewhere, ""},
		"another shim, audit":               {"spin", in(spin, nil), nil, nil, auditing, ""},
		"the store does not answer":         {"", in(none, away), nil, nil, "", ""},
		"nor for another":                   {"spin", in(none, away), nil, nil, "", "containerd does not answer"},
		"the store over the configuration":  {"x", in(spin, nil), &runc, nil, "", "it is io.containerd.spin.v2"},
		"the configuration, for lack of it": {"x", in(none, away), &runc, nil, "", ""},
		"configured":                        {"x", hook, &ociruntime.Runtime{Program: "/usr/bin/crun"}, nil, "", ""},
		"configured, another":               {"x", hook, &ociruntime.Runtime{Program: "/opt/other"}, nil, "", "it is /opt/other"},
		"configured, another as runc":       {"runc", hook, &ociruntime.Runtime{Program: "/opt/other"}, nil, "", "it is /opt/other"},
		"Kata runs no hook that verifies":   {"kata", hook, &kata, nil, "", "it is io.containerd.kata.v2"},
		"nothing is seen":                   {"", hook, nil, nil, "", ""},
		"nothing is seen, runc":             {"runc", hook, nil, nil, "", ""},
		"nothing is seen, crun":             {"crun", hook, nil, nil, "", ""},
		"nothing is seen, another":          {"kata", hook, nil, nil, "", "cannot see the container runtime's store or its configuration"},
	} {
		t.Run(name, func(t *testing.T) {
			n := offline(t, doc("p", c.doc, allow))
			n.plugin.conn.configured(containerruntime.Runtime{Name: containerruntime.Containerd}, c.opener)
			n.plugin.judge.Handlers.Tested = c.tested
			if c.configured != nil {
				n.plugin.judge.Handlers.Configured = func(runtime, handler string) (ociruntime.Runtime, error) {
					if runtime != containerruntime.Containerd || handler != c.handler {
						t.Errorf("asked for %s %s", runtime, handler)
					}
					return *c.configured, nil
				}
			}
			p := pod()
			p.RuntimeHandler = c.handler
			for range 2 { // found out once
				_, _, err := nriEvents{n.plugin}.CreateContainer(t.Context(), p, container())
				const prefix = "specguard: refused: the OCI runtime of the runtime handler "
				if (err != nil) != (c.refused != "") || err != nil && (!strings.HasPrefix(err.Error(), prefix) || !strings.Contains(err.Error(), c.refused)) {
					t.Errorf("error %v, want %q", err, c.refused)
				}
			}
			if s, ok := c.opener.Store().(*telling); ok && s.asked > 1 {
				t.Errorf("the store was asked %d times", s.asked)
			}
		})
	}
}

// TestHandlersDenied: what NRI shows to be against policy is denied there as
// anywhere.
func TestHandlersDenied(t *testing.T) {
	n := offline(t, doc("p", rejectHostNetwork))
	n.plugin.conn.configured(containerruntime.Runtime{Name: containerruntime.Containerd}, judge.InStore{Specs: &telling{runtime: ociruntime.Runtime{Shim: "io.containerd.spin.v2"}}})
	p := pod()
	p.Linux.Namespaces = nil
	_, _, err := nriEvents{n.plugin}.CreateContainer(t.Context(), p, container())
	if err == nil || !strings.Contains(err.Error(), "specguard: denied by policy") {
		t.Errorf("error %v", err)
	}
}

// TestHandlersUntrusted: containerruntime.Containerd runs a pod by another handler than NRI tells
// where its author says so. What is found out of the one is not about the other.
func TestHandlersUntrusted(t *testing.T) {
	runc, spin := ociruntime.Runtime{Shim: "io.containerd.runc.v2"}, ociruntime.Runtime{Shim: "io.containerd.spin.v2"}
	marked := pod()
	marked.Annotations = map[string]string{"io.kubernetes.cri.untrusted-workload": "true"}
	for name, untrustedFirst := range map[string]bool{"first": true, "second": false} {
		t.Run(name, func(t *testing.T) {
			s := &telling{store: &store{specs: map[string]string{}}}
			n := offline(t, doc("p", allow))
			n.plugin.conn.configured(containerruntime.Runtime{Name: containerruntime.Containerd}, judge.InStore{Specs: s})
			for _, isMarked := range []bool{untrustedFirst, !untrustedFirst} {
				p, want := pod(), ""
				if s.runtime = runc; isMarked {
					p, want, s.runtime = marked, `the runtime handler "untrusted"`, spin
				}
				_, _, err := nriEvents{n.plugin}.CreateContainer(t.Context(), p, container())
				if err == nil != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
					t.Errorf("marked %v: %v", isMarked, err)
				}
			}
		})
	}
	for _, c := range []struct {
		runtime, handler, value, want string
	}{
		{containerruntime.Containerd, "", "true", "untrusted"}, {containerruntime.Containerd, "", "false", ""}, {containerruntime.Containerd, "", "", ""},
		{containerruntime.Containerd, "kata", "true", "kata"}, {containerruntime.Containerd, "untrusted", "true", "untrusted"}, {containerruntime.CRIO, "", "true", ""},
	} {
		p := &api.PodSandbox{RuntimeHandler: c.handler, Annotations: map[string]string{"io.kubernetes.cri.untrusted-workload": c.value}}
		if got := containerOf(containerruntime.Runtime{Name: c.runtime}, p, container()).Pod.RuntimeHandler; got != c.want {
			t.Errorf("%v: %q", c, got)
		}
	}
}

// TestHandlersUnknownForAMoment: that nothing could be found out is not kept,
// whichever way it counted.
func TestHandlersUnknownForAMoment(t *testing.T) {
	for handler, refused := range map[string][2]bool{"": {false, true}, "x": {true, true}} {
		synctest.Test(t, func(t *testing.T) {
			s := &telling{store: &store{specs: map[string]string{}}, err: errors.New("containerd does not answer")}
			n := offline(t, doc("p", allow))
			n.plugin.conn.configured(containerruntime.Runtime{Name: containerruntime.Containerd}, judge.InStore{Specs: s})
			p := pod()
			p.RuntimeHandler = handler
			create := func(want bool) {
				t.Helper()
				if _, _, err := (nriEvents{n.plugin}).CreateContainer(t.Context(), p, container()); err != nil != want {
					t.Errorf("handler %q: %v", handler, err)
				}
			}
			create(refused[0])
			create(refused[0])
			if s.asked != 1 {
				t.Errorf("asked %d times", s.asked)
			}
			s.runtime, s.err = ociruntime.Runtime{Shim: "io.containerd.spin.v2"}, nil
			time.Sleep(5 * time.Second)
			create(refused[1])
			s.runtime = ociruntime.Runtime{Shim: "io.containerd.runc.v2"}
			time.Sleep(time.Hour)
			if create(refused[1]); s.asked != 2 {
				t.Errorf("asked %d times", s.asked)
			}
		})
	}
}
