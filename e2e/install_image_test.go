package e2e_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/require"
)

// TestInstallIntoAnImage installs below the root of an image: containerd runs
// with that root as its own and checks its configuration, whatever form it has.
func TestInstallIntoAnImage(t *testing.T) {
	t.Parallel()
	const (
		cri1 = `plugins."io.containerd.grpc.v1.cri"`
		cri2 = `plugins."io.containerd.cri.v1.runtime"`
		both = "[" + cri1 + "]\nstream_server_port = '77'\n[" + cri1 + ".registry]\nconfig_path = '/certs'\n" +
			"[" + cri1 + ".containerd.runtimes.runc]\nruntime_type = 'io.containerd.runc.v2'\n" +
			"[" + cri1 + ".containerd.runtimes.runc.options]\nSystemdCgroup = true\n" +
			"[" + cri1 + ".containerd.runtimes.crun]\nruntime_type = 'io.containerd.runc.v2'\n" +
			"[" + cri1 + ".containerd.runtimes.crun.options]\nBinaryName = '/usr/bin/crun'\n"
	)
	main, dropIn := "/etc/containerd/config.toml", "/etc/containerd/conf.d/99-specguard.toml"
	for _, test := range []struct {
		name    string
		release build.Release
		files   map[string]string
		change  []string // besides the wrapper and runtime.yaml
	}{
		{"no configuration", build.Containerd2, nil, []string{main, dropIn}},
		{"no configuration", build.Containerd1, nil, []string{main}},
		{"version 2", build.Containerd2, map[string]string{main: "version = 2\n" + both}, []string{main, dropIn}},
		{"version 2", build.Containerd1, map[string]string{main: "version = 2\n" + both}, []string{main}},
		{"version 3 without handlers", build.Containerd2, map[string]string{main: "version = 3\nimports = [\"conf.d/*.toml\"]\n"}, []string{dropIn}},
		{"version 4", build.Containerd2, map[string]string{main: "version = 4\n"}, []string{main, dropIn}},
		{"without handlers", build.Containerd1, map[string]string{main: "version = 2\n[" + cri1 + "]\nenable_selinux = true\n"}, []string{main}},
		{
			"imports that go over one another", build.Containerd2,
			map[string]string{
				main:                             "version = 3\nimports = [\"conf.d/*.toml\"]\n",
				"/etc/containerd/conf.d/20.toml": "version = 3\n[" + cri2 + ".containerd.runtimes.runc.options]\nBinaryName = 'none'\n",
				"/etc/containerd/conf.d/30.toml": "version = 3\n[" + cri2 + ".containerd.runtimes.runc.options]\nBinaryName = 'runc'\nSystemdCgroup = true\n",
			}, []string{dropIn},
		},
		{
			"imports that go over one another", build.Containerd1,
			map[string]string{
				main:                               "version = 2\nimports = [\"/etc/containerd/conf.d/*.toml\"]\n" + both,
				"/etc/containerd/conf.d/cri.toml":  "version = 2\n" + strings.ReplaceAll(both, "77", "88"),
				"/etc/containerd/conf.d/more.toml": "version = 2\n[debug]\nlevel = 'info'\n",
			}, []string{"/etc/containerd/conf.d/cri.toml"},
		},
	} {
		t.Run(test.release.String()+" "+test.name, func(t *testing.T) {
			r := newRoot(t, test.release, test.files)
			before, was := r.files(), r.dump()
			r.specguard("install", "--binary", r.write("/wrapper", wrapperForRoot))
			after := r.files()
			for _, path := range append(test.change, "/usr/local/bin/specguard-runtime", "/etc/specguard/runtime.yaml") {
				if after[path] == before[path] {
					t.Errorf("%s was not changed", path)
				}
				delete(after, path)
			}
			for path, data := range after {
				if data != before[path] && path != "/usr/local/bin/specguard-crun" {
					t.Errorf("%s was changed:\n%s", path, data)
				}
			}
			is := r.dump()
			wrapped := 0
			for key, value := range is {
				if value == was[key] {
					continue
				}
				wrapped++
				if !strings.HasSuffix(key, ".options.BinaryName") || !strings.HasPrefix(value, "/usr/local/bin/specguard-") {
					t.Errorf("%s is now %s, and was %q", key, value, was[key])
				}
			}
			for key := range was {
				if _, ok := is[key]; !ok {
					t.Errorf("%s is gone", key)
				}
			}
			if want := 1 + strings.Count(test.files[main], ".crun]"); wrapped != want {
				t.Errorf("%d handlers are wrapped, want %d", wrapped, want)
			}
			r.specguard("uninstall", "--purge")
			if left := r.files(); !maps.Equal(left, before) {
				t.Errorf("after the uninstall there is\n%v\nwant\n%v", left, before)
			}
		})
	}
}

