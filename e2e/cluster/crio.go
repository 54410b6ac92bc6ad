package cluster

import (
	"fmt"

	"github.com/specguard/specguard/e2e/build"
)

// crio is the engine of a node that runs CRI-O.
type crio struct {
	options Options
	overlay bool
}

const (
	crioConfig    = "/etc/crio/crio.conf"
	imagePolicy   = "/etc/containers/policy.json"
	registries    = "/etc/containers/registries.conf"
	storageConfig = "/etc/containers/storage.conf"
)

// crioText leaves host ports to the network's plugins: CRI-O itself crashes
// where nft is not installed.
const crioText = `[crio]
internal_wipe = false
[crio.api]
stream_address = "127.0.0.1"
[crio.image]
pause_image = %q
pause_command = ""
[crio.network]
plugin_dirs = [%q]
[crio.nri]
enable_nri = true
[crio.runtime]
default_runtime = "runc"
cgroup_manager = "cgroupfs"
pinns_path = %q
irqbalance_config_restore_file = "disable"
hooks_dir = []
disable_hostport_mapping = true
[crio.runtime.runtimes.runc]
runtime_path = %q
monitor_path = %q
monitor_cgroup = "pod"
monitor_env = [%q]
`

const storageText = `[storage]
driver = %q
graphroot = "/var/lib/containers/storage"
runroot = "/run/containers/storage"
`

func (c crio) files() map[string]string {
	driver := "vfs"
	if c.overlay {
		driver = "overlay"
	}
	return map[string]string{
		crioConfig:    fmt.Sprintf(crioText, pauseImage, build.CNI, c.options.Programs.Pinns, c.options.Runc, build.Conmon, nodePath),
		imagePolicy:   `{"default": [{"type": "insecureAcceptAnything"}]}` + "\n",
		registries:    "",
		storageConfig: fmt.Sprintf(storageText, driver),
	}
}

func (c crio) command() []string { return []string{c.options.Programs.Daemon} }

func (crio) socket() string { return "/run/crio/crio.sock" }

// imports copies the images to CRI-O's store, which notices by itself.
func (c crio) imports(transport, archive string, names []string) [][]string {
	var commands [][]string
	for _, name := range names {
		commands = append(commands, []string{build.Skopeo, "copy", "--quiet", transport + ":" + archive + ":" + name, "containers-storage:" +
			name})
	}
	return commands
}
