package install

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What cannot work is refused in one line, and nothing is changed.
func TestInstallRefuses(t *testing.T) {
	const imports = "version = 3\nimports = ['conf.d/*.toml']\n"
	for _, test := range []struct {
		name, release string
		before        files
		change        func(*fakeNode, *Options)
		want          string
	}{
		{name: "no wrapper", release: "containerd2", change: func(_ *fakeNode, o *Options) { o.Binary = "/none" }, want: "the wrapper: "},
		{name: "relative prefix", release: "containerd2", change: func(_ *fakeNode, o *Options) { o.Prefix = "bin" }, want: "must be an absolute path"},
		{name: "unknown runtime", release: "containerd2", change: func(_ *fakeNode, o *Options) { o.Runtime = "docker" }, want: "not one of auto, containerd, crio"},
		{name: "whose configuration", release: "containerd2", change: func(_ *fakeNode, o *Options) { o.Config = "/x" }, want: "--runtime-config needs"},
		{name: "runtime is not there", release: "containerd2", change: func(_ *fakeNode, o *Options) { o.Runtime = "crio" }, want: "crio does not exist"},
		{name: "both runtimes", release: "containerd2", before: files{"/usr/bin/crio": "program"}, want: "both containerd and CRI-O"},
		{name: "both configured", release: "containerd2", before: files{mainFile: imports, crioConfig: "", "/usr/bin/crio": "program"}, want: "both containerd and CRI-O"},
		{name: "the real runtime fails", release: "containerd2", change: func(n *fakeNode, _ *Options) { n.broken = map[string]bool{"/usr/sbin/runc": true} }, want: "the OCI runtime does not run"},
		{name: "containerd fails", release: "containerd2", change: func(n *fakeNode, _ *Options) { n.broken = map[string]bool{"/usr/bin/containerd": true} }, want: "broken"},
		{name: "CRI-O fails", release: "crio", change: func(n *fakeNode, _ *Options) { n.broken = map[string]bool{"/usr/bin/crio": true} }, want: "broken"},
		{name: "another release", release: "containerd9", want: "containerd 9 is not known"},
		{name: "no such handler", release: "containerd2", change: func(_ *fakeNode, o *Options) { o.Handlers = []string{"kata"} }, want: `no runtime handler "kata" that calls an OCI runtime (there are: runc)`},
		{name: "default OCI runtime is not there", release: "crio", want: "its OCI runtime crun does not exist"},
		{name: "broken TOML", release: "containerd2", before: files{mainFile: "version = 3\n[a\n"}, want: mainFile + ":2:3: "},
		{name: "broken TOML for CRI-O", release: "crio", before: files{crioConfig: "a = \n"}, want: crioConfig + ":1:"},
		{name: "version 1", release: "containerd1", before: files{mainFile: "[plugins.cri]\n"}, want: "has version 1"},
		{name: "missing import", release: "containerd2", before: files{mainFile: "version = 3\nimports = ['a.toml']\n"}, want: "/etc/containerd/a.toml"},
		{name: "main file is a symlink", release: "containerd2", before: files{mainFile: "-> ../store/config.toml", "/etc/store/config.toml": "version = 3\n"}, want: "is not a regular file"},
		{
			name: "a later file overrides the drop-in", release: "containerd2",
			before: files{mainFile: imports, "/etc/containerd/conf.d/99-z.toml": "version = 3\n[" + cri2 + ".runc.options]\nBinaryName = 'runc'\n"},
			want:   "another file of containerd's configuration overrides it",
		},
		{
			name: "a later file overrides CRI-O's drop-in", release: "crio",
			before: files{"/usr/bin/crun": "real", "/etc/crio/crio.conf.d/99-z.conf": "[crio.runtime.runtimes.crun]\nruntime_path = '/usr/bin/crun'\n"},
			want:   "is overridden by another file, which is read after",
		},
		{
			name: "a later file switches NRI off", release: "crio",
			before: files{"/usr/bin/crun": "real", "/etc/crio/crio.conf.d/99-z.conf": "[crio.nri]\nenable_nri = false\n"},
			want:   "turns NRI off",
		},
		{
			name: "options in one line", release: "containerd1",
			before: files{mainFile: "version = 2\n[" + cri1 + ".runc]\nruntime_type = 'io.containerd.runc.v2'\noptions = {SystemdCgroup = true}\n"},
			want:   "must have a table of their own",
		},
		{
			name: "an old default runtime", release: "containerd1",
			before: files{mainFile: "version = 2\n[" + strings.TrimSuffix(cri1, ".runtimes") + ".default_runtime]\nruntime_type = 'io.containerd.runc.v2'\n"},
			want:   "old table default_runtime",
		},
		{name: "runtime.yaml is broken", release: "containerd2", before: files{RuntimeConfig: "runtimes: [\n"}, want: RuntimeConfig + ":"},
		{name: "unknown key in runtime.yaml", release: "containerd2", before: files{RuntimeConfig: "timeout: 5s\nsockets: /a\n"}, want: RuntimeConfig + ":2:1: "},
		{name: "relative path in runtime.yaml", release: "containerd2", before: files{RuntimeConfig: "runtimes: {specguard-runtime: runc}\n"}, want: `:1:31: runtimes.specguard-runtime: "runc" is not an absolute path`},
		{name: "no duration in runtime.yaml", release: "containerd2", before: files{RuntimeConfig: "timeout: 5\n"}, want: "is not a duration"},
		{name: "two documents in runtime.yaml", release: "containerd2", before: files{RuntimeConfig: "timeout: 5s\n---\n"}, want: "a second document"},
		{
			name: "runtime.yaml says nothing of a runtime", release: "containerd2",
			before: files{RuntimeConfig: "timeout: 5s\n", "/opt/youki": "real", mainFile: imports + "[" + cri2 + ".runc.options]\nBinaryName = '/opt/youki'\n"},
			want:   `add "specguard-youki: /opt/youki" under runtimes`,
		},
		{
			name: "nothing tells what a wrapper stands for", release: "containerd2",
			before: files{mainFile: imports + "[" + cri2 + ".runc.options]\nBinaryName = '/usr/local/bin/specguard-youki'\n"},
			want:   "no file says which OCI runtime that stands for",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := newNode(t, test.release, test.before)
			o := n.options(t)
			if test.change != nil {
				test.change(n, &o)
			}
			before := n.snapshot(t)
			_, err := n.plan(t, o)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line with %q", err, test.want)
			}
			same(t, "refused", n.snapshot(t), before)
		})
	}
}

