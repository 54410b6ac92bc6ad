package install

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// listen makes the socket of a daemon that runs, in a root short enough for it.
func (n *fakeNode) listen(t *testing.T, socket string) {
	t.Helper()
	full := filepath.Join(n.root, socket)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", full)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
}

// short moves a node to a root with a short name.
func short(t *testing.T, n *fakeNode) *fakeNode {
	t.Helper()
	root, err := os.MkdirTemp("", "i")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	c := &fakeNode{tree: tree{root: root}, release: n.release}
	c.write(t, n.snapshot(t))
	return c
}

func TestWrapperIsKeptWhileItIsCalled(t *testing.T) {
	bundle := "/run/containerd/io.containerd.runtime.v2.task/k8s.io/0123/"
	container := "/run/containers/storage/overlay-containers/0123/userdata/config.json"
	for _, test := range []struct {
		name, release string
		before, then  files
		socket        string
		want          []string
	}{
		{
			name: "containerd runs", release: "containerd2", socket: "/run/containerd/containerd.sock",
			want: []string{"containerd runs by the configuration that it started with: restart it"},
		},
		{
			name: "CRI-O runs", release: "crio", socket: "/run/crio/crio.sock",
			before: files{"/var/run": "-> ../run", "/usr/bin/crun": "real"},
			want:   []string{"crio runs by the configuration that it started with: restart it"},
		},
		{
			name: "its socket is elsewhere", release: "containerd2", socket: "/run/a.sock",
			before: files{mainFile: "version = 3\n[grpc]\naddress = '/run/a.sock'\n"},
			want:   []string{"containerd runs by the configuration that it started with: restart it"},
		},
		{
			name: "a container of containerd", release: "containerd2",
			then: files{bundle + "runtime": newWrapper, "/run/containerd/io.containerd.runtime.v2.task/k8s.io/4567/runtime": "/usr/sbin/runc"},
			want: []string{"1 container or pod of containerd was made with it and still runs"},
		},
		{
			name: "containers in another folder", release: "containerd1",
			before: files{mainFile: "version = 2\nstate = '/s'\n"},
			then: files{"/s/io.containerd.runtime.v2.task/k8s.io/a/runtime": newWrapper,
				"/s/io.containerd.runtime.v2.task/moby/b/runtime": "/usr/local/bin/specguard-crun"},
			want: []string{"2 containers and pods of containerd were made with it and still run"},
		},
		{
			name: "a container of CRI-O for a platform", release: "crio", before: files{"/usr/bin/crun": "real"},
			then: files{container: `{"annotations":{"io.kubernetes.cri-o.PlatformRuntimePath":"/usr/local/bin/specguard-crun-arm"}}`},
			want: []string{"1 container or pod of crio was made with it and still runs"},
		},
		{
			name: "a container of CRI-O", release: "crio", before: files{"/usr/bin/crun": "real"},
			then: files{container: `{"annotations":{"io.kubernetes.cri-o.RuntimeHandler":"crun"}}`},
		},
		{
			name: "another file names it", release: "crio", before: files{"/usr/bin/crun": "real"},
			then: files{"/etc/crio/crio.conf.d/50-own.conf": "[crio.runtime.runtimes.own]\nruntime_path = '/usr/local/bin/specguard-crun'\n"},
			want: []string{"/etc/crio/crio.conf.d/50-own.conf still names /usr/local/bin/specguard-crun"},
		},
		{
			name: "a comment names it", release: "crio", before: files{"/usr/bin/crun": "real"},
			then: files{"/etc/crio/crio.conf.d/50-own.conf": "# /usr/local/bin/specguard-crun\n"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := short(t, newNode(t, test.release, test.before))
			n.install(t, n.options(t))
			n.write(t, test.then)
			if test.socket != "" {
				n.listen(t, test.socket)
			}
			o := UninstallOptions{Runtime: "auto", Purge: true}
			r := n.uninstall(t, o)
			if got, want := strings.Join(r.Kept, "\n"), strings.Join(test.want, "\n"); got != want {
				t.Errorf("kept because of\n%s\nwant\n%s", got, want)
			}
			if !r.Effective() {
				t.Error("the runtime's configuration was not taken back")
			}
			kept := len(test.want) > 0
			for _, p := range []string{newWrapper, RuntimeConfig} {
				if n.isFile(p) != kept {
					t.Errorf("%s is there: %v", p, n.isFile(p))
				}
			}
			for name := range n.snapshot(t) {
				if strings.HasPrefix(name, DefaultPrefix+"/specguard-") && !kept {
					t.Errorf("%s is left", name)
				}
			}
		})
	}
}

func TestUninstallEndsAfterTheRestart(t *testing.T) {
	n := short(t, newNode(t, "containerd2", nil))
	n.install(t, n.options(t))
	const socket = "/run/containerd/containerd.sock"
	n.listen(t, socket)
	o := UninstallOptions{Runtime: "containerd"}
	n.uninstall(t, o)
	if r := n.uninstall(t, o); len(r.Changes) > 0 || len(r.Kept) != 1 || !strings.Contains(r.Kept[0], "has not been restarted") {
		t.Fatalf("before the restart: changes %v, kept because of %v", r.Changes, r.Kept)
	}
	time.Sleep(20 * time.Millisecond) // the clock of files has ticks
	if err := os.Remove(filepath.Join(n.root, socket)); err != nil {
		t.Fatal(err)
	}
	n.listen(t, socket)
	if r := n.uninstall(t, o); len(r.Kept) > 0 || n.isFile(newWrapper) {
		t.Errorf("after the restart: kept because of %v", r.Kept)
	}
	if !n.isFile(RuntimeConfig) {
		t.Error("runtime.yaml is gone without --purge")
	}
}

func TestUninstallRefuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		before files
		o      UninstallOptions
		want   string
	}{
		{"unknown runtime", nil, UninstallOptions{Runtime: "docker"}, "not one of"},
		{"whose configuration", nil, UninstallOptions{Runtime: "auto", Config: "/x"}, "--runtime-config needs"},
		{"broken TOML", files{mainFile: "[a\n"}, UninstallOptions{Runtime: "auto"}, mainFile + ":1:3: "},
		{"edited through a symlink", files{mainFile: "-> x.toml", "/etc/containerd/x.toml": "version = 3 # specguard install: added\n"}, UninstallOptions{Runtime: "auto"}, "not a regular file"},
	} {
		n := newNode(t, "containerd2", test.before)
		before := n.snapshot(t)
		if _, err := removal(test.o, n.tree); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
		same(t, test.name, n.snapshot(t), before)
	}
}
