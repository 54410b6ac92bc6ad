package policy

import (
	"slices"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

func TestHostNamespaces(t *testing.T) {
	// Where a pod has the host's network, a spec still shows a path.
	hostNetwork := func(s *Subject) { s.Pod.LinuxNamespaces = []string{"pid", "ipc", "uts", "mount"} }
	without := func(ns specs.LinuxNamespaceType) func(*Subject) {
		return func(s *Subject) { withoutNamespace(ns)(s.Spec) }
	}
	join := func(ns specs.LinuxNamespaceType, path string) func(*Subject) {
		return func(s *Subject) {
			s.Spec.Linux.Namespaces = append(s.Spec.Linux.Namespaces, specs.LinuxNamespace{Type: ns, Path: path})
		}
	}
	known := func(s *Subject) {
		s.Pod.LinuxNamespacePaths = map[string][]string{
			"ipc": {"/proc/812/ns/ipc"}, "uts": {"/proc/812/ns/uts"}, "user": {"/proc/812/ns/user"}, "network": {"/var/run/netns/cni-1", "/proc/812/ns/net"},
		}
	}
	foreign := func(types string) string { return "hostNamespaces: namespaces " + types + " are not the pod's" }
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
		{"spec without uts", "{allow: [network]}", without(specs.UTSNamespace), []string{"hostNamespaces: host namespaces uts not allowed (allowed: network)"}},
		{"spec without uts, allowed", "{allow: [uts]}", without(specs.UTSNamespace), nil},
		{"pod on the host's network and name", "{allow: [network]}", func(s *Subject) { s.Pod.LinuxNamespaces = []string{"pid", "ipc", "mount"} }, nil},
		{"spec without cgroup, time and user", "{}", without(specs.CgroupNamespace), nil},
		{"spec without mount", "{allow: [network]}", without(specs.MountNamespace), []string{"hostNamespaces: no mount namespace of its own"}},
		{"the pod's by containerd", "{}", func(s *Subject) { known(s); join(specs.UserNamespace, "/proc/812/ns/user")(s) }, nil},
		{"the pod's by CRI-O", "{}", func(s *Subject) {
			s.Pod.LinuxNamespacePaths = map[string][]string{"ipc": {"/proc/812/ns/ipc"}, "user": {"/var/run/userns/a"}}
			join(specs.UserNamespace, "/var/run/userns/a")(s)
		}, nil},
		{"the host's user namespace", "{}", func(s *Subject) { known(s); join(specs.UserNamespace, "/proc/1/ns/user")(s) }, []string{foreign("user")}},
		{"the host's pid and network by their paths, others not known", "{}", func(s *Subject) {
			withoutNamespace(specs.PIDNamespace)(s.Spec)
			join(specs.PIDNamespace, "/proc/1/ns/pid")(s)
			withoutNamespace(specs.NetworkNamespace)(s.Spec)
			join(specs.NetworkNamespace, "/proc//1/task/1/ns/net")(s)
		}, []string{foreign("pid, network")}},
		{"the name of another pod", "{}", func(s *Subject) { known(s); join(specs.UTSNamespace, "/proc/7/ns/uts")(s) }, []string{foreign("uts")}},
		{"one of two", "{}", func(s *Subject) { known(s); join(specs.NetworkNamespace, "/proc/7/ns/net")(s) }, []string{foreign("network")}},
		{"paths not known", "{}", join(specs.UserNamespace, "/proc/4242/ns/user"), nil},
		{"mount, cgroup and time of others", "{}", func(s *Subject) {
			join(specs.MountNamespace, "/proc/812/ns/mnt")(s)
			join(specs.CgroupNamespace, "/proc/812/ns/cgroup")(s)
			join(specs.TimeNamespace, "/proc/812/ns/time")(s)
		}, []string{foreign("mount, cgroup, time")}},
		{"pid of another container", "{}", func(s *Subject) {
			known(s)
			withoutNamespace(specs.PIDNamespace)(s.Spec)
			join(specs.PIDNamespace, "/proc/900/ns/pid")(s)
		}, nil},
		{"pod not known", "{}", func(s *Subject) { s.Pod.LinuxNamespaces = nil }, nil},
		{"pod has none", "{}", func(s *Subject) { s.Pod.LinuxNamespaces = []string{} }, []string{"hostNamespaces: host namespaces network, pid, ipc not allowed (allowed: none)"}},
		{"no linux part", "{}", func(s *Subject) { s.Spec.Linux = nil }, []string{"hostNamespaces: host namespaces network, pid, ipc not allowed (allowed: none)", "hostNamespaces: no mount namespace of its own"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sub := subject(newSpec())
			tt.edit(&sub)
			set := compileDocs(t, policyDoc("test", "hostNamespaces: "+tt.rule))
			for _, visible := range []Visibility{Partial, Complete} {
				if got := findings(set.Evaluate(sub, visible)); !slices.Equal(got, tt.want) {
					t.Errorf("visible %v: %q, want %q", visible, got, tt.want)
				}
			}
		})
	}
}

func TestHostNamespacesLoad(t *testing.T) {
	for rule, want := range map[string]string{
		"{allow: [user]}":       `0.yaml:6:30: spec.rules.hostNamespaces.allow[0]: "user" is not one of network, pid, ipc, uts`,
		"{onViolation: adjust}": "0.yaml:6:35: spec.rules.hostNamespaces.onViolation: this rule cannot adjust (allowed: reject, audit, ignore)",
	} {
		if got := loadError("hostNamespaces: " + rule); got != want {
			t.Errorf("%s:\n got %s\nwant %s", rule, got, want)
		}
	}
}
