package node

import (
	"path/filepath"

	"github.com/specguard/specguard/e2e/build"
)

// CRIORuntime is a table of CRI-O's configuration, for use in [Options.Extra].
const CRIORuntime = `crio.runtime`

// crioRuntime is the name of CRI-O's default runtime handler.
const crioRuntime = "runc"

// config is what CRI-O is told, without the options' extra. env is for the OCI
// runtime.
func (c crio) config(env []string) table {
	o, p := c.options, c.paths
	run := func(name string) string { return filepath.Join(p.state, name) }
	runc := table{
		"runtime_path":   o.Runc,
		"runtime_type":   "oci",
		"runtime_root":   run("runc"),
		"monitor_path":   build.Conmon,
		"monitor_cgroup": "pod",
		"monitor_env":    append([]string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, env...),
	}
	return table{"crio": table{
		"log_dir":             p.logs,
		"version_file":        run("version"),
		"clean_shutdown_file": filepath.Join(p.root, "clean.shutdown"),
		"internal_wipe":       false,
		"api":                 table{"listen": p.socket, "stream_address": "127.0.0.1", "stream_port": "0"},
		"image": table{
			"pause_image":             PauseImage,
			"pause_command":           "", // the image's
			"signature_policy":        c.file("policy.json"),
			"signature_policy_dir":    run("policies"),
			"big_files_temporary_dir": p.state,
		},
		"network": table{"network_dir": p.cni, "plugin_dirs": []string{p.cni}},
		"nri": table{
			"enable_nri":                      true,
			"nri_listen":                      p.nriSocket,
			"nri_plugin_dir":                  p.nriPlugins,
			"nri_plugin_config_dir":           p.nriConfig,
			"nri_plugin_registration_timeout": duration(o.RegistrationTimeout, registrationTimeout),
			"nri_plugin_request_timeout":      duration(o.RequestTimeout, requestTimeout),
		},
		"runtime": table{
			"default_runtime":                crioRuntime,
			"runtimes":                       table{crioRuntime: runc, OtherHandler: runc},
			"cgroup_manager":                 "cgroupfs",
			"pinns_path":                     o.Programs.Pinns,
			"namespaces_dir":                 run("ns"),
			"container_exits_dir":            run("exits"),
			"container_attach_socket_dir":    run("attach"),
			"irqbalance_config_file":         run("irqbalance"),
			"irqbalance_config_restore_file": "disable",
			"decryption_keys_path":           run("keys"),
			"hooks_dir":                      []string{},
			"disable_hostport_mapping":       true, // it takes nft or iptables; CRI-O crashes without
			"cdi_spec_dirs":                  []string{},
		},
	}}
}
