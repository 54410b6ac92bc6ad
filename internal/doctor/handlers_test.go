package doctor

import (
	"testing"

	"github.com/specguard/specguard/plugin/ociruntime"
)

const (
	containerdHandlers = `
[plugins.'io.containerd.cri.v1.runtime'.containerd]
default_runtime_name = 'kata'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.kata]
runtime_type = 'io.containerd.kata.v2'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
runtime_type = 'io.containerd.runc.v2'
options = {BinaryName = '/usr/bin/crun'}
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.spin]
runtime_type = 'io.containerd.spin.v2'
`
	crioHandlers = `
[crio.runtime]
default_runtime = 'crun'
[crio.runtime.runtimes.crun]
runtime_path = '/usr/libexec/crio/crun'
[crio.runtime.runtimes.kata]
runtime_path = '/usr/bin/containerd-shim-kata-v2'
runtime_type = 'vm'
[crio.runtime.runtimes.other]
runtime_path = '/opt/other'
`
)

func TestConfiguredRuntime(t *testing.T) {
	root := fake(t, tree{"etc/containerd/config.toml": containerdHandlers, "etc/crio/crio.conf.d/10.conf": crioHandlers}).Root
	for _, c := range []struct {
		runtime, handler string
		want             ociruntime.Runtime
		err              string
	}{
		{containerd, "", ociruntime.Runtime{Shim: "io.containerd.kata.v2", Program: "runc"}, ""},
		{containerd, "runc", ociruntime.Runtime{Shim: "io.containerd.runc.v2", Program: "/usr/bin/crun"}, ""},
		{containerd, "none", ociruntime.Runtime{}, `/etc/containerd/config.toml does not name the runtime handler "none"`},
		{crio, "", ociruntime.Runtime{Program: "/usr/libexec/crio/crun"}, ""},
		{crio, "kata", ociruntime.Runtime{Shim: "io.containerd.kata.v2", Program: "/usr/bin/containerd-shim-kata-v2"}, ""},
		{crio, "runc", ociruntime.Runtime{}, `/etc/crio/crio.conf does not name the runtime handler "runc"`},
		{"docker", "", ociruntime.Runtime{}, `"docker" is neither containerd nor CRI-O`},
	} {
		got, err := ConfiguredRuntime(root, c.runtime, c.handler)
		if (err == nil) != (c.err == "") || err != nil && err.Error() != c.err || err == nil && got != c.want {
			t.Errorf("%s %q: %+v, %v", c.runtime, c.handler, got, err)
		}
	}
	for name, c := range map[string]struct {
		config string
		want   ociruntime.Runtime
	}{
		"says nothing": {"version = 3\n", ociruntime.Runtime{Shim: "io.containerd.runc.v2", Program: "runc"}},
		"of the wrapper": {"[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]\noptions = {BinaryName = '/usr/local/bin/specguard-runc'}\n",
			ociruntime.Runtime{Shim: "io.containerd.runc.v2", Program: "/usr/local/bin/specguard-runc"}},
	} {
		root := fake(t, tree{"etc/containerd/config.toml": c.config}).Root
		if got, err := ConfiguredRuntime(root, containerd, ""); err != nil || got != c.want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := ConfiguredRuntime(fake(t, tree{}).Root, containerd, ""); err == nil {
		t.Error("no configuration where it usually is: no error")
	}
	if _, err := ConfiguredRuntime("", containerd, ""); err == nil {
		t.Error("no root: no error")
	}
}

func TestHandlers(t *testing.T) {
	for name, c := range map[string]struct {
		runtime, config string
		edit            func(*Node)
		want            want
	}{
		"containerd":             {containerd, containerdHandlers, nil, want{Warning, "not known to run seals (OCI hooks): spin (io.containerd.spin.v2);"}},
		"containerd, tested":     {containerd, containerdHandlers, func(n *Node) { n.TestedHandlers = []string{"spin"} }, want{OK, "containerd: kata, runc, spin"}},
		"containerd, by hooks":   {containerd, containerdHandlers, func(n *Node) { n.Opener = "verify" }, want{Warning, "kata (io.containerd.kata.v2), spin"}},
		"containerd, as it is":   {containerd, "", nil, want{OK, "only its own is configured"}},
		"containerd, unreadable": {containerd, "x", nil, want{Problem, "/etc/containerd/config.toml"}},
		"CRI-O":                  {crio, crioHandlers, nil, want{Warning, "kata (io.containerd.kata.v2), other (/opt/other)"}},
	} {
		t.Run(name, func(t *testing.T) {
			n := fake(t, tree{"etc/containerd/config.toml": c.config, "etc/crio/crio.conf": c.config})
			socket := n.ContainerdSocket
			if c.runtime == crio {
				socket = n.CRIOSocket
			}
			serveCRI(t, socket, c.runtime, "2.4.2")
			if c.edit != nil {
				c.edit(n)
			}
			expect(t, run(t, checkHandlers, inspected(t, n)), c.want)
		})
	}
}
