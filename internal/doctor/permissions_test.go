package doctor

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/specguard/specguard/internal/wrapperconfig"
)

func TestLooseMode(t *testing.T) {
	for _, test := range []struct {
		mode     fs.FileMode
		uid, gid uint32
		want     string
	}{
		{0o644, 0, 0, ""},
		{0o644, 0, 50, ""},
		{0o644, 1000, 0, "belongs to user 1000"},
		{0o664, 0, 50, "can be written by group 50 (mode 0664)"},
		{0o664, 0, 0, ""}, // root's group is root
		{0o646, 0, 0, "can be written by others (mode 0646)"},
		{fs.ModeDir | 0o777, 0, 0, "can be written by others (mode 0777)"},
		{fs.ModeDir | fs.ModeSticky | 0o777, 0, 0, ""},
		{fs.ModeDir | fs.ModeSticky | 0o777, 7, 0, "belongs to user 7"},
		{fs.ModeSticky | 0o666, 0, 0, "can be written by others (mode 0666)"}, // no folder
	} {
		if got := looseMode(test.mode, test.uid, test.gid); got != test.want {
			t.Errorf("%v of %d:%d: %q, want %q", test.mode, test.uid, test.gid, got, test.want)
		}
	}
}

func TestFiles(t *testing.T) {
	const config = "etc/specguard/runtime.yaml"
	for _, test := range []struct {
		name  string
		files tree
		modes map[string]fs.FileMode
		want  []want
	}{
		{"nothing there", nil, nil, []want{{OK, "only root"}}},
		{"tight", tree{config: "socket: /run/specguard/runtime.sock", "run/specguard/x": ""}, map[string]fs.FileMode{"run/specguard": 0o700}, []want{{OK, "only root"}}},
		{"configuration", tree{config: ""}, map[string]fs.FileMode{config: 0o666}, []want{{Problem, "/etc/specguard/runtime.yaml can be written"}}},
		{"its folder", tree{config: ""}, map[string]fs.FileMode{"etc/specguard": 0o777}, []want{{Problem, "/etc/specguard can be written"}}},
		{"sticky folders are none of others'", tree{config: ""}, map[string]fs.FileMode{"etc": 0o777 | fs.ModeSticky}, []want{{OK, "only root"}}},
		{"wrapper", tree{"usr/local/bin/specguard-runtime": "#!/bin/sh\n"}, map[string]fs.FileMode{"usr/local/bin/specguard-runtime": 0o777}, []want{{Problem, "specguard-runtime can be written"}}},
		{"socket folder", tree{"run/specguard/x": ""}, nil, []want{{Problem, "chmod 0700 /run/specguard"}}},
		{"unknown key", tree{config: "runtimes: {}\nsokcet: /x\n"}, nil, []want{{Problem, "/etc/specguard/runtime.yaml:2:1: unknown field \"sokcet\""}}},
		{"not YAML", tree{config: "{"}, nil, []want{{Problem, "/etc/specguard/runtime.yaml:1"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := fake(t, test.files)
			for name, mode := range test.modes {
				chmod(t, filepath.Join(n.Root, name), mode)
			}
			expect(t, run(t, checkFiles, inspected(t, n)), test.want...)
		})
	}
}

func TestOwnFiles(t *testing.T) {
	n := fake(t, nil)
	policy := filepath.Join(n.PolicyDir, "p.yaml")
	if err := os.Mkdir(n.PolicyDir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{policy, n.ConfigFile} {
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, run(t, checkFiles, inspected(t, n)), want{OK, "only root"})
	chmod(t, policy, 0o646)
	chmod(t, n.ConfigFile, 0o602)
	expect(t, run(t, checkFiles, n), want{Problem, n.ConfigFile}, want{Problem, policy})
}

func TestWrapperSocket(t *testing.T) {
	n := fake(t, nil)
	dir := filepath.Join(t.TempDir(), "s") // a socket's path has to be short
	n.Root = "/"
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	n.wrapped.Socket = wrapperconfig.Path(filepath.Join(dir, "s"))
	n.files = n.own
	listener, err := net.Listen("unix", n.wrapped.socket())
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	expect(t, run(t, checkFiles, n), want{OK, "only root"})
	chmod(t, dir, 0o711)
	expect(t, run(t, checkFiles, n), want{Warning, "others can enter"})
	chmod(t, n.wrapped.socket(), 0o777)
	expect(t, run(t, checkFiles, n), want{Problem, "others can connect"})
}
