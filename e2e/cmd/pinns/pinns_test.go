package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/specguard/specguard/e2e/require"
)

// TestMain makes this test binary the program when it is started as one.
func TestMain(m *testing.M) {
	if os.Getenv(envPinns) == "" {
		os.Exit(m.Run())
	}
	main()
}

const envPinns = "SPECGUARD_E2E_PINNS"

// pinned runs the program and returns its folder, whose mounts go with the test.
func pinned(t *testing.T, args ...string) (dir, output string, err error) {
	t.Helper()
	require.Host(t)
	dir = t.TempDir()
	t.Cleanup(func() {
		mounts, _ := filepath.Glob(filepath.Join(dir, "*", "*"))
		for _, at := range mounts {
			_ = unix.Unmount(at, unix.MNT_DETACH)
		}
	})
	cmd := exec.Command(os.Args[0], append([]string{"-d", dir, "-f", "pod"}, args...)...)
	cmd.Env = append(os.Environ(), envPinns+"=1")
	out, err := cmd.CombinedOutput()
	return dir, string(out), err
}

// inode is the identity of a namespace.
func inode(t *testing.T, path string) uint64 {
	t.Helper()
	var stat unix.Stat_t
	if err := unix.Stat(path, &stat); err != nil {
		t.Fatal(err)
	}
	return stat.Ino
}

func TestNamespaces(t *testing.T) {
	for _, test := range []struct {
		name       string
		args       []string
		own, hosts []string
	}{
		{"pod", []string{"--ipc", "--net", "--uts"}, []string{"ipc", "net", "uts"}, nil},
		{"host network", []string{"--ipc", "--net=host", "--uts"}, []string{"ipc", "uts"}, []string{"net"}},
		{"user", []string{"--ipc", "--net", "--uts", "--user", "--uid-mapping=0-65536-65536@", "--gid-mapping=0-65536-1000@1000-70000-9@"},
			[]string{"ipc", "net", "uts", "user"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir, out, err := pinned(t, test.args...)
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			for _, kind := range test.own {
				if inode(t, filepath.Join(dir, kind+"ns", "pod")) == inode(t, "/proc/self/ns/"+kind) {
					t.Errorf("%s: the node's own is pinned", kind)
				}
			}
			for _, kind := range test.hosts {
				if inode(t, filepath.Join(dir, kind+"ns", "pod")) != inode(t, "/proc/self/ns/"+kind) {
					t.Errorf("%s: not the node's own is pinned", kind)
				}
			}
			if found, _ := filepath.Glob(filepath.Join(dir, "*")); len(found) != len(test.own)+len(test.hosts) {
				t.Errorf("pinned %v", found)
			}
		})
	}
}

func TestSysctls(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
	}{
		{"pod", nil},
		{"user", []string{"--user", "--uid-mapping=0-65536-65536@", "--gid-mapping=0-65536-65536@"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir, out, err := pinned(t, append(test.args, "--net", "-s", "net.ipv4.ip_unprivileged_port_start=7", "-s", "net/ipv4/ip_forward=1")...)
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			read := exec.Command("nsenter", "--net="+filepath.Join(dir, "netns", "pod"),
				"cat", "/proc/sys/net/ipv4/ip_unprivileged_port_start", "/proc/sys/net/ipv4/ip_forward")
			if got, err := read.Output(); err != nil || string(got) != "7\n1\n" {
				t.Errorf("sysctls are %q, %v", got, err)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	for _, test := range []struct{ name, args, want string }{
		{"nothing", "", "no namespace to pin"},
		{"mount namespace", "--mnt", "not defined: -mnt"},
		{"value", "--net=other", `the only value is "host"`},
		{"argument", "--net other", `unexpected argument "other"`},
		{"user without mapping", "--user", "--user needs --uid-mapping and --gid-mapping"},
		{"mapping without user", "--net --uid-mapping=0-1-1@ --gid-mapping=0-1-1@", "mappings are for --user"},
		{"mapping", "--user --uid-mapping=0-1@ --gid-mapping=0-1-1@", `"0-1" is not CONTAINER-HOST-SIZE`},
		{"sysctl", "--net -s net.ipv4.ip_forward", "is not KEY=VALUE"},
		{"sysctl out of place", "--net -s ../kernel/hostname=x", "is not a key"},
		{"unknown sysctl", "--net -s net.ipv4.nothing=1", "no such file or directory"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, out, err := pinned(t, strings.Fields(test.args)...)
			if err == nil || !strings.Contains(out, test.want) || strings.Count(out, "\n") != 1 {
				t.Errorf("%v: %q, want %s", err, out, test.want)
			}
		})
	}
}