func TestWrapperMustPassVersionThrough(t *testing.T) {
	n := newNode(t, "containerd2", nil)
	o := n.options(t)
	if err := os.WriteFile(o.Binary, []byte("real"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := n.plan(t, o); err == nil || !strings.Contains(err.Error(), "does not pass --version through to /usr/sbin/runc") {
		t.Errorf("error %v", err)
	}
}

func TestOperatorsRuntimeConfigStays(t *testing.T) {
	own := "runtimes: {specguard-runtime: /opt/runc}\n"
	n := newNode(t, "containerd2", files{RuntimeConfig: own, "/opt/runc": "real"})
	notes := n.install(t, n.options(t))
	if len(notes) != 1 || !strings.Contains(notes[0], "specguard-runtime stands for /opt/runc") {
		t.Errorf("notes %q", notes)
	}
	n.uninstall(t, UninstallOptions{Runtime: "auto"})
	if got := n.snapshot(t)[RuntimeConfig]; got != own {
		t.Errorf("runtime.yaml is now\n%s", got)
	}
}

// An edit that the operator made after the install outlives the uninstall.
func TestLaterEditsStay(t *testing.T) {
	for _, release := range []string{"containerd1", "containerd2"} {
		n := newNode(t, release, files{mainFile: "version = 2\n"})
		n.install(t, n.options(t))
		data, err := n.read(mainFile)
		if err != nil {
			t.Fatal(err)
		}
		n.write(t, files{mainFile: string(data) + "[debug]\nlevel = 'debug'\n"})
		n.uninstall(t, UninstallOptions{Runtime: "auto"})
		if got := n.snapshot(t)[mainFile]; got != "version = 2\n[debug]\nlevel = 'debug'\n" {
			t.Errorf("%s: the file is now\n%s", release, got)
		}
	}
}

// A root's symlinks lead where they lead on the node.
func TestRootIsNotLeft(t *testing.T) {
	outside := t.TempDir()
	n := newNode(t, "containerd2", files{"/etc/containerd": "-> /data/containerd", "/usr/local": "-> " + outside, "/data/containerd/config.toml": "version = 3\n"})
	if err := os.MkdirAll(filepath.Join(n.root, outside, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	n.install(t, n.options(t))
	all := n.snapshot(t)
	if all[filepath.Join(outside, "bin", wrapper)] == "" || all["/data/containerd/conf.d/99-specguard.toml"] == "" {
		t.Errorf("not where the links lead: %v", all)
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) > 0 {
		t.Errorf("outside of the root: %v, %v", entries, err)
	}
}

func TestChosenHandlersAlone(t *testing.T) {
	n := newNode(t, "crio", files{"/usr/bin/crun": "real", crioConfig: "[crio.runtime.runtimes.runc]\nruntime_path = ''\n"})
	o := n.options(t)
	o.Handlers = []string{"runc", "runc"}
	notes := n.install(t, o)
	if len(notes) != 1 || !strings.Contains(notes[0], `"crun" is not changed`) {
		t.Errorf("notes %q", notes)
	}
	if got := n.called(t); len(got) != 1 || got[0] != newWrapper {
		t.Errorf("called are %v", got)
	}
}

// An operator's file keeps its mode when it is edited: it may hold secrets.
func TestEditedFileKeepsItsMode(t *testing.T) {
	n := newNode(t, "containerd1", files{mainFile: "version = 2\n"})
	if err := os.Chmod(filepath.Join(n.root, mainFile), 0o600); err != nil {
		t.Fatal(err)
	}
	n.install(t, n.options(t))
	for path, want := range map[string]os.FileMode{mainFile: 0o600, newWrapper: 0o755, RuntimeConfig: 0o644} {
		if info, err := n.lstat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	n.uninstall(t, UninstallOptions{Runtime: "auto"})
	if info, err := n.lstat(mainFile); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("after the uninstall: %v, %v", info.Mode(), err)
	}
}
