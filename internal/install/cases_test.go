package install

import "strings"

func containerd2Cases() []nodeCase {
	dropIn := containerdDropIn("runc", newWrapper)
	element := `"/etc/containerd/conf.d/99-specguard*.toml"`
	return []nodeCase{
		{
			name: "containerd 2, imports its folder", release: "containerd2",
			before: files{mainFile: "version = 3\nimports = ['/etc/containerd/conf.d/*.toml']\n", "/etc/containerd/conf.d/10-a.toml": "version = 3\n"},
			after:  files{dropInFile: dropIn},
		},
		{
			name: "containerd 2, imports a relative folder", release: "containerd2",
			before: files{mainFile: "version = 3\nimports = ['conf.d/*.toml']\n"},
			after:  files{dropInFile: dropIn},
		},
		{
			name: "containerd 2, imports nothing", release: "containerd2",
			before: files{mainFile: "# mine\nversion = 3 # three\n\n[debug]\nlevel = 'info'"},
			after: files{dropInFile: dropIn,
				mainFile: "# mine\nversion = 3 # three\nimports = [" + element + "]" + added1 + "\n[debug]\nlevel = 'info'"},
		},
		{
			name: "containerd 2, nothing but a version without a newline", release: "containerd2",
			before: files{mainFile: "version = 3"},
			after:  files{dropInFile: dropIn, mainFile: "version = 3\nimports = [" + element + "]" + strings.TrimSuffix(added1, "\n")},
		},
		{
			name: "containerd 2, imports others", release: "containerd2",
			before: files{mainFile: "imports = [\n  'a.toml', # one\n  \"b.toml\",\n]\nversion = 3\n",
				"/etc/containerd/a.toml": "version = 3\n", "/etc/containerd/b.toml": "version = 2\n[" + cri1 + ".runc.options]\nSystemdCgroup = true\n"},
			after: files{dropInFile: dropIn,
				mainFile: "imports = [\n  'a.toml', # one\n  \"b.toml\", " + element + ",\n]\nversion = 3\n"},
		},
		{
			name: "containerd 2, an empty list of imports", release: "containerd2",
			before: files{mainFile: "version = 2\nimports = []\n"},
			after: files{dropInFile: strings.ReplaceAll(strings.Replace(dropIn, "version = 3", "version = 2", 1), criRuntime2, criRuntime1),
				mainFile: "version = 2\nimports = [" + element + "]\n"},
		},
		{
			name: "containerd 2, no configuration", release: "containerd2",
			after: files{dropInFile: dropIn,
				mainFile: strings.TrimSuffix(dropInHead, "\n") + added1 + "version = 3" + added1 + "imports = [" + element + "]" + added1},
		},
		{
			name: "containerd 2, several handlers", release: "containerd2",
			before: files{
				"/usr/bin/crun": "real", "/opt/bin/runc": "real", "/usr/bin/nvidia-container-runtime": "-> /etc/alternatives/nvidia",
				"/etc/alternatives/nvidia": "real",
				mainFile: "version = 3\nimports = ['/etc/containerd/conf.d/*.toml']\n" +
					"[" + cri2 + ".crun]\nruntime_type = 'io.containerd.runc.v2'\noptions = {BinaryName = 'crun'}\n" +
					"[" + cri2 + ".kata]\nruntime_type = 'io.containerd.kata.v2'\n" +
					"[" + cri2 + ".nvidia]\nruntime_type = 'io.containerd.runc.v2'\n[" + cri2 + ".nvidia.options]\nBinaryName = '/usr/bin/nvidia-container-runtime'\n" +
					"[" + cri2 + ".gone]\nruntime_type = 'io.containerd.runc.v2'\n[" + cri2 + ".gone.options]\nBinaryName = '/gone'\n" +
					"[" + cri2 + ".old]\nruntime_type = 'io.containerd.runc.v2'\n[" + cri2 + ".old.options]\nBinaryName = '/opt/bin/runc'\n",
			},
			after: files{
				dropInFile: containerdDropIn("crun", "/usr/local/bin/specguard-crun", "nvidia", "/usr/local/bin/specguard-nvidia-container-runtime",
					"old", newWrapper, "runc", "/usr/local/bin/specguard-runc-runc"),
				"/usr/local/bin/specguard-crun":                     "-> specguard-runtime",
				"/usr/local/bin/specguard-nvidia-container-runtime": "-> specguard-runtime",
				"/usr/local/bin/specguard-runc-runc":                "-> specguard-runtime",
				RuntimeConfig: runtimeYAML("specguard-crun: /usr/bin/crun", "specguard-nvidia-container-runtime: /usr/bin/nvidia-container-runtime",
					"specguard-runc-runc: /usr/sbin/runc", "specguard-runtime: /opt/bin/runc"),
			},
			notes: `runtime handler "kata" (io.containerd.kata.v2) does not call an OCI runtime by its binary; it is not changed` + "\n" +
				`runtime handler "gone" is not changed: its OCI runtime /gone does not exist`,
		},
	}
}