// wrapperForRoot is the real runtime that runtime.yaml or its name says.
const wrapperForRoot = `#!/bin/sh
case $0 in
*/specguard-crun) exec /usr/bin/crun "$@" ;;
*) exec /usr/sbin/runc "$@" ;;
esac
`

// root is the root of an image with containerd and OCI runtimes.
type root struct {
	t          *testing.T
	dir, agent string
}

func newRoot(t *testing.T, release build.Release, content map[string]string) *root {
	t.Helper()
	require.Host(t)
	o := lab.Options(t, release)
	agent, err := lab.Cache(t).Agent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := &root{t: t, dir: t.TempDir(), agent: agent}
	for path, from := range map[string]string{"/bin/sh": build.Busybox, "/usr/bin/containerd": o.Programs.Daemon} {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		r.write(path, string(data))
	}
	for _, runtime := range []string{"/usr/sbin/runc", "/usr/bin/crun"} {
		r.write(runtime, "#!/bin/sh\necho "+runtime+" 1.0\n")
	}
	for path, data := range content {
		r.write(path, data)
	}
	return r
}

// write makes a file below the root and gives its path here.
func (r *root) write(path, data string) string {
	r.t.Helper()
	full := filepath.Join(r.dir, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(data), 0o755); err != nil {
		r.t.Fatal(err)
	}
	return full
}

// files reads all files below /etc and /usr/local.
func (r *root) files() map[string]string {
	r.t.Helper()
	out := map[string]string{}
	for _, folder := range []string{"/etc", "/usr/local"} {
		err := filepath.WalkDir(filepath.Join(r.dir, folder), func(p string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(p)
			out[strings.TrimPrefix(p, r.dir)] = string(data)
			return err
		})
		if err != nil {
			r.t.Fatal(err)
		}
	}
	return out
}

// dump is the configuration that containerd would have in this root: values by
// the dotted path of their keys.
func (r *root) dump() map[string]string {
	r.t.Helper()
	what := "dump"
	if _, err := os.Lstat(filepath.Join(r.dir, "etc/containerd/config.toml")); err != nil {
		what = "default" // as the daemon
	}
	cmd := exec.CommandContext(r.t.Context(), "/usr/bin/containerd", "config", what)
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: r.dir}
	cmd.Dir = "/"
	data, err := cmd.Output()
	if err != nil {
		r.t.Fatal(err)
	}
	var config map[string]any
	if err := toml.Unmarshal(data, &config); err != nil {
		r.t.Fatal(err)
	}
	delete(config, "imports") // the files
	out := map[string]string{}
	flatten(out, "", config)
	return out
}

func flatten(out map[string]string, path string, value any) {
	table, ok := value.(map[string]any)
	if !ok {
		out[path] = fmt.Sprint(value)
		return
	}
	for key, value := range table {
		flatten(out, path+"."+key, value)
	}
}

// specguard calls a command that must do its work.
func (r *root) specguard(args ...string) {
	r.t.Helper()
	out, err := exec.CommandContext(r.t.Context(), r.agent, append(args, "--root", r.dir)...).CombinedOutput()
	if err != nil {
		r.t.Fatalf("%v: %s", err, out)
	}
}
