package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/policy"
)

func TestPod(t *testing.T) {
	c := one(t, "", "runtimeClassName: gvisor")
	p := c.Subject.Pod
	if p.Name != "web" || p.Namespace != "team-a" || p.Labels["tier"] != "web" || p.RuntimeHandler != "gvisor" || p.Sandbox == nil {
		t.Errorf("%+v", p)
	}
	if want := "runtime class gvisor: assumed to be the runtime handler of that name"; notes(c) != want {
		t.Errorf("%s", notes(c))
	}
	if c.Subject.Container.Name != "app" || c.Subject.Container.Image != "docker.io/library/nginx:latest" {
		t.Errorf("%+v", c.Subject.Container)
	}
	if got := notes(one(t, "", `runtimeClassName: "a\nb"`)); got != "runtime class a b: assumed to be the runtime handler of that name" {
		t.Errorf("%q", got)
	}
	unnamed := derive(t, "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: app, image: i}]}")[0]
	if notes(unnamed) != "no namespace is given: assumed to be default" {
		t.Errorf("%s", notes(unnamed))
	}
}

// TestNamespaces: the pod's own, and the paths that the container's spec has.
func TestNamespaces(t *testing.T) {
	const cgroup = " cgroup"
	for _, tt := range []struct{ container, pod, own, spec string }{
		{"", "", "pid ipc uts mount network", "pid ipc:ipc uts:uts mount network:net" + cgroup},
		{"", "hostUsers: true", "pid ipc uts mount network", "pid ipc:ipc uts:uts mount network:net" + cgroup},
		{"", "hostNetwork: true", "pid ipc mount", "pid ipc:ipc uts:uts mount network:net" + cgroup},
		{"", "hostPID: true", "ipc uts mount network", "pid:pid ipc:ipc uts:uts mount network:net" + cgroup},
		{"", "hostIPC: true", "pid uts mount network", "pid ipc:ipc uts:uts mount network:net" + cgroup},
		{"", "shareProcessNamespace: true", "pid ipc uts mount network", "pid:pid ipc:ipc uts:uts mount network:net" + cgroup},
		{"", "hostUsers: false", "pid ipc uts mount network user", "pid ipc:ipc uts:uts mount network:net" + cgroup + " user:user"},
		{"securityContext: {privileged: true}", "", "pid ipc uts mount network", "pid ipc:ipc uts:uts mount network:net"},
	} {
		s := one(t, tt.container, tt.pod).Subject
		var spec []string
		for _, n := range s.Spec.Linux.Namespaces {
			text := string(n.Type)
			if at := strings.LastIndex(n.Path, "/"); at >= 0 {
				text += ":" + n.Path[at+1:]
			}
			spec = append(spec, text)
		}
		if own := strings.Join(s.Pod.LinuxNamespaces, " "); own != tt.own || strings.Join(spec, " ") != tt.spec {
			t.Errorf("%s%s: %s, %s", tt.container, tt.pod, own, spec)
		}
	}
	all := derive(t, podManifest("", "ephemeralContainers: [{name: e, image: i, targetContainerName: app}]"))
	if pid := all[1].Subject.Spec.Linux.Namespaces[0]; pid.Type != specs.PIDNamespace || pid.Path == "" {
		t.Errorf("%+v", pid)
	}
}

func TestUserNamespace(t *testing.T) {
	mapping := []specs.LinuxIDMapping{{ContainerID: 0, HostID: 65536, Size: 65536}}
	c := one(t, "volumeMounts: [{name: v, mountPath: /v}, {name: i, mountPath: /i}]", "hostUsers: false\nvolumes: [{name: v}, {name: i, image: {reference: r}}]")
	l := c.Subject.Spec.Linux
	if !slices.Equal(l.UIDMappings, mapping) || !slices.Equal(l.GIDMappings, mapping) {
		t.Errorf("%+v", l)
	}
	for at, mapped := range map[string]bool{"/v": true, "/i": false, "/etc/hosts": true, "/etc/hostname": true, "/dev/shm": false, "/proc": false} {
		if m := mountAt(c, at); (m.UIDMappings != nil) != mapped || (m.GIDMappings != nil) != mapped {
			t.Errorf("%+v", m)
		}
	}
	if m := mountAt(one(t, "", "hostUsers: false\nhostNetwork: true"), "/sys"); m.Type != "bind" || m.Source != "/sys" || !slices.Contains(m.Options, "rro") {
		t.Errorf("%+v", m)
	}
	if m := mountAt(one(t, "", "hostNetwork: true"), "/sys"); m.Type != "sysfs" || m.UIDMappings != nil {
		t.Errorf("%+v", m)
	}
}

func TestSandbox(t *testing.T) {
	const ports = "ports: [{containerPort: 80}, {containerPort: 443, hostPort: 8443, hostIP: 10.0.0.1}, {containerPort: 53, hostPort: 53, protocol: UDP}]"
	bound := []policy.HostPort{{Port: 8443, Protocol: "TCP", HostIP: "10.0.0.1"}, {Port: 53, Protocol: "UDP"}}
	s := one(t, ports, "").Subject.Pod.Sandbox
	if !slices.Equal(s.HostPorts, bound) {
		t.Errorf("%+v", s)
	}
	s = one(t, ports, "hostNetwork: true").Subject.Pod.Sandbox
	if want := append([]policy.HostPort{{Port: 80, Protocol: "TCP"}}, bound...); !slices.Equal(s.HostPorts, want) {
		t.Errorf("%+v", s)
	}
	s = one(t, "", "initContainers: [{name: i, image: i, ports: [{containerPort: 1, hostPort: 1}]}]").Subject.Pod.Sandbox
	if len(s.HostPorts) != 0 {
		t.Errorf("%+v", s)
	}
}

