package runtimeconfig

import (
	"cmp"
	"errors"
	"io/fs"
	"path"

	"github.com/specguard/specguard/internal/hostfile"
)

// storageConfig is where CRI-O's storage is configured where CRI-O's own
// configuration does not say (containers-storage.conf(5)).
const storageConfig = "/etc/containers/storage.conf"

// containerdDirs are the folders of containerd (containerd-config.toml(5)).
func containerdDirs(config table) []string {
	return []string{
		cmp.Or(value[string](config, "root"), "/var/lib/containerd"),
		cmp.Or(value[string](config, "state"), "/run/containerd"),
	}
}

// crioDirs are the folders of CRI-O: its storage's, and the one in which image
// volumes have an empty folder (crio.conf(5)).
func crioDirs(f hostfile.Tree, config table) ([]string, error) {
	storage := table{}
	data, err := f.Read(storageConfig)
	if err == nil {
		storage, err = parseTOML(data, storageConfig)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	crio, storage := tableAt(config, "crio"), tableAt(storage, "storage")
	exits := cmp.Or(value[string](tableAt(crio, "runtime"), "container_exits_dir"), "/var/run/crio/exits")
	return []string{
		cmp.Or(value[string](crio, "root"), value[string](storage, "graphroot"), "/var/lib/containers/storage"),
		cmp.Or(value[string](crio, "runroot"), value[string](storage, "runroot"), "/run/containers/storage"),
		path.Dir(exits),
	}, nil
}
