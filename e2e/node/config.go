package node

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// table is a TOML table.
type table = map[string]any

// merge writes extra over base, table by table.
func merge(base, extra table) {
	for key, value := range extra {
		inner, isTable := value.(table)
		if below, both := base[key].(table); isTable && both {
			merge(below, inner)
			continue
		}
		base[key] = value
	}
}

// Tables of containerd's configuration that differ between its major versions,
// for use in [Options.Extra].
const (
	CRIRuntime2 = `plugins.'io.containerd.cri.v1.runtime'` // containerd 2
	CRIRuntime1 = `plugins.'io.containerd.grpc.v1.cri'`    // containerd 1.7
	NRI         = `plugins.'io.containerd.nri.v1.nri'`
)

// OtherHandler is a runtime handler that differs from the default one by name
// alone.
const OtherHandler = "other"

// renderConfig returns containerd's configuration file.
func renderConfig(o Options, p paths, snapshotter string) ([]byte, error) {
	base := baseConfig(o, p, snapshotter)
	var extra table
	if err := toml.Unmarshal([]byte(o.Extra), &extra); err != nil {
		return nil, fmt.Errorf("extra containerd configuration: %w", err)
	}
	merge(base, extra)
	data, err := toml.Marshal(base)
	if err != nil {
		return nil, fmt.Errorf("containerd configuration: %w", err)
	}
	return data, nil
}

func baseConfig(o Options, p paths, snapshotter string) table {
	plugins := table{"io.containerd.nri.v1.nri": table{
		"disable":                     false,
		"socket_path":                 p.nriSocket,
		"plugin_path":                 p.nriPlugins,
		"plugin_config_path":          p.nriConfig,
		"plugin_registration_timeout": duration(o.RegistrationTimeout, 5*time.Second),
		"plugin_request_timeout":      duration(o.RequestTimeout, 2*time.Second),
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
	if o.Containerd.Release.Major() == "1" {
		version = 2
		plugins["io.containerd.grpc.v1.cri"] = table{
			"sandbox_image":          PauseImage,
			"restrict_oom_score_adj": true,
			"stream_server_port":     "0",
			"cni":                    table{"conf_dir": p.cni, "bin_dir": p.cni},
			"containerd": table{
				"snapshotter": snapshotter,
				"runtimes":    table{"runc": runc, OtherHandler: runc},
			},
		}
	} else {
		plugins["io.containerd.cri.v1.images"] = table{
			"snapshotter":   snapshotter,
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

func duration(d, otherwise time.Duration) string {
	if d == 0 {
		d = otherwise
	}
	return d.String()
}
