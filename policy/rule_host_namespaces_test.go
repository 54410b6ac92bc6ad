package policy

import (
	"slices"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

func TestHostNamespaces(t *testing.T) {
	// Where a pod has the host's network, a spec still shows a path.
	hostNetwork := func(s *Subject) { s.Pod.Namespaces = []string{"pid", "ipc", "uts", "mount"} }
	without := func(ns specs.LinuxNamespaceType) func(*Subject) {
		return func(s *Subject) { withoutNamespace(ns)(s.Spec) }
	}
	for _, tt := range []struct {
		name string
		rule string
		edit func(*Subject)
		want []string
	}{
		{"own namespaces", "{}", func(*Subject) {}, nil},
		{"pod on the host's network", "{}", hostNetwork, []string{"hostNamespaces: host namespaces network not allowed (allowed: none)"}},
		{"pod on the host's network, allowed", "{allow: [network]}", hostNetwork, nil},
		{"spec without pid", "{}", without(specs.PIDNamespace), []string{"hostNamespaces: host namespaces pid not allowed (allowed: none)"}},
		{"spec without ipc, another allowed", "{allow: [pid]}", without(specs.IPCNamespace), []string{"hostNamespaces: host namespaces ipc not allowed (allowed: pid)"}},
		{"uts is nobody's business", "{}", without(specs.UTSNamespace), nil},
		{"pod not known", "{}", func(s *Subject) { s.Pod.Namespaces = nil }, nil},
		{"pod has none", "{}", func(s *Subject) { s.Pod.Namespaces = []string{} }, []string{"hostNamespaces: host namespaces network, pid, ipc not allowed (allowed: none)"}},
		{"no linux part", "{}", func(s *Subject) { s.Spec.Linux = nil }, []string{"hostNamespaces: host namespaces network, pid, ipc not allowed (allowed: none)"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sub := subject(newSpec())
			tt.edit(&sub)
			set := compileDocs(t, policyDoc("test", "hostNamespaces: "+tt.rule))
			for _, phase := range []Phase{Early, Final} {
				if got := findings(set.Evaluate(sub, phase)); !slices.Equal(got, tt.want) {
					t.Errorf("phase %v: %q, want %q", phase, got, tt.want)
				}
			}
		})
	}
}

func TestHostNamespacesLoad(t *testing.T) {
	for rule, want := range map[string]string{
		"{allow: [user]}":       `0.yaml:6:30: spec.rules.hostNamespaces.allow[0]: "user" is not one of network, pid, ipc`,
		"{onViolation: adjust}": "0.yaml:6:35: spec.rules.hostNamespaces.onViolation: this rule cannot adjust (allowed: reject, audit, ignore)",
	} {
		if got := loadError("hostNamespaces: " + rule); got != want {
			t.Errorf("%s:\n got %s\nwant %s", rule, got, want)
		}
	}
}