func containerd1Cases() []nodeCase {
	head := "version = 2\n[" + cri1 + ".runc]\nruntime_type = 'io.containerd.runc.v2'\n"
	quoted := `"` + newWrapper + `"`
	whole := "[" + strings.ReplaceAll(cri1, `"`, "'") + ".runc]" + added1 +
		"runtime_type = 'io.containerd.runc.v2'" + added1 +
		"[" + strings.ReplaceAll(cri1, `"`, "'") + ".runc.options]" + added1 +
		"BinaryName = '" + newWrapper + "'" + added1 + "SystemdCgroup = false" + added1
	return []nodeCase{
		{
			name: "containerd 1, has a BinaryName", release: "containerd1",
			before: files{mainFile: head + "[" + cri1 + ".runc.options]\n  BinaryName =   '/usr/sbin/runc' # old\n  SystemdCgroup = true\n"},
			after: files{mainFile: head + "[" + cri1 + ".runc.options]\n  BinaryName =   " + quoted +
				" # specguard install: instead of '/usr/sbin/runc' ; # old\n  SystemdCgroup = true\n"},
		},
		{
			name: "containerd 1, has options", release: "containerd1",
			before: files{mainFile: head + "[" + cri1 + ".runc.options] # o\nSystemdCgroup = true\n"},
			after:  files{mainFile: head + "[" + cri1 + ".runc.options] # o\nBinaryName = " + quoted + added1 + "SystemdCgroup = true\n"},
		},
		{
			name: "containerd 1, has the handler", release: "containerd1",
			before: files{mainFile: strings.TrimSuffix(head, "\n")},
			after: files{mainFile: head + "[" + strings.ReplaceAll(cri1, `"`, "'") + ".runc.options]" + added1 +
				"BinaryName = '" + newWrapper + "'" + strings.TrimSuffix(added1, "\n")},
		},
		{
			name: "containerd 1, does not have the handler", release: "containerd1",
			before: files{mainFile: "version = 2\n"},
			after:  files{mainFile: "version = 2\n" + whole},
		},
		{
			name: "containerd 1, no configuration", release: "containerd1",
			after: files{mainFile: strings.TrimSuffix(dropInHead, "\n") + added1 + "version = 2" + added1 + whole},
		},
		{
			name: "containerd 1, an import goes over the section", release: "containerd1",
			before: files{
				mainFile:                            "version = 2\nimports = ['/etc/containerd/conf.d/*.toml']\n[" + cri1 + ".runc.options]\nBinaryName = '/none'\n",
				"/etc/containerd/conf.d/cri.toml":   head + "[" + cri1 + ".runc.options]\nBinaryName = '/usr/sbin/runc'\n",
				"/etc/containerd/conf.d/debug.toml": "version = 2\n[debug]\nlevel = 'info'\n",
			},
			after: files{"/etc/containerd/conf.d/cri.toml": head + "[" + cri1 + ".runc.options]\nBinaryName = " + quoted +
				" # specguard install: instead of '/usr/sbin/runc' ;\n"},
		},
	}
}

const crioDropIn = "/etc/crio/crio.conf.d/99-specguard.conf"

func crioCases() []nodeCase {
	head := crioHead + "[crio]\n  [crio.runtime]\n    [crio.runtime.runtimes]\n"
	crun := "/usr/local/bin/specguard-crun"
	return []nodeCase{
		{
			name: "CRI-O, defaults", release: "crio",
			before: files{"/usr/bin/crun": "real"},
			after: files{
				crioDropIn: head + "      [crio.runtime.runtimes.crun]\n        runtime_path = '" + crun + "'\n        runtime_root = '/run/crun'\n        runtime_type = 'oci'\n",
				crun:       "-> specguard-runtime", RuntimeConfig: runtimeYAML("specguard-crun: /usr/bin/crun"),
			},
		},
		{
			name: "CRI-O, runc and crun, others, NRI off", release: "crio",
			before: files{
				"/usr/libexec/crio/crun": "real", "/usr/bin/crun-arm": "real",
				crioConfig: "[crio.runtime]\ndefault_runtime = 'runc'\n[crio.runtime.runtimes.runc]\nruntime_root = '/run/a'\n[crio.nri]\nenable_nri = false\n",
				"/etc/crio/crio.conf.d/10-crio.conf": "[crio.runtime.runtimes.crun]\nruntime_path = '/usr/libexec/crio/crun'\nmonitor_env = ['A=b']\n" +
					"platform_runtime_paths = {'linux/arm64' = '/usr/bin/crun-arm'}\n[crio.runtime.runtimes.runc]\nruntime_root = '/run/b'\nno_sync_log = true\n" +
					"[crio.runtime.runtimes.kata]\nruntime_type = 'vm'\n[crio.runtime.runtimes.like]\ninherit_default_runtime = true\n",
			},
			after: files{
				crioDropIn: crioHead + "[crio]\n  [crio.nri]\n    enable_nri = true\n\n  [crio.runtime]\n    [crio.runtime.runtimes]\n" +
					"      [crio.runtime.runtimes.crun]\n        monitor_env = ['A=b']\n        runtime_path = '" + crun + "'\n\n" +
					"        [crio.runtime.runtimes.crun.platform_runtime_paths]\n          'linux/arm64' = '/usr/local/bin/specguard-crun-arm'\n\n" +
					"      [crio.runtime.runtimes.runc]\n        no_sync_log = true\n        runtime_path = '" + newWrapper + "'\n        runtime_root = '/run/b'\n",
				crun:                                "-> specguard-runtime",
				"/usr/local/bin/specguard-crun-arm": "-> specguard-runtime",
				RuntimeConfig: runtimeYAML("specguard-crun: /usr/libexec/crio/crun", "specguard-crun-arm: /usr/bin/crun-arm",
					"specguard-runtime: /usr/sbin/runc"),
			},
			notes: `runtime handler "kata" (runtime_type vm) does not call an OCI runtime by its binary; it is not changed`,
		},
	}
}
