package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// defaultCaps are the capabilities that containerd and CRI give a container
// that asks for nothing.
func defaultCaps() []string {
	return []string{
		"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
		"CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
	}
}

// option edits a spec under test.
type option func(*specs.Spec)

// newSpec is the spec that containerd 2.x makes for an unprivileged container
// whose pod asks for nothing, with edits.
func newSpec(opts ...option) *specs.Spec {
	s := &specs.Spec{
		Version: "1.2.1",
		Process: &specs.Process{
			Args:        []string{"/bin/sh"},
			Cwd:         "/",
			OOMScoreAdj: new(1000),
			Env:         []string{"PATH=/usr/bin:/bin", "TOKEN=not-to-be-printed"},
			User:        specs.User{AdditionalGids: []uint32{0, 10}},
			Capabilities: &specs.LinuxCapabilities{
				Bounding: defaultCaps(), Effective: defaultCaps(), Permitted: defaultCaps(),
			},
		},
		Root:     &specs.Root{Path: "rootfs"},
		Hostname: "web-0",
		Mounts: []specs.Mount{
			{Destination: "/proc", Type: "proc", Source: "proc", Options: []string{"nosuid", "noexec", "nodev"}},
			{Destination: "/dev", Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "strictatime", "mode=755", "size=65536k"}},
			{Destination: "/dev/pts", Type: "devpts", Source: "devpts", Options: []string{"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
			{Destination: "/dev/mqueue", Type: "mqueue", Source: "mqueue", Options: []string{"nosuid", "noexec", "nodev"}},
			{Destination: "/sys", Type: "sysfs", Source: "sysfs", Options: []string{"nosuid", "noexec", "nodev", "ro"}},
			{Destination: "/sys/fs/cgroup", Type: "cgroup", Source: "cgroup", Options: []string{"nosuid", "noexec", "nodev", "relatime", "ro"}},
			bind("/etc/hosts", "/var/lib/kubelet/pods/3f2a/etc-hosts", "rbind", "rprivate", "rw"),
			bind("/dev/termination-log", "/var/lib/kubelet/pods/3f2a/containers/app/0", "rbind", "rprivate", "rw"),
			bind("/etc/hostname", "/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/5d1c/hostname", "rbind", "rprivate", "rw"),
			bind("/etc/resolv.conf", "/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/5d1c/resolv.conf", "rbind", "rprivate", "rw"),
			bind("/dev/shm", "/run/containerd/io.containerd.grpc.v1.cri/sandboxes/5d1c/shm", "rbind", "rprivate", "rw"),
			bind("/var/run/secrets/kubernetes.io/serviceaccount", "/var/lib/kubelet/pods/3f2a/volumes/kubernetes.io~projected/kube-api-access-x", "rbind", "rprivate", "ro"),
		},
		Linux: &specs.Linux{
			CgroupsPath: "/kubepods/besteffort/pod3f2a/5d1c",
			Resources: &specs.LinuxResources{
				Devices: []specs.LinuxDeviceCgroup{{Allow: false, Access: "rwm"}},
				CPU:     &specs.LinuxCPU{Shares: new(uint64(2)), Period: new(uint64(100000))},
				Memory:  &specs.LinuxMemory{},
			},
			Namespaces: []specs.LinuxNamespace{
				{Type: specs.PIDNamespace},
				{Type: specs.IPCNamespace, Path: "/proc/812/ns/ipc"},
				{Type: specs.UTSNamespace, Path: "/proc/812/ns/uts"},
				{Type: specs.MountNamespace},
				{Type: specs.NetworkNamespace, Path: "/var/run/netns/cni-1"},
				{Type: specs.CgroupNamespace},
			},
			MaskedPaths: []string{
				"/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
				"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
				"/sys/devices/virtual/powercap", "/sys/devices/system/cpu/cpu0/thermal_throttle",
			},
			ReadonlyPaths: []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"},
		},
	}
	for _, o := range opts {
		o(s)
	}
	return s
}

func bind(destination, source string, options ...string) specs.Mount {
	return specs.Mount{Destination: destination, Type: "bind", Source: source, Options: options}
}

// withCaps puts capabilities into the bounding, effective and permitted sets
// on top of what is there.
func withCaps(names ...string) option {
	return func(s *specs.Spec) {
		c := s.Process.Capabilities
		for _, set := range []*[]string{&c.Bounding, &c.Effective, &c.Permitted} {
			*set = append(*set, names...)
		}
	}
}

func withUser(uid, gid uint32, additional ...uint32) option {
	return func(s *specs.Spec) {
		s.Process.User = specs.User{UID: uid, GID: gid, AdditionalGids: additional}
	}
}

func withMount(m specs.Mount) option {
	return func(s *specs.Spec) { s.Mounts = append(s.Mounts, m) }
}

func withoutNamespace(ns specs.LinuxNamespaceType) option {
	return func(s *specs.Spec) {
		s.Linux.Namespaces = slices.DeleteFunc(s.Linux.Namespaces, func(n specs.LinuxNamespace) bool { return n.Type == ns })
	}
}

// subject is a container of an ordinary pod that has all namespaces of its
// own.
func subject(spec *specs.Spec) Subject {
	return Subject{
		Pod: Pod{
			Name: "web-0", Namespace: "team-a", UID: "3f2a", ID: "5d1c", Labels: map[string]string{"tier": "web"},
			LinuxNamespaces: []string{"pid", "ipc", "uts", "mount", "network"},
		},
		Container: Container{Name: "app", ID: "9b7e", Image: "registry.example.com/team/web:1"},
		Spec:      spec,
	}
}

// policyDoc is a policy document with those rules, one "name: {...}" each.
func policyDoc(name string, rules ...string) string {
	doc := fmt.Sprintf("apiVersion: %s\nkind: Policy\nmetadata: {name: %s}\nspec:\n  rules:\n", APIVersion, name)
	return doc + "    " + strings.Join(rules, "\n    ") + "\n"
}

// compileDocs compiles policy documents and fails the test on an error.
func compileDocs(t testing.TB, docs ...string) *Set {
	t.Helper()
	set, err := Compile(sources(docs...)...)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func sources(docs ...string) []Source {
	out := make([]Source, len(docs))
	for i, d := range docs {
		out[i] = Source{Name: fmt.Sprintf("%d.yaml", i), Data: []byte(d)}
	}
	return out
}

// decide judges a spec by one policy with those rules.
func decide(t testing.TB, spec *specs.Spec, rules ...string) *Decision {
	t.Helper()
	return compileDocs(t, policyDoc("test", rules...)).Evaluate(subject(spec), Complete)
}

// findings are the denials of a decision in words, without the policy.
func findings(d *Decision) []string {
	var out []string
	for _, v := range d.Violations {
		out = append(out, v.Rule+": "+v.String())
	}
	return out
}

// changes are the adjustments of a decision in words.
func changes(d *Decision) []string {
	var out []string
	for _, a := range d.Adjustments {
		out = append(out, a.Rule+": "+a.Change)
	}
	return out
}

// loadError compiles one policy with those rules and returns the error's text;
// "" for none.
func loadError(rules ...string) string {
	if _, err := Compile(sources(policyDoc("test", rules...))...); err != nil {
		return err.Error()
	}
	return ""
}
