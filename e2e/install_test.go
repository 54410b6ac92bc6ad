package e2e_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/node"
)

// runtimeConfig names the wrapper's configuration, to it and to install.
const runtimeConfig = "SPECGUARD_RUNTIME_CONFIG"

// installation is a node of its own with what is needed to install there.
type installation struct {
	*node.Node
	t *testing.T

	specguard, wrapper, prefix, calls string
	env                               []string
	runc                              string
}

func newInstallation(t *testing.T, release build.Release, extra string) *installation {
	t.Helper()
	i := &installation{t: t}
	i.Node = lab.Private(t, release, func(o *node.Options) {
		o.Extra = extra
		i.runc = o.Runc
		i.env = append(os.Environ(), "PATH="+o.Programs.Dir+":"+os.Getenv("PATH"))
		o.BeforeStart = func(n *node.Node) error {
			n.Setenv(runtimeConfig, n.Dir()+"/etc/runtime.yaml")
			return nil
		}
	})
	var err error
	if i.specguard, err = lab.Cache(t).Agent(t.Context()); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(i.Dir(), name) }
	i.prefix, i.calls, i.wrapper = in("bin"), in("calls"), in("wrapper")
	i.env = append(i.env, runtimeConfig+"="+in("etc/runtime.yaml"))
	return i
}

// stand writes a wrapper that notes how it is called, with a mark, and then
// does what is said, or else is the real runtime.
func (i *installation) stand(mark, do string) {
	i.t.Helper()
	if do == "" {
		do = "exec " + i.runc + ` "$@"`
	}
	script := fmt.Sprintf("#!/bin/sh\necho \"%s $*\" >>%s\n%s\n", mark, i.calls, do)
	if err := os.WriteFile(i.wrapper, []byte(script), 0o755); err != nil {
		i.t.Fatal(err)
	}
}

// call runs a command of specguard for the node and gives its exit status and
// what it printed.
func (i *installation) call(command string, args ...string) (int, string) {
	i.t.Helper()
	runtime := "containerd"
	if i.Release() == build.CRIO {
		runtime = "crio"
	}
	cmd := exec.CommandContext(i.t.Context(), i.specguard, append([]string{command,
		"--runtime", runtime, "--runtime-config", i.Config(), "--prefix", i.prefix}, args...)...)
	cmd.Env = i.env
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		i.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// expect calls and wants an exit status, and words in the output.
func (i *installation) expect(status int, words string, command string, args ...string) {
	i.t.Helper()
	code, out := i.call(command, args...)
	if code != status || !strings.Contains(out, words) {
		i.t.Errorf("%s: exit status %d, want %d and %q:\n%s", command, code, status, words, out)
	}
	i.t.Logf("%s: exit status %d\n%s", command, code, out)
}

// called tells whether the wrapper was called with these words since the last
// time.
func (i *installation) called(words ...string) bool {
	i.t.Helper()
	data, err := os.ReadFile(i.calls)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		i.t.Fatal(err)
	}
	if err := os.Remove(i.calls); err != nil && !errors.Is(err, fs.ErrNotExist) {
		i.t.Fatal(err)
	}
	for _, line := range strings.Split(string(data), "\n") {
		all := line != ""
		for _, word := range words {
			all = all && strings.Contains(line, word)
		}
		if all {
			return true
		}
	}
	return false
}

func (i *installation) restart() {
	i.t.Helper()
	if err := i.Restart(i.t.Context()); err != nil {
		i.t.Fatal(err)
	}
}

// pod runs a pod with a container in it.
func (i *installation) pod(name string) (*cri.Sandbox, *cri.Running) {
	i.t.Helper()
	pod, err := i.CRI.RunPod(i.t.Context(), i.CRI.Pod(name))
	if err != nil {
		i.t.Fatal(err)
	}
	return pod, i.container(pod, "main")
}

func (i *installation) container(pod *cri.Sandbox, name string) *cri.Running {
	i.t.Helper()
	c, err := pod.Run(i.t.Context(), cri.Container(name, node.AppImage, []string{"sleep", "600"}))
	if err != nil {
		i.t.Fatal(err)
	}
	return c
}

// must fails the test where something could not be done.
func (i *installation) must(err error) {
	i.t.Helper()
	if err != nil {
		i.t.Fatal(err)
	}
}

func (i *installation) exec(c *cri.Running) {
	i.t.Helper()
	_, err := c.Exec(i.t.Context(), "true")
	i.must(err)
}

func (i *installation) installed() bool {
	_, err := os.Lstat(filepath.Join(i.prefix, "specguard-runtime"))
	return err == nil
}

