package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/sirupsen/logrus"

	"github.com/specguard/specguard/plugin/containerruntime"
	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/policy"
)

const benchRules = `rules:
    capabilities: {onViolation: adjust, drop: [ALL], allow: [NET_BIND_SERVICE]}
    allowPrivilegeEscalation: {onViolation: adjust}
    readOnlyRootFilesystem: {onViolation: adjust}
    runAsNonRoot: {onViolation: adjust, runAsUser: 65532, runAsGroup: 65532}
    hostNamespaces: {onViolation: reject}`

// unrecorded is a recorder that does nothing.
type unrecorded struct{ judge.Recorder }

func (unrecorded) Decided(judge.Record) {}

// fixed is a store that always holds the same spec.
type fixed []byte

func (s fixed) Get(context.Context, string) (judge.Stored, error) {
	return judge.Stored{Spec: s, Image: "app"}, nil
}
func (s fixed) Put(context.Context, string, []byte) error { return nil }
func (s fixed) Sandbox(context.Context, string) (*policy.Sandbox, error) {
	return &policy.Sandbox{}, nil
}

func benchPlugin(b *testing.B, docs ...string) *Plugin {
	log := logrus.New()
	log.SetOutput(io.Discard)
	p := &policies{}
	p.use(compile(b, docs...))
	store := fixed(benchSpec(b))
	out := New(&judge.Judge{Policies: p, Recorder: unrecorded{}, Log: log}, inStore(store))
	out.conn.configured(containerruntime.Runtime{Name: "containerd"}, judge.InStore{Specs: store})
	return out
}

// benchSpec is a spec of the size that containerd makes for a pod's container.
func benchSpec(b *testing.B) []byte {
	caps := []string{
		"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
		"CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
	}
	s := &specs.Spec{
		Version: specs.Version, Root: &specs.Root{Path: "rootfs"}, Annotations: map[string]string{seal.Annotation: seal.Sealed},
		Process: &specs.Process{
			Args: []string{"app"}, Cwd: "/",
			Capabilities: &specs.LinuxCapabilities{Bounding: caps, Effective: caps, Permitted: caps},
		},
		Linux: &specs.Linux{
			Resources:     &specs.LinuxResources{Devices: []specs.LinuxDeviceCgroup{{Access: "rwm"}}},
			ReadonlyPaths: []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"},
		},
	}
	for i := range 30 {
		s.Process.Env = append(s.Process.Env, fmt.Sprintf("SERVICE_%d_HOST=10.0.0.%d", i, i))
	}
	for i := range 15 {
		s.Mounts = append(s.Mounts, specs.Mount{
			Destination: fmt.Sprintf("/mnt/%d", i), Type: "bind", Source: fmt.Sprintf("/var/lib/kubelet/pods/3f2a/volumes/%d", i),
			Options: []string{"rbind", "rprivate", "ro"},
		})
	}
	for _, t := range []specs.LinuxNamespaceType{"pid", "ipc", "uts", "mount", "network", "cgroup"} {
		s.Linux.Namespaces = append(s.Linux.Namespaces, specs.LinuxNamespace{Type: t})
	}
	seal.Apply(s, seal.Pending)
	raw, err := json.Marshal(s)
	if err != nil {
		b.Fatal(err)
	}
	return raw
}

// BenchmarkCreate is the answer to CreateContainer, without NRI's transport.
func BenchmarkCreate(b *testing.B) {
	for name, document := range map[string]string{"sealed": doc("p", benchRules), "unmatched": doc("p", elsewhere, benchRules)} {
		b.Run(name, func(b *testing.B) {
			p := benchPlugin(b, document)
			pod, ctr := pod(), container()
			b.ReportAllocs()
			for b.Loop() {
				c := p.container(pod, ctr)
				creation, err := p.judge.Create(b.Context(), c)
				if adjust := adjustment(creation, c.Spec); err != nil || (adjust != nil) != (name == "sealed") {
					b.Fatal(adjust, err)
				}
			}
		})
	}
}

// BenchmarkOpen reads, judges and writes a spec, without containerd.
func BenchmarkOpen(b *testing.B) {
	for name, document := range map[string]string{
		"adjusted":  doc("p", benchRules),
		"allowed":   doc("p", "rules: {hostNamespaces: {onViolation: reject}}"),
		"unmatched": doc("p", elsewhere, benchRules),
	} {
		b.Run(name, func(b *testing.B) {
			p := benchPlugin(b, document)
			pod, ctr := pod(), container()
			b.ReportAllocs()
			for b.Loop() {
				c := p.container(pod, ctr)
				c.Sealed = name != "unmatched"
				if err := p.judge.Open(b.Context(), c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
