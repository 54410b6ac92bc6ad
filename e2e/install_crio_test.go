package e2e_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/node"
)

// TestInstallOnCRIO: CRI-O looks up the OCI runtime of a container by its
// handler's name, so a restart is all that containers need for either change.
func TestInstallOnCRIO(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, build.CRIO, "")
	before, err := os.ReadFile(i.Config())
	i.must(err)
	podOld, old := i.pod("old")

	i.stand("one", "")
	i.expect(0, "restart the runtime", "install", "--binary", i.wrapper)
	i.expect(0, "nothing to change", "install", "--binary", i.wrapper)
	i.called()
	i.exec(old)
	if i.called() {
		t.Error("the wrapper is called before the restart")
	}
	i.restart()
	i.called()
	i.exec(old)
	if !i.called("one ", " exec ", old.ID) {
		t.Error("a container that was there before does not call the wrapper after the restart")
	}
	for _, handler := range []string{"", node.OtherHandler} {
		pod, err := i.CRI.RunPodHandler(t.Context(), i.CRI.Pod("handler"+handler), handler)
		i.must(err)
		i.container(pod, "main")
		if !i.called("one ", " create ") {
			t.Errorf("handler %q does not call the wrapper", handler)
		}
		i.must(pod.Remove(t.Context()))
	}
	pod, c := i.pod("new")

	i.stand("two", "")
	i.expect(0, "replace "+i.prefix, "install", "--binary", i.wrapper)
	i.called()
	i.exec(c)
	if !i.called("two ", " exec ", c.ID) {
		t.Error("after the upgrade the old wrapper is called")
	}

	i.expect(2, "restart it", "uninstall")
	i.exec(c)
	i.container(pod, "before-restart")
	if !i.called("two ", " create ") {
		t.Error("CRI-O has another configuration before the restart")
	}
	i.restart()
	i.expect(0, "remove "+i.prefix, "uninstall", "--purge")
	if i.installed() {
		t.Error("the wrapper is still there")
	}
	i.called()
	i.exec(c)
	i.container(pod, "second")
	i.must(c.Remove(t.Context()))
	i.must(pod.Remove(t.Context()))
	i.must(podOld.Remove(t.Context()))
	if i.called() {
		t.Error("the wrapper is called after it was removed")
	}
	after, err := os.ReadFile(i.Config())
	i.must(err)
	if left, err := filepath.Glob(i.Config() + ".d/*"); err != nil || len(left) > 0 || !bytes.Equal(before, after) {
		t.Errorf("of the configuration there is left %v, %v:\n%s", left, err, after)
	}
}

// TestInstallOnCRIORefuses: what cannot work changes nothing, and CRI-O starts
// all the same.
func TestInstallOnCRIORefuses(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, build.CRIO, "")
	good, err := os.ReadFile(i.Config())
	i.must(err)
	dropIn := i.Config() + ".d"
	for _, test := range []struct{ name, do, file, content, want string }{
		{"a wrapper that fails", "exit 1", "", "", "does not run"},
		{"broken TOML", "", i.Config(), "[crio", "crio.toml:1:"},
		{"a value of a wrong type", "", i.Config(), string(bytes.Replace(good, []byte("drop_infra_ctr"), []byte("x"), 1)) + "\n[crio.stats]\nstats_collection_period = 'often'\n", "CRI-O cannot read its configuration"},
		{"a later drop-in", "", filepath.Join(dropIn, "99-z.conf"), "[crio.runtime.runtimes.runc]\nruntime_path = '" + i.runc + "'\n", "is overridden by another file, which is read after"},
	} {
		i.stand("bad", test.do)
		if test.file != "" {
			i.must(os.MkdirAll(dropIn, 0o755))
			i.must(os.WriteFile(test.file, []byte(test.content), 0o644))
		}
		i.expect(1, test.want, "install", "--binary", i.wrapper)
		if _, err := os.Lstat(filepath.Join(dropIn, "99-specguard.conf")); err == nil || i.installed() {
			t.Errorf("%s: something was changed", test.name)
		}
		i.must(os.RemoveAll(dropIn))
		i.must(os.WriteFile(i.Config(), good, 0o644))
	}
	i.restart()
	pod, err := i.CRI.RunPod(t.Context(), i.CRI.Pod("after", cri.Namespace("a")))
	i.must(err)
	i.container(pod, "main")
	i.must(pod.Remove(t.Context()))
}
