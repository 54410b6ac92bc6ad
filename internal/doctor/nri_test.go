package doctor

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNRISocket(t *testing.T) {
	socket := func(t *testing.T, n *Node) { listen(t, n.NRISocket) }
	dir := func(n *Node) string { return filepath.Dir(n.NRISocket) }
	for _, test := range []struct {
		name string
		make func(t *testing.T, n *Node)
		want []want
	}{
		{"there", func(t *testing.T, n *Node) { socket(t, n); chmod(t, dir(n), 0o700) }, []want{{OK, "accepts connections"}}},
		{"missing", func(*testing.T, *Node) {}, []want{{Problem, "disable = false under [plugins.'io.containerd.nri.v1.nri'] in /etc/containerd/config.toml"}}},
		{"folder open", func(t *testing.T, n *Node) { socket(t, n); chmod(t, dir(n), 0o755) }, []want{{Warning, "others can enter"}, {OK, "accepts"}}},
		{"open to all", func(t *testing.T, n *Node) { socket(t, n); chmod(t, dir(n), 0o755); chmod(t, n.NRISocket, 0o777) }, []want{{Problem, "others can connect"}, {OK, "accepts"}}},
		{"a file", func(t *testing.T, n *Node) {
			if err := os.WriteFile(n.NRISocket, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, []want{{Problem, "not a socket"}, {Problem, "nobody accepts"}}},
		{"nobody listens", func(t *testing.T, n *Node) {
			chmod(t, dir(n), 0o700)
			listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: n.NRISocket, Net: "unix"})
			if err != nil {
				t.Fatal(err)
			}
			listener.SetUnlinkOnClose(false)
			listener.Close()
		}, []want{{Problem, "nobody accepts"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := fake(t, nil)
			serveCRI(t, n.ContainerdSocket, "containerd", "2.4.2")
			test.make(t, n)
			expect(t, run(t, checkNRISocket, inspected(t, n)), test.want...)
		})
	}
}

func TestNRIConfig(t *testing.T) {
	const file = "etc/containerd/config.toml"
	nri := "[plugins.'io.containerd.nri.v1.nri']\n"
	validator := "[plugins.'io.containerd.nri.v1.nri'.default_validator]\n"
	for _, test := range []struct {
		name, config string
		want         want
	}{
		{"nothing said", "version = 3", want{OK, "nothing in /etc/containerd/config.toml"}},
		{"off", nri + "disable = true", want{Problem, "set disable = false"}},
		{"on", nri + "disable = false", want{OK, "nothing"}},
		{"no hooks", validator + "enable = true\nreject_oci_hook_adjustment = true", want{Problem, "set reject_oci_hook_adjustment = false"}},
		{"no hooks, but the validator is off", validator + "enable = false\nreject_oci_hook_adjustment = true", want{OK, "nothing"}},
		{"not TOML", "[", want{Warning, "not known"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := fake(t, tree{file: test.config})
			serveCRI(t, n.ContainerdSocket, "containerd", "2.4.2")
			expect(t, run(t, checkNRIConfig, inspected(t, n)), test.want)
		})
	}
	n := fake(t, nil)
	serveCRI(t, n.ContainerdSocket, "containerd", "2.4.2")
	expect(t, run(t, checkNRIConfig, inspected(t, n)), want{OK, "the defaults apply"})
}

func TestFailClosed(t *testing.T) {
	const required = "[plugins.'io.containerd.nri.v1.nri'.default_validator]\nenable = true\nrequired_plugins = ['specguard']\n"
	for _, test := range []struct {
		name, version, config string
		files                 tree
		want                  want
	}{
		{"NRI 0.8", "1.7.35", "", nil, want{Warning, "NRI 0.8.0: containers"}},
		{"NRI 0.8 does not know required plugins", "2.1.9", required, nil, want{Warning, "NRI 0.8.0: containers"}},
		{"older than NRI 0.8", "1.7.20", "", nil, want{Warning, "NRI 0.6.1"}},
		{"not required", "2.2.9", "", nil, want{Warning, "required_plugins = ['specguard']"}},
		{"required", "2.4.2", required, nil, want{OK, "NRI 0.12.3, required_plugins"}},
		{"another is required", "2.4.2", strings.ReplaceAll(required, "specguard", "other"), nil, want{Warning, "run unjudged"}},
		{"the validator is off", "2.4.2", strings.ReplaceAll(required, "enable = true", "enable = false"), nil, want{Warning, "run unjudged"}},
		{"tolerated", "2.4.2", required + "tolerate_missing_plugins_annotation = 'x'", nil, want{Warning, "remove tolerate_missing_plugins_annotation"}},
		{"newer", "2.5.0", required, nil, want{Warning, "does not know its NRI version"}},
		{"the wrapper", "1.7.35", "[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.runc.options]\nBinaryName = '/usr/local/bin/specguard-runtime'",
			tree{"usr/local/bin/specguard-runtime": "#!/bin/sh\n"}, want{OK, "refuses containers without a seal"}},
		{"the wrapper, but not for the default handler", "1.7.35", "[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.other.options]\n" +
			"BinaryName = '/usr/local/bin/specguard-runtime'\n[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.runc]\nruntime_type = 'io.containerd.runc.v2'",
			tree{"usr/local/bin/specguard-runtime": "#!/bin/sh\n"}, want{Warning, "for the handlers runc, which do not call specguard-runtime"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := tree{"etc/containerd/config.toml": test.config}
			for name, content := range test.files {
				files[name] = content
			}
			n := fake(t, files)
			serveCRI(t, n.ContainerdSocket, "containerd", test.version)
			expect(t, run(t, checkFailClosed, inspected(t, n)), test.want)
		})
	}
	n := fake(t, nil)
	serveCRI(t, n.CRIOSocket, "cri-o", "1.34.0")
	expect(t, run(t, checkFailClosed, inspected(t, n)), want{Warning, "NRI 0.9.0: containers"})
}
