package doctor

import (
	"testing"
)

func TestCheckpoints(t *testing.T) {
	const (
		criu    = "usr/sbin/criu"
		config  = "etc/crio/crio.conf.d/99.conf"
		wrapper = "usr/local/bin/specguard-runtime"
		program = "#!/bin/sh\n"
		named   = "[crio.runtime.runtimes.runc]\nruntime_path = '/usr/local/bin/specguard-runtime'\n"
	)
	for name, c := range map[string]struct {
		runtime, version string
		files            tree
		want             want
	}{
		"containerd 1.7":              {containerd, "1.7.35", tree{criu: program}, want{OK, "restores no checkpoints"}},
		"containerd 2.1":              {containerd, "2.1.5", tree{criu: program}, want{Warning, "with /usr/sbin/criu: the agent refuses"}},
		"containerd 2.2":              {containerd, "2.2.6", tree{criu: program}, want{Warning, "update to 2.2.7, 2.3.4 or later"}},
		"containerd 2.2, mended":      {containerd, "2.2.7", tree{criu: program}, want{OK, "restores no checkpoints"}},
		"containerd 2.3":              {containerd, "2.3.3", tree{criu: program}, want{Warning, "the agent refuses"}},
		"containerd 2.3, mended":      {containerd, "2.3.4", tree{criu: program}, want{OK, "restores no checkpoints"}},
		"containerd 2.4":              {containerd, "2.4.2", tree{criu: program}, want{OK, "restores no checkpoints"}},
		"containerd 2.2 without criu": {containerd, "2.2.0", nil, want{OK, "criu is not installed"}},
		"CRI-O":                       {crio, "1.34.0", tree{criu: program}, want{Problem, "set enable_criu_support = false"}},
		"CRI-O without criu":          {crio, "1.34.0", nil, want{OK, "criu is not installed"}},
		"CRI-O, switched off":         {crio, "1.34.0", tree{criu: program, config: "[crio.runtime]\nenable_criu_support = false\n"}, want{OK, "enable_criu_support = false"}},
		"CRI-O, switched on":          {crio, "1.34.0", tree{criu: program, config: "[crio.runtime]\nenable_criu_support = true\n"}, want{Problem, "with /usr/sbin/criu"}},
		"CRI-O, wrapped":              {crio, "1.34.0", tree{criu: program, wrapper: program, config: named}, want{OK, "specguard-runtime refuses"}},
		"CRI-O, wrapped in part": {crio, "1.34.0", tree{criu: program, wrapper: program, config: named + "[crio.runtime.runtimes.crun]\nruntime_path = '/usr/bin/crun'\n"},
			want{Problem, "or run specguard install"}},
	} {
		t.Run(name, func(t *testing.T) {
			n := fake(t, c.files)
			socket := n.ContainerdSocket
			if c.runtime == crio {
				socket = n.CRIOSocket
			}
			serveCRI(t, socket, c.runtime, c.version)
			expect(t, run(t, checkCheckpoints, inspected(t, n)), c.want)
		})
	}
	n := fake(t, nil)
	n.Root = ""
	expect(t, run(t, checkCheckpoints, n), want{Warning, "cannot see the host's files"})
}
