package doctor

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
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
func crioDirs(f files, config table) ([]string, error) {
	storage := table{}
	data, err := f.read(storageConfig)
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

// checkRuntimeDirs reports whether the agent knows the folders in which the
// runtimes keep what they make for pods. From elsewhere it is a host path.
func checkRuntimeDirs(_ context.Context, n *Node) []Finding {
	var out []Finding
	known := make([]string, len(n.host.RuntimeDirs()))
	for i, dir := range n.host.RuntimeDirs() {
		known[i] = n.resolved(dir)
	}
	for _, r := range n.runtimes {
		if r.config.err != nil { // nri-config tells
			continue
		}
		var missing []string
		for _, dir := range r.config.dirs {
			if !slices.Contains(known, n.resolved(dir)) { // a folder above it is not enough
				missing = append(missing, dir)
			}
		}
		if len(missing) > 0 {
			out = append(out, warning("name all the runtime's folders in host.runtimeDirs of the agent's configuration",
				"%s keeps files in %s, which host.runtimeDirs does not name: files that it makes there for containers, such as /dev/shm, count "+
					"as host paths",
				r.component, strings.Join(missing, " and ")))
			continue
		}
		out = append(out, ok("%s keeps its files in %s", r.component, strings.Join(r.config.dirs, ", ")))
	}
	return out
}

// resolved is the path with the host's symlinks followed, where they are seen.
func (n *Node) resolved(p string) string {
	if at, _, err := n.host.ResolvePath(p); err == nil {
		return at
	}
	return path.Clean(p)
}
