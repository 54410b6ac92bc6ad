package doctor

import "testing"

func TestRuntimeDirs(t *testing.T) {
	const version3 = "version = 3\n"
	for _, test := range []struct {
		name  string
		files tree
		crio  bool
		known []string // the agent's setting
		want  want
	}{
		{"usual", nil, false, nil, want{OK, "containerd keeps its files in /var/lib/containerd, /run/containerd"}},
		{"said as usual", tree{"etc/containerd/config.toml": version3 + "root = '/var/lib/containerd'\n"}, false, nil, want{OK, "/run/containerd"}},
		{"elsewhere", tree{"etc/containerd/config.toml": version3 + "root = '/data/containerd'\n"}, false, nil,
			want{Warning, "containerd keeps files in /data/containerd, which host.runtimeDirs does not name"}},
		{"both elsewhere", tree{"etc/containerd/config.toml": version3 + "root = '/data/c'\nstate = '/run/c'\n"}, false, nil, want{Warning, "in /data/c and /run/c, which"}},
		{"elsewhere, and named", tree{"etc/containerd/config.toml": version3 + "root = '/data/c'\nstate = '/run/c'\n"}, false,
			[]string{"/data/c", "/run/c"}, want{OK, "/data/c, /run/c"}},
		{"named by a link", tree{"etc/containerd/config.toml": version3 + "root = '/data/c'\n", "srv": "-> data", "data/c/x": ""}, false,
			[]string{"/srv/c", "/run/containerd"}, want{OK, "/data/c"}},
		{"beside", tree{"etc/containerd/config.toml": version3 + "root = '/data/cc'\n"}, false, []string{"/data/c", "/run/containerd"}, want{Warning, "/data/cc"}},
		{"above", tree{"etc/containerd/config.toml": version3 + "root = '/data/c'\n"}, false, []string{"/data", "/run/containerd"}, want{Warning, "keeps files in /data/c, which"}},
		{"k3s", tree{"etc/containerd/config.toml": version3 + "root = '/var/lib/rancher/k3s/agent/containerd'\nstate = '/run/k3s/containerd'\n"}, false, nil, want{OK, "k3s"}},
		{"CRI-O", tree{"var/run": "-> /run", "run/crio/x": ""}, true, nil, want{OK, "cri-o keeps its files in /var/lib/containers/storage, /run/containers/storage, /var/run/crio"}},
		{"CRI-O's own root", tree{"etc/crio/crio.conf": "[crio]\nroot = '/data/s'\n[crio.runtime]\ncontainer_exits_dir = '/run/crio/exits'\n"}, true, nil,
			want{Warning, "cri-o keeps files in /data/s, which"}},
		{"CRI-O's storage", tree{"etc/containers/storage.conf": "[storage]\ngraphroot = '/data/s'\nrunroot = '/run/s'\n", "var/run": "-> /run", "run/x": ""}, true, nil,
			want{Warning, "in /data/s and /run/s, which"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := fake(t, test.files)
			s := n.Settings
			s.RuntimeDirs = test.known
			n = newNode(s)
			socket := n.ContainerdSocket
			if test.crio {
				socket = n.CRIOSocket
			}
			serveCRI(t, socket, "any", "9.9.9")
			expect(t, run(t, checkRuntimeDirs, inspected(t, n)), test.want)
		})
	}
	t.Run("faulty", func(t *testing.T) {
		n := fake(t, tree{"etc/containers/storage.conf": "="})
		serveCRI(t, n.CRIOSocket, "cri-o", "1.34.0")
		expect(t, run(t, checkRuntimeDirs, inspected(t, n)))
	})
}
