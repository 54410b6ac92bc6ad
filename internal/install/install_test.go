package install

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	newWrapper = "/usr/local/bin/specguard-runtime"
	mainFile   = containerdConfig
	dropInFile = "/etc/containerd/conf.d/99-specguard.toml"
	cri1       = `plugins."io.containerd.grpc.v1.cri".containerd.runtimes`
	cri2       = `plugins."io.containerd.cri.v1.runtime".containerd.runtimes`
	added1     = " # specguard install: added\n"
	dropInHead = "# Written by specguard install; specguard uninstall removes it.\n"
)

// containerdDropIn is the drop-in that wraps handlers, given as name and binary.
func containerdDropIn(pairs ...string) string {
	out := dropInHead + "version = 3\n\n[plugins]\n  [plugins.'io.containerd.cri.v1.runtime']\n" +
		"    [plugins.'io.containerd.cri.v1.runtime'.containerd]\n      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes]\n"
	for i := 0; i < len(pairs); i += 2 {
		at := "plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes." + pairs[i]
		if i > 0 {
			out += "\n"
		}
		out += "        [" + at + "]\n          [" + at + ".options]\n            BinaryName = '" + pairs[i+1] + "'\n"
	}
	return out
}

func runtimeYAML(lines ...string) string {
	out := hostConfigHead + "runtimes:\n"
	for _, l := range lines {
		out += "    " + l + "\n"
	}
	return out + "pass:\n    namespaces:\n        - kube-system\n        - specguard-system\n"
}

// options are what the command has without flags.
func (n *fakeNode) options(t testing.TB) Options {
	t.Helper()
	binary := filepath.Join(t.TempDir(), wrapper)
	if err := os.WriteFile(binary, []byte("wrapper 1"), 0o755); err != nil {
		t.Fatal(err)
	}
	return Options{Binary: binary, Runtime: "auto", PassNamespaces: []string{"kube-system", "specguard-system"}}
}

func (n *fakeNode) plan(t testing.TB, o Options) (*Plan, error) {
	t.Helper()
	return plan(t.Context(), o, n.tree, n)
}

// install installs and gives the notes.
func (n *fakeNode) install(t testing.TB, o Options) []string {
	t.Helper()
	p, err := n.plan(t, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Apply(); err != nil {
		t.Fatal(err)
	}
	return p.Notes
}

func (n *fakeNode) uninstall(t testing.TB, o UninstallOptions) *Removal {
	t.Helper()
	r, err := removal(o, n.tree)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Apply(); err != nil {
		t.Fatal(err)
	}
	return r
}

func same(t testing.TB, what string, got, want files) {
	t.Helper()
	for name, data := range want {
		if have, ok := got[name]; !ok || have != data {
			t.Errorf("%s: %s is\n%s\nwant\n%s", what, name, have, data)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: %s is there:\n%s", what, name, got[name])
		}
	}
}

// nodeCase is a node, and what installing adds to it or changes.
type nodeCase struct {
	name, release string
	before, after files
	notes         string
}

func cases() []nodeCase {
	return append(append(containerd2Cases(), containerd1Cases()...), crioCases()...)
}

func TestInstallAndUninstall(t *testing.T) {
	for _, test := range cases() {
		t.Run(test.name, func(t *testing.T) {
			n := newNode(t, test.release, test.before)
			o := n.options(t)
			before := n.snapshot(t)
			want := maps.Clone(before)
			want[newWrapper] = "wrapper 1"
			maps.Copy(want, test.after)
			if want[RuntimeConfig] == "" {
				want[RuntimeConfig] = runtimeYAML("specguard-runtime: /usr/sbin/runc")
			}

			notes := n.install(t, o)
			same(t, "installed", n.snapshot(t), want)
			if got := strings.Join(notes, "\n"); got != test.notes {
				t.Errorf("notes %q, want %q", got, test.notes)
			}
			n.startable(t, "installed")
			if again, err := n.plan(t, o); err != nil || len(again.Changes) != 0 {
				t.Errorf("a second install would change %v, %v", again, err)
			}

			if r := n.uninstall(t, UninstallOptions{Runtime: "auto", Purge: true}); len(r.Kept) > 0 {
				t.Errorf("kept: %v", r.Kept)
			}
			same(t, "uninstalled", n.snapshot(t), before)
			if again := n.uninstall(t, UninstallOptions{Runtime: "auto", Purge: true}); len(again.Changes)+len(again.Kept) != 0 {
				t.Errorf("a second uninstall would change %v and keep %v", again.Changes, again.Kept)
			}
		})
	}
}

// At every moment the runtime's configuration is valid and calls only what is
// there; and from each an install or uninstall leads to where it would have.
func TestInstallCutOffAnywhere(t *testing.T) {
	for _, test := range cases() {
		t.Run(test.name, func(t *testing.T) {
			n := newNode(t, test.release, test.before)
			o := n.options(t)
			before := n.snapshot(t)
			finished := n.copy(t)
			finished.install(t, o)
			want := finished.snapshot(t)

			steps := 0
			n.step = func(what string) {
				steps++
				n.startable(t, what)
				then := n.copy(t)
				then.install(t, o)
				same(t, "continued from "+what, then.snapshot(t), want)
				back := n.copy(t)
				back.uninstall(t, UninstallOptions{Runtime: "auto", Purge: true})
				same(t, "taken back from "+what, withoutTemporary(back.snapshot(t)), before)
			}
			n.install(t, o)
			n.step = func(what string) {
				steps++
				n.startable(t, what)
				then := n.copy(t)
				then.uninstall(t, UninstallOptions{Runtime: "auto", Purge: true})
				same(t, "continued from "+what, withoutTemporary(then.snapshot(t)), before)
			}
			n.uninstall(t, UninstallOptions{Runtime: "auto", Purge: true})
			if steps < 12 {
				t.Errorf("only %d steps were seen", steps)
			}
		})
	}
}

// withoutTemporary leaves out what a run that was cut off has left under
// another name.
func withoutTemporary(all files) files {
	out := files{}
	for name, data := range all {
		if base := filepath.Base(name); !strings.HasPrefix(base, ".") || !strings.HasSuffix(base, ".new") {
			out[name] = data
		}
	}
	return out
}

func TestUpgradeReplacesTheWrapperAlone(t *testing.T) {
	for _, release := range []string{"containerd1", "containerd2", "crio"} {
		n := newNode(t, release, files{"/usr/bin/crun": "real"})
		o := n.options(t)
		n.install(t, o)
		n.write(t, files{RuntimeConfig: runtimeYAML("specguard-runtime: /usr/sbin/runc", "specguard-crun: /usr/bin/crun") + "timeout: 5s\n"})
		want := n.snapshot(t)
		want[newWrapper] = "wrapper 2"
		if err := os.WriteFile(o.Binary, []byte("wrapper 2"), 0o755); err != nil {
			t.Fatal(err)
		}
		p, err := n.plan(t, o)
		if err != nil {
			t.Fatal(err)
		}
		if p.Effective() {
			t.Errorf("%s: an upgrade asks for a restart", release)
		}
		if err := p.Apply(); err != nil {
			t.Fatal(err)
		}
		same(t, release, n.snapshot(t), want)
	}
}
