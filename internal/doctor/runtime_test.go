package doctor

import "testing"

func TestRuntime(t *testing.T) {
	for _, test := range []struct {
		name  string
		serve func(t *testing.T, n *Node)
		want  []want
	}{
		{"none", func(*testing.T, *Node) {}, []want{{Problem, "no container runtime"}}},
		{"containerd", func(t *testing.T, n *Node) { serveCRI(t, n.ContainerdSocket, "containerd", "v2.4.2") }, []want{{OK, "containerd v2.4.2 at"}}},
		{"CRI-O", func(t *testing.T, n *Node) { serveCRI(t, n.CRIOSocket, "cri-o", "1.34.0") }, []want{{OK, "cri-o 1.34.0 at"}}},
		{"both", func(t *testing.T, n *Node) {
			serveCRI(t, n.ContainerdSocket, "containerd", "1.7.35")
			serveCRI(t, n.CRIOSocket, "cri-o", "1.34.0")
		}, []want{{OK, "containerd 1.7.35"}, {OK, "cri-o 1.34.0"}}},
		{"criSocket names containerd's", func(t *testing.T, n *Node) {
			serveCRI(t, n.ContainerdSocket, "containerd", "2.4.2")
			n.CRIOSocket = n.ContainerdSocket
		}, []want{{OK, "containerd 2.4.2"}}},
		{"containerd, named as criSocket alone", func(t *testing.T, n *Node) { serveCRI(t, n.CRIOSocket, "containerd", "2.4.2") }, []want{{OK, "containerd 2.4.2"}}},
		{"without NRI", func(t *testing.T, n *Node) { serveCRI(t, n.ContainerdSocket, "containerd", "1.6.20~ds1") }, []want{{Problem, "update to containerd 1.7.0"}}},
		{"old CRI-O", func(t *testing.T, n *Node) { serveCRI(t, n.CRIOSocket, "cri-o", "1.25.3") }, []want{{Problem, "update to cri-o 1.26.0"}}},
		{"without CRI", func(t *testing.T, n *Node) { serveCRI(t, n.ContainerdSocket, "", "") }, []want{{Problem, "disabled_plugins"}}},
		{"unknown version", func(t *testing.T, n *Node) { serveCRI(t, n.ContainerdSocket, "containerd", "unknown") }, []want{{Problem, `its version is "unknown"`}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := fake(t, nil)
			test.serve(t, n)
			expect(t, run(t, checkRuntime, inspected(t, n)), test.want...)
		})
	}
}

func TestVersionResponseIsRead(t *testing.T) {
	for _, message := range []string{"\xff", "\x12\x05ab", "\x0a"} {
		if name, version, err := versionResponse([]byte(message)); err == nil {
			t.Errorf("%q: %q, %q", message, name, version)
		}
	}
}