// imports is a configuration that imports a folder.
const imports = "imports = ['conf.d/*.toml']\n"

func TestInstall(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		release build.Release
		extra   string
	}{
		{"containerd 2", build.Containerd2, ""},
		{"containerd 2, imports a folder", build.Containerd2, imports},
		{"containerd 1.7", build.Containerd1, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			i := newInstallation(t, test.release, test.extra)
			before, err := os.ReadFile(i.Config())
			i.must(err)
			podOld, old := i.pod("old")

			i.stand("one", "")
			i.expect(0, "restart the runtime", "install", "--binary", i.wrapper)
			i.expect(0, "nothing to change", "install", "--binary", i.wrapper)
			i.restart()
			i.called()
			i.exec(old)
			if i.called() {
				t.Error("a container that was there before calls the wrapper")
			}
			pod, c := i.pod("new")
			if !i.called("one ", " create ", c.ID) {
				t.Error("the wrapper did not create the container")
			}
			other, err := i.CRI.RunPodHandler(t.Context(), i.CRI.Pod("other"), node.OtherHandler)
			i.must(err)
			i.container(other, "main")
			if !i.called("one ", " create ") {
				t.Error("the other handler does not call the wrapper")
			}
			i.must(other.Remove(t.Context()))

			i.stand("two", "")
			i.expect(0, "replace "+i.prefix, "install", "--binary", i.wrapper)
			i.exec(c)
			if !i.called("two ", " exec ", c.ID) {
				t.Error("after the upgrade the old wrapper is called")
			}

			i.expect(2, "restart it", "uninstall")
			after, err := os.ReadFile(i.Config())
			i.must(err)
			if !bytes.Equal(before, after) {
				t.Errorf("the configuration was not restored:\n%s", after)
			}
			podBefore, _ := i.pod("before-restart")
			i.restart()
			i.called()
			i.expect(2, "were made with it", "uninstall")
			i.exec(c)
			second := i.container(pod, "second")
			if !i.called("two ", " create ", second.ID) {
				t.Error("a new container of an old pod does not call the wrapper, so it need not have been kept")
			}
			i.must(c.Remove(t.Context()))
			i.must(podBefore.Remove(t.Context()))
			i.must(pod.Remove(t.Context()))
			i.expect(0, "remove "+i.prefix, "uninstall", "--purge")
			if i.installed() {
				t.Error("the wrapper is still there")
			}
			i.called()
			podLast, last := i.pod("last")
			i.exec(last)
			i.exec(old)
			if i.called() {
				t.Error("the wrapper is called after it was removed")
			}
			i.must(podLast.Remove(t.Context()))
			i.must(podOld.Remove(t.Context()))
		})
	}
}

// TestInstallRefuses: what cannot work changes nothing.
func TestInstallRefuses(t *testing.T) {
	t.Parallel()
	for _, release := range []build.Release{build.Containerd2, build.Containerd1} {
		t.Run(release.String(), func(t *testing.T) {
			i := newInstallation(t, release, "")
			good, err := os.ReadFile(i.Config())
			i.must(err)
			for _, test := range []struct {
				name, do, from, to, want string
			}{
				{"a wrapper that fails", "exit 1", "", "", "does not run"},
				{"a wrapper that does not pass through", "echo hello", "", "", "does not pass --version through"},
				{"a broken configuration", "", "[plugins]", "[plugins", "containerd.toml:"},
				{"a value of a wrong type", "", "restrict_oom_score_adj = true", "restrict_oom_score_adj = 'often'", "containerd cannot read its configuration"},
				{"no OCI runtime", "", i.runc, "/gone", "/gone does not exist"},
			} {
				i.stand("bad", test.do)
				config := strings.ReplaceAll(string(good), test.from, test.to)
				if test.from == "" {
					config = string(good)
				}
				i.must(os.WriteFile(i.Config(), []byte(config), 0o644))
				i.expect(1, test.want, "install", "--binary", i.wrapper)
				left, err := os.ReadFile(i.Config())
				i.must(err)
				if string(left) != config {
					t.Errorf("%s: the configuration was changed:\n%s", test.name, left)
				}
				for _, name := range []string{"bin", "conf.d", "etc"} {
					if _, err := os.Lstat(filepath.Join(i.Dir(), name)); err == nil {
						t.Errorf("%s: %s was made", test.name, name)
					}
				}
			}
			i.must(os.WriteFile(i.Config(), good, 0o644))
			i.restart()
			pod, _ := i.pod("after")
			i.must(pod.Remove(t.Context()))
		})
	}
}
