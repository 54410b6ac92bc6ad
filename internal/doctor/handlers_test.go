package doctor

import "testing"

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
