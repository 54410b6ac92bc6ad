package doctor

import (
	"path/filepath"
	"testing"
)

func TestOpenerContainerd(t *testing.T) {
	n := fake(t, nil)
	serveCRI(t, n.ContainerdSocket, "containerd", "2.4.2")
	chmod(t, filepath.Dir(n.ContainerdSocket), 0o711)
	expect(t, run(t, checkOpener, inspected(t, n)), want{OK, "containerd, by its API"})
	chmod(t, n.ContainerdSocket, 0o666)
	expect(t, run(t, checkOpener, n), want{Problem, "others can connect"})

	n = fake(t, nil)
	serveCRI(t, n.ContainerdSocket, "", "")
	expect(t, run(t, checkOpener, inspected(t, n)), want{Problem, "does not answer"})
}

func TestOpenerCRIO(t *testing.T) {
	const binary, config = "usr/local/bin/specguard-runtime", "etc/crio/crio.conf.d/99-specguard.conf"
	const named = "[crio.runtime.runtimes.runc]\nruntime_path = '/usr/local/bin/specguard-runtime'\n"
	const other = "[crio.runtime.runtimes.crun]\nruntime_path = '/usr/bin/crun'\n"
	for _, test := range []struct {
		name, opener string
		files        tree
		change       func(t *testing.T, binary string)
		want         want
	}{
		{"nothing installed", "auto", nil, nil, want{Problem, "run specguard install"}},
		{"installed and named", "auto", tree{binary: "#!/bin/sh\n", config: named}, nil, want{OK, "runtime, for the handlers runc"}},
		{"named by a link", "auto", tree{
			binary: "#!/bin/sh\n", "usr/local/bin/specguard-crun": "-> specguard-runtime",
			config: "[crio.runtime.runtimes.crun]\nruntime_path = '/usr/local/bin/specguard-crun'\n",
		}, nil, want{OK, "runtime, for the handlers crun"}},
		{"another handler goes around it", "auto", tree{binary: "#!/bin/sh\n", config: named + other}, nil, want{Warning, "not for crun"}},
		{"not named", "auto", tree{binary: "#!/bin/sh\n", config: other}, nil, want{Warning, "verify"}},
		{"runtime asked for, not named", "runtime", tree{binary: "#!/bin/sh\n"}, nil, want{Problem, "is not an OCI runtime"}},
		{"verify asked for", "verify", tree{binary: "#!/bin/sh\n"}, nil, want{OK, "cannot adjust"}},
		{"containerd asked for", "containerd", nil, nil, want{Problem, "use --opener auto"}},
		{"not executable", "auto", tree{binary: "#!/bin/sh\n", config: named}, func(t *testing.T, b string) { chmod(t, b, 0o644) }, want{Problem, "permission denied"}},
		{"others can write it", "auto", tree{binary: "#!/bin/sh\n", config: named}, func(t *testing.T, b string) { chmod(t, b, 0o757) }, want{Problem, "can be written by others"}},
		{"others can replace it", "auto", tree{binary: "#!/bin/sh\n", config: named}, func(t *testing.T, b string) { chmod(t, filepath.Dir(b), 0o777) },
			want{Problem, "/usr/local/bin can be written by others"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := fake(t, test.files)
			n.Opener = test.opener
			if test.change != nil {
				test.change(t, filepath.Join(n.Root, binary))
			}
			serveCRI(t, n.CRIOSocket, "cri-o", "1.34.0")
			expect(t, run(t, checkOpener, inspected(t, n)), test.want)
		})
	}
}

func TestHostNotSeen(t *testing.T) {
	n := fake(t, nil)
	s := n.Settings
	s.Root = ""
	blind := newNode(s)
	serveCRI(t, s.CRIOSocket, "cri-o", "1.34.0")
	inspected(t, blind)
	expect(t, run(t, checkHost, blind), want{Warning, "cannot see the host's files"})
	expect(t, run(t, checkOpener, blind), want{Warning, "cannot see the host's files"})
	expect(t, run(t, checkOCIRuntime, blind), want{Warning, "cannot see the host's files"})
	expect(t, run(t, checkNRIConfig, blind), want{Warning, "not known"})

	expect(t, run(t, checkHost, n), want{OK, n.Root})
	n.Root += "/none"
	expect(t, run(t, checkHost, n), want{Problem, "host.root"})
}
