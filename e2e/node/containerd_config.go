package node

import "path/filepath"

// Tables of containerd's configuration that differ between its major versions,
// for use in [Options.Extra].
const (
	CRIRuntime2 = `plugins.'io.containerd.cri.v1.runtime'` // containerd 2
	CRIRuntime1 = `plugins.'io.containerd.grpc.v1.cri'`    // containerd 1.7
	NRI         = `plugins.'io.containerd.nri.v1.nri'`
)

// config is what containerd is told, without the options' extra.
func (c containerd) config() table {
	o, p := c.options, c.paths
	plugins := table{"io.containerd.nri.v1.nri": table{
		"disable":                     false,
		"socket_path":                 p.nriSocket,
		"plugin_path":                 p.nriPlugins,
		"plugin_config_path":          p.nriConfig,
		"plugin_registration_timeout": duration(o.RegistrationTimeout, registrationTimeout),
		"plugin_request_timeout":      duration(o.RequestTimeout, requestTimeout),
	}}
	runc := table{
		"runtime_type": "io.containerd.runc.v2",
		"options": table{
			"BinaryName":    o.Runc,
			"Root":          filepath.Join(p.state, "runc"),
			"SystemdCgroup": false,
		},
	}
	version := 3
	if o.Programs.Release.Major() == "1" {
		version = 2
		plugins["io.containerd.grpc.v1.cri"] = table{
			"sandbox_image":          PauseImage,
			"restrict_oom_score_adj": true,
			"stream_server_port":     "0",
			"cni":                    table{"conf_dir": p.cni, "bin_dir": p.cni},
			"containerd": table{
				"snapshotter": c.snapshotter(),
				"runtimes":    table{"runc": runc, OtherHandler: runc},
			},
		}
	} else {
		plugins["io.containerd.cri.v1.images"] = table{
			"snapshotter":   c.snapshotter(),
			"pinned_images": table{"sandbox": PauseImage},
		}
		plugins["io.containerd.cri.v1.runtime"] = table{
			"restrict_oom_score_adj": true,
			"cni":                    table{"conf_dir": p.cni, "bin_dirs": []string{p.cni}},
			"containerd":             table{"runtimes": table{"runc": runc, OtherHandler: runc}},
		}
		plugins["io.containerd.grpc.v1.cri"] = table{"stream_server_port": "0"}
	}
	return table{
		"version": version,
		"root":    p.root,
		"state":   p.state,
		"grpc":    table{"address": p.socket},
		"plugins": plugins,
		// It would make a folder outside the node's own.
		"disabled_plugins": []string{"io.containerd.internal.v1.opt"},
	}
}
