package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/node"
)

// call is one command of the OCI runtime, without and with the wrapper.
type call struct {
	Name       string  `json:"name"`
	P50        float64 `json:"p50Milliseconds"`
	P50Wrapped float64 `json:"p50MillisecondsWrapped"`
}

// commands are what is called for each container. The container says that it is
// a pod's sandbox, for which the wrapper reads the bundle and asks nobody.
func commands() []string { return []string{"create", "state", "start", "kill", "delete"} }

// caller calls an OCI runtime.
type caller struct {
	program, bundles, root, cgroup string
	env                            []string
	times                          map[string][]time.Duration
}

// measureCalls takes the times of calls of runc, with and without the wrapper,
// and the wrapper's size.
func measureCalls(ctx context.Context, cache *build.Cache, n *node.Node, count int) ([]call, int64, error) {
	runc, err := cache.Runc(ctx, build.Containerd2)
	if err != nil {
		return nil, 0, err
	}
	wrapper, err := cache.Runtime(ctx)
	if err != nil {
		return nil, 0, err
	}
	info, err := os.Stat(wrapper)
	if err != nil {
		return nil, 0, fmt.Errorf("size of the wrapper: %w", err)
	}
	dir := filepath.Join(n.Dir(), "calls")
	config := filepath.Join(dir, "runtime.yaml")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, 0, err
	}
	if err := os.WriteFile(config, []byte("runtimes: {specguard-runtime: "+runc+"}\n"), 0o600); err != nil {
		return nil, 0, err
	}
	plain, wrapped := newCaller(runc, dir, n), newCaller(wrapper, dir, n)
	wrapped.env = append(os.Environ(), "SPECGUARD_RUNTIME_CONFIG="+config)
	for i := range count {
		for j, c := range []*caller{plain, wrapped} {
			if err := c.container(ctx, fmt.Sprintf("bench-%d-%d", i, j)); err != nil {
				return nil, 0, err
			}
		}
	}
	var out []call
	for _, name := range commands() {
		out = append(out, call{Name: name, P50: plain.p50(name), P50Wrapped: wrapped.p50(name)})
	}
	return out, info.Size(), nil
}

func newCaller(program, dir string, n *node.Node) *caller {
	return &caller{
		program: program, bundles: dir, root: filepath.Join(dir, "state"),
		cgroup: "/" + filepath.Base(n.Cgroups()[0]) + "/calls", times: map[string][]time.Duration{},
	}
}

func (c *caller) p50(name string) float64 {
	slices.Sort(c.times[name])
	return percentile(c.times[name], 50)
}

// container makes a container, and takes the time of each call.
func (c *caller) container(ctx context.Context, id string) error {
	bundle, err := c.bundle(id)
	if err != nil {
		return err
	}
	defer os.RemoveAll(bundle)
	for _, name := range commands() {
		args := []string{"--root", c.root, name}
		switch name {
		case "create":
			args = append(args, "--bundle", bundle, id)
		case "kill":
			args = append(args, id, "KILL")
		default:
			args = append(args, id)
		}
		cmd := exec.CommandContext(ctx, c.program, args...)
		cmd.Env = c.env
		began := time.Now()
		err := cmd.Run() // without pipes, which the container would hold open
		if err != nil {
			return fmt.Errorf("%s %s: %w", c.program, strings.Join(args, " "), err)
		}
		c.times[name] = append(c.times[name], time.Since(began))
		if name == "kill" {
			if err := c.ended(ctx, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// ended waits until the container has stopped.
func (c *caller) ended(ctx context.Context, id string) error {
	for range 1000 {
		cmd := exec.CommandContext(ctx, c.program, "--root", c.root, "state", id)
		cmd.Env = c.env
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("state of %s: %w", id, err)
		}
		if strings.Contains(string(out), `"stopped"`) {
			return nil
		}
	}
	return fmt.Errorf("%s does not stop", id)
}

// bundle makes a bundle with a busybox in it.
func (c *caller) bundle(id string) (string, error) {
	bundle := filepath.Join(c.bundles, id)
	bin := filepath.Join(bundle, "rootfs", "bin")
	for _, folder := range []string{bin, filepath.Join(bundle, "rootfs", "proc"), filepath.Join(bundle, "rootfs", "dev")} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return "", err
		}
	}
	if err := os.Link(build.Busybox, filepath.Join(bin, "busybox")); err != nil {
		data, err := os.ReadFile(build.Busybox)
		if err == nil {
			err = os.WriteFile(filepath.Join(bin, "busybox"), data, 0o755)
		}
		if err != nil {
			return "", err
		}
	}
	spec := `{"ociVersion":"1.2.0","root":{"path":"rootfs","readonly":true},
"process":{"user":{"uid":0,"gid":0},"args":["/bin/busybox","sleep","600"],"cwd":"/","env":["PATH=/bin"],"noNewPrivileges":true,"capabilities":{}},
"mounts":[{"destination":"/proc","type":"proc","source":"proc"},{"destination":"/dev","type":"tmpfs","source":"tmpfs"}],"annotations":{"io.kubernetes.cri.container-type":"sandbox","io.kubernetes.cri.sandbox-id":` + strconv.Quote(id) + `},
"linux":{"cgroupsPath":` + strconv.Quote(c.cgroup+"/"+id) + `,"namespaces":[{"type":"pid"},{"type":"mount"},{"type":"ipc"},{"type":"uts"}]}}`
	return bundle, os.WriteFile(filepath.Join(bundle, "config.json"), []byte(spec), 0o644)
}