func TestSysctls(t *testing.T) {
	const start, group = "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range"
	for pod, want := range map[string]map[string]string{
		"": {start: "0", group: "0 2147483647"},
		"securityContext: {sysctls: [{name: a.b, value: '1'}, {name: " + start + ", value: '9'}]}": {"a.b": "1", start: "9", group: "0 2147483647"},
		"hostUsers: false": {start: "0"},
		"hostNetwork: true\nsecurityContext: {sysctls: [{name: a.b, value: '1'}]}": {"a.b": "1"},
	} {
		if got := one(t, "", pod).Subject.Pod.Sandbox.Sysctls; !maps.Equal(got, want) {
			t.Errorf("%s: %v", pod, got)
		}
	}
}

func TestProcess(t *testing.T) {
	c := one(t, "command: [a, b]\nargs: [c]\nworkingDir: /w\nenv: [{name: A, value: x}, {name: B, valueFrom: {secretKeyRef: {name: s}}}, {name: PATH, value: /bin}, {name: A, value: 'y'}]\nenvFrom: [{secretRef: {name: s}}]", "hostname: h")
	p := c.Subject.Spec.Process
	if !slices.Equal(p.Args, []string{"a", "b", "c"}) || p.Cwd != "/w" {
		t.Errorf("%+v", p)
	}
	if tail := p.Env[len(p.Env)-3:]; !slices.Equal(tail, []string{"B=", "PATH=/bin", "A=y"}) || p.Env[0] != "HOSTNAME=h" || len(p.Env) != 12 {
		t.Errorf("%q", p.Env)
	}
	if want := "the variables from envFrom are not known"; notes(c) != want {
		t.Errorf("%s", notes(c))
	}
	if p := one(t, "tty: true", "").Subject.Spec.Process; !p.Terminal || !slices.Contains(p.Env, "TERM=xterm") {
		t.Errorf("%+v", p)
	}
	p = one(t, "", "").Subject.Spec.Process
	if p.Terminal || slices.Contains(p.Env, "TERM=xterm") {
		t.Errorf("%+v", p)
	}
	if p.Cwd != "/" || p.Env[1] != "HOSTNAME=web" || !strings.HasPrefix(p.Env[0], "PATH=") {
		t.Errorf("%+v", p)
	}
	if a := one(t, "", "").Subject.Spec.Annotations; a["io.kubernetes.cri.image-name"] != "nginx" || a["io.kubernetes.cri.sandbox-namespace"] != "team-a" || len(a) != 7 {
		t.Errorf("%v", a)
	}
}

func TestResources(t *testing.T) {
	for _, tt := range []struct{ container, pod, want string }{
		{"", "", "shares 2 quota 0 memory 0"},
		{"{limits: {cpu: 500m, memory: 1Gi}}", "", "shares 512 quota 50000 memory 1073741824"},
		{"{limits: {cpu: 2}, requests: {cpu: 0.25, memory: 1M}}", "", "shares 256 quota 200000 memory 0"},
		{"{requests: {cpu: '1'}}", "", "shares 1024 quota 0 memory 0"},
		{"{limits: {cpu: 1m}}", "", "shares 2 quota 1000 memory 0"},
		{"{limits: {cpu: 1000}}", "", "shares 262144 quota 100000000 memory 0"},
		{"{limits: {cpu: '1'}, requests: {cpu: '0'}}", "", "shares 2 quota 100000 memory 0"},
		{"", "{limits: {cpu: '1', memory: 1Ki}}", "shares 1024 quota 100000 memory 1024"},
		{"{limits: {memory: 2Ki}}", "{limits: {cpu: '1', memory: 1Ki}}", "shares 1024 quota 100000 memory 2048"},
	} {
		r := one(t, "resources: "+tt.container, "resources: "+tt.pod).Subject.Spec.Linux.Resources
		got := fmt.Sprintf("shares %d quota %d memory %d", value(r.CPU.Shares), value(r.CPU.Quota), value(r.Memory.Limit))
		if got != tt.want || value(r.CPU.Period) != 100000 || value(r.Memory.Swap) != value(r.Memory.Limit) {
			t.Errorf("%s %s: %s", tt.container, tt.pod, got)
		}
	}
	c := one(t, "resources: {limits: {nvidia.com/gpu: 1, example.com/a: 2, hugepages-2Mi: 2Mi}, claims: [{name: fpga}]}", "")
	if got := c.Subject.Spec.Linux.Resources.HugepageLimits; !slices.Equal(got, []specs.LinuxHugepageLimit{{Pagesize: "2MB", Limit: 2 << 20}}) {
		t.Errorf("huge pages %v", got)
	}
	if want := "what the plugin for example.com/a adds is not known; what the plugin for nvidia.com/gpu adds is not known; what the driver for the claim fpga adds is not known"; notes(c) != want {
		t.Errorf("%s", notes(c))
	}
}

func value[T int64 | uint64](p *T) T {
	if p == nil {
		return 0
	}
	return *p
}
