package install

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	securejoin "github.com/cyphar/filepath-securejoin"
)

// daemon is what reports whether a runtime runs, and by which configuration.
type daemon struct {
	socket string
	// config are the files and folders that change with its configuration.
	config []string
	// containers is a pattern of files that name the OCI runtime of each
	// container or pod.
	containers string
}

// containerdDaemon: a shim writes the OCI runtime of its container to the file
// "runtime" of the bundle, and calls it until the container is deleted
// (cmd/containerd-shim-runc-v2/runc, WriteRuntime). New containers of a pod
// get the runtime that the pod was made with (container_create.go, runtimeInfo),
// so a pod counts as long as it has a bundle.
func containerdDaemon(p containerdPaths, files []configFile) daemon {
	state, socket := "/run/containerd", "/run/containerd/containerd.sock"
	d := daemon{config: []string{p.main, filepath.Dir(p.dropIn)}}
	if len(files) == 0 { // there may have been a main file
		d.config = append(d.config, filepath.Dir(p.main))
	}
	for _, f := range files {
		d.config = append(d.config, f.path)
		t, err := parse(f.path, f.data)
		if err != nil {
			continue // then the wrapper is kept anyway
		}
		set(&state, t["state"])
		set(&socket, dig(t, "grpc")["address"])
		set(&socket, dig(t, "plugins", "io.containerd.server.v1.grpc")["address"])
	}
	d.socket = socket
	d.containers = filepath.Join(state, "io.containerd.runtime.v2.task", "*", "*", "runtime")
	return d
}

// crioDaemon: CRI-O looks up the OCI runtime of a container by its handler's
// name in the configuration that it started with, but for one of
// platform_runtime_paths, which is an annotation of the container
// (internal/oci, RuntimePathForPlatform).
func crioDaemon(p crioPaths, files []configFile) daemon {
	runroot, socket := "/run/containers/storage", "/var/run/crio/crio.sock"
	d := daemon{config: []string{p.main, filepath.Dir(p.dropIn)}}
	for _, f := range files {
		d.config = append(d.config, f.path)
		t, err := parse(f.path, f.data)
		if err != nil {
			continue // then the wrapper is kept anyway
		}
		set(&runroot, dig(t, "crio")["runroot"])
		set(&socket, dig(t, "crio", "api")["listen"])
	}
	d.socket = socket
	d.containers = filepath.Join(runroot, "*-containers", "*", "userdata", "config.json")
	return d
}

func set(s *string, value any) {
	if text, ok := value.(string); ok && text != "" {
		*s = text
	}
}

// runs reports whether the daemon runs, as far as its socket can be seen.
func (t tree) runs(d daemon) bool {
	if _, err := t.stat(d.socket); isNotExist(err) {
		return false
	}
	full, err := securejoin.SecureJoin(t.root, d.socket)
	if err != nil {
		return true
	}
	folder, err := os.Open(filepath.Dir(full))
	if err != nil {
		return true
	}
	defer folder.Close()
	// The path of a socket must be short; that of a root may be long.
	short := fmt.Sprintf("/proc/self/fd/%d/%s", folder.Fd(), filepath.Base(full))
	conn, err := net.DialTimeout("unix", short, time.Second)
	if err == nil {
		_ = conn.Close() // nothing was sent
		return true
	}
	return !errors.Is(err, syscall.ENOENT) && !errors.Is(err, syscall.ECONNREFUSED)
}

// outdated reports whether the daemon started, that is bound its socket, before
// its configuration last changed. A rename counts as a change.
func (t tree) outdated(d daemon) bool {
	socket, err := t.stat(d.socket)
	if err != nil {
		return true
	}
	for _, p := range d.config {
		info, err := t.stat(p)
		if isNotExist(err) {
			continue
		}
		if err != nil {
			return true
		}
		changed := info.ModTime()
		if s, ok := info.Sys().(*syscall.Stat_t); ok {
			changed = time.Unix(s.Ctim.Unix())
		}
		if !changed.Before(socket.ModTime()) {
			return true
		}
	}
	return false
}

// containers counts the containers and pods that call the wrapper.
func (u *uninstaller) containers(d daemon) int {
	files, err := u.tree.glob(d.containers)
	if err != nil {
		return 1
	}
	n := 0
	for _, p := range files {
		data, err := u.tree.read(p)
		if isNotExist(err) {
			continue // it ended meanwhile
		}
		if err != nil || u.isWrapper(strings.TrimSpace(string(data))) ||
			bytes.Contains(data, []byte(`"`+filepath.Join(u.Prefix, wrapperPrefix))) {
			n++
		}
	}
	return n
}
