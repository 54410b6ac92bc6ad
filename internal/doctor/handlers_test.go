package doctor

import (
	"testing"

	"github.com/specguard/specguard/internal/hostfile/hostfiletest"
)

func TestHandlers(t *testing.T) {
	for name, c := range map[string]struct {
		runtime, config string
		edit            func(*Node)
		want            want
	}{
		"containerd":             {containerd, hostfiletest.ContainerdHandlers, nil, want{Warning, "not known to run seals (OCI hooks): spin (io.containerd.spin.v2);"}},
		"containerd, tested":     {containerd, hostfiletest.ContainerdHandlers, func(n *Node) { n.TestedHandlers = []string{"spin"} }, want{OK, "containerd: kata, runc, spin"}},
		"containerd, by hooks":   {containerd, hostfiletest.ContainerdHandlers, func(n *Node) { n.Opener = "verify" }, want{Warning, "kata (io.containerd.kata.v2), spin"}},
		"containerd, as it is":   {containerd, "", nil, want{OK, "only its own is configured"}},
		"containerd, unreadable": {containerd, "x", nil, want{Problem, "/etc/containerd/config.toml"}},
		"CRI-O":                  {crio, hostfiletest.CRIOHandlers, nil, want{Warning, "kata (io.containerd.kata.v2), other (/opt/other)"}},
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
