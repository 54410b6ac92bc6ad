package install

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// files are a node's files by path; a content "-> x" is a symlink.
type files map[string]string

// fakeNode is a folder tree with programs that behave as a runtime's do, as
// far as install can see.
type fakeNode struct {
	tree
	release string // containerd1, containerd2 or crio
	// broken programs fail, by path.
	broken map[string]bool
}

func newNode(t testing.TB, release string, content files) *fakeNode {
	t.Helper()
	root := t.TempDir()
	n := &fakeNode{tree: tree{root: root}, release: release}
	n.write(t, files{"/usr/sbin/runc": "real"})
	if release == "crio" {
		n.write(t, files{"/usr/bin/crio": "program"})
	} else {
		n.write(t, files{"/usr/bin/containerd": "program"})
	}
	n.write(t, content)
	return n
}

func (n *fakeNode) write(t testing.TB, content files) {
	t.Helper()
	for name, data := range content {
		full := filepath.Join(n.root, name)
		err := os.MkdirAll(filepath.Dir(full), 0o755)
		if target, ok := strings.CutPrefix(data, "-> "); ok {
			err = errors.Join(err, os.Symlink(target, full))
		} else {
			err = errors.Join(err, os.WriteFile(full, []byte(data), 0o755))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// snapshot reads all files.
func (n *fakeNode) snapshot(t testing.TB) files {
	t.Helper()
	out := files{}
	err := filepath.WalkDir(n.root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name := strings.TrimPrefix(p, n.root)
		if d.Type()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(p)
			out[name] = "-> " + target
			return err
		}
		if d.Type()&fs.ModeSocket != 0 {
			return nil
		}
		data, err := os.ReadFile(p)
		out[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// run is what the programs of the node print. A wrapper with the content
// "wrapper" passes --version through to what runtime.yaml and its name say.
func (n *fakeNode) run(_ context.Context, env []string, path string, args ...string) ([]byte, error) {
	data, err := n.read(path)
	switch {
	case err != nil:
		return nil, err
	case n.broken[path]:
		return nil, errors.New("broken")
	case string(data) == "real":
		return []byte(path + " 1.0\n"), nil
	case strings.HasPrefix(string(data), "wrapper"):
		config, _ := strings.CutPrefix(strings.Join(env, ""), RuntimeConfigEnv+"=")
		i := installer{Options: Options{RuntimeConfig: config}, tree: n.tree, plan: &Plan{}}
		w, err := i.wrap(nil)
		if err != nil {
			return nil, err
		}
		real, ok := i.realOf(w, filepath.Base(path))
		if !ok {
			return nil, errors.New("no real runtime")
		}
		return []byte(real + " 1.0\n"), nil
	case string(data) != "program":
		return nil, errors.New("exec format error")
	case n.release == "crio":
		return n.crio(args)
	case slices.Equal(args, []string{"--version"}):
		return []byte("containerd github.com/containerd/containerd v" + strings.TrimPrefix(n.release, "containerd") + ".7.4 0123abc\n"), nil
	default:
		return n.containerd(args)
	}
}

func (n *fakeNode) section() string {
	if n.release == "containerd1" {
		return criRuntime1
	}
	return criRuntime2
}

// containerd answers config dump and config default.
func (n *fakeNode) containerd(args []string) ([]byte, error) {
	defaults := nest(table{"runtime_type": runcShim, "options": table{"BinaryName": "", "SystemdCgroup": false}},
		"plugins", n.section(), "containerd", "runtimes", "runc")
	dig(defaults, "plugins", n.section(), "containerd")["default_runtime_name"] = "runc"
	loaded := table{}
	if args[0] == "--config" {
		all, err := containerdPaths{main: args[1]}.load(n.tree, nil)
		if err != nil {
			return nil, err
		}
		if all == nil {
			return nil, errors.New("no such file")
		}
		for _, f := range all {
			t, err := parse(f.path, f.data)
			if err != nil {
				return nil, err
			}
			if plugins := dig(t, "plugins"); n.release == "containerd2" && plugins[criRuntime1] != nil {
				plugins[criRuntime2] = plugins[criRuntime1] // migrated
				delete(plugins, criRuntime1)
			}
			n.merge(loaded, t)
		}
	}
	loaded["version"] = int64(2)
	merge(defaults, loaded)
	return render(defaults)
}

// merge merges a file over others, as the release does.
func (n *fakeNode) merge(base, over table) {
	if n.release == "containerd1" {
		for name := range dig(over, "plugins") {
			delete(dig(base, "plugins"), name)
		}
	}
	merge(base, over)
}

func merge(base, over table) {
	for key, value := range over {
		inner, ok := value.(table)
		if below, both := base[key].(table); ok && both {
			merge(below, inner)
			continue
		}
		base[key] = value
	}
}

const crioDefaults = `
[crio.runtime]
default_runtime = "crun"
[crio.runtime.runtimes.crun]
runtime_path = ""
runtime_type = "oci"
runtime_root = "/run/crun"
[crio.nri]
enable_nri = true
`

// crio answers config, with --config and --config-dir or --default.
func (n *fakeNode) crio(args []string) ([]byte, error) {
	if slices.Contains(args, "--default") {
		return []byte(crioDefaults), nil
	}
	var names []string
	if args[1] != "" {
		names = append(names, args[1])
	}
	more, err := n.walk(args[3], nil)
	if err != nil {
		return nil, err
	}
	merged, err := parse("defaults", []byte(crioDefaults))
	if err != nil {
		return nil, err
	}
	for _, name := range append(names, more...) {
		data, err := n.read(name)
		if err != nil {
			return nil, err
		}
		t, err := parse(name, data)
		if err != nil {
			return nil, err
		}
		handlers := maps.Clone(dig(merged, runtimesPath()...))
		maps.Copy(handlers, dig(t, runtimesPath()...)) // whole handlers
		merge(merged, t)
		dig(merged, "crio", "runtime")["runtimes"] = handlers
	}
	return render(merged)
}

// called gives the OCI runtimes that the node's runtime would call now.
func (n *fakeNode) called(t testing.TB) []string {
	t.Helper()
	args := []string{"--config", crioConfig, "--config-dir", dropInFolder(crioConfig), "config"}
	if !n.isFile(crioConfig) {
		args[1] = ""
	}
	if n.release != "crio" {
		args = []string{"--config", containerdConfig, "config", "dump"}
		if !n.isFile(containerdConfig) {
			args = []string{"config", "default"}
		}
	}
	program, _ := n.find("containerd")
	if n.release == "crio" {
		program, _ = n.find("crio")
	}
	out, err := n.run(t.Context(), nil, program, args...)
	if err != nil {
		t.Fatalf("the runtime would not start: %v", err)
	}
	all, err := parse("dump", out)
	if err != nil {
		t.Fatal(err)
	}
	var called []string
	for key, value := range flat(all) {
		parts := strings.Split(key, pathSeparator)
		last := parts[len(parts)-1]
		if last == "BinaryName" || last == "runtime_path" || slices.Contains(parts, "platform_runtime_paths") {
			if s := fmt.Sprint(value); s != "" {
				called = append(called, s)
			}
		}
	}
	return called
}

// startable fails the test where the runtime could not start a container now.
func (n *fakeNode) startable(t testing.TB, when string) {
	t.Helper()
	for _, path := range n.called(t) {
		if strings.HasPrefix(path, DefaultPrefix+"/") && !n.isFile(path) {
			t.Errorf("%s: %s is to be called and is not there", when, path)
		}
	}
}

func (n *fakeNode) copy(t testing.TB) *fakeNode {
	t.Helper()
	c := &fakeNode{tree: tree{root: t.TempDir()}, release: n.release, broken: n.broken}
	c.write(t, n.snapshot(t))
	return c
}
