// Package e2e_test holds the tests of specguard on real container runtimes.
package e2e_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/node"
)

var shared lab.Lab

func TestMain(m *testing.M) {
	if url := os.Getenv(envFlood); url != "" {
		flood(url)
		return
	}
	os.Exit(shared.Run(m))
}

// The releases that tests run on: all, and those that specguard runs on.
var (
	releases        = append([]build.Release{build.CRIO}, guardedReleases...)
	guardedReleases = []build.Release{build.Containerd2, build.Containerd1}
	wrappedReleases = []build.Release{build.CRIO, build.Containerd2}
)

// eachRelease runs a test of the harness on the shared node of every release.
func eachRelease(t *testing.T, test func(t *testing.T, n *node.Node)) {
	for _, release := range releases {
		t.Run(release.String(), func(t *testing.T) { test(t, shared.Node(t, release)) })
	}
}

// containerdCaps is what containerd gives a container that asks for nothing,
// and specguard leaves one that is no longer privileged.
var containerdCaps = cri.CapsOf("CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID",
	"SETUID", "SETFCAP", "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE")

// defaultCaps is what the node gives a container that asks for nothing.
func defaultCaps(n *node.Node) cri.Caps {
	if n.Release() == build.CRIO {
		return containerdCaps &^ cri.CapsOf("MKNOD", "NET_RAW", "SETFCAP", "SYS_CHROOT", "AUDIT_WRITE")
	}
	return containerdCaps
}

func TestHarnessTellsTheTruth(t *testing.T) {
	eachRelease(t, func(t *testing.T, n *node.Node) {
		caps := defaultCaps(n)
		added := caps | cri.CapsOf("NET_ADMIN")
		pod, err := n.CRI.RunPod(t.Context(), n.CRI.Pod("truth"))
		if err != nil {
			t.Fatal(err)
		}
		defer pod.Remove(t.Context())
		for _, test := range []struct {
			name    string
			options []cri.ContainerOption
			want    cri.Truth
		}{
			{
				name: "default",
				want: cri.Truth{Permitted: caps, Effective: caps, Bounding: caps, RootWritable: true},
			},
			{
				name: "restricted",
				options: []cri.ContainerOption{cri.User(1000), cri.Group(1000, 2000), cri.Capabilities(nil, []string{"ALL"}),
					cri.NoNewPrivs(), cri.ReadOnlyRootfs(), cri.RuntimeDefaultSeccomp()},
				want: cri.Truth{UID: 1000, GID: 1000, NoNewPrivs: true, Seccomp: 2},
			},
			{
				name:    "added",
				options: []cri.ContainerOption{cri.Capabilities([]string{"NET_ADMIN"}, nil), cri.RuntimeDefaultSeccomp()},
				want:    cri.Truth{Permitted: added, Effective: added, Bounding: added, Seccomp: 2, RootWritable: true},
			},
		} {
			t.Run(test.name, func(t *testing.T) {
				c, err := pod.Run(t.Context(), cri.Container(test.name, node.AppImage, cri.TellTruth("sleep 60"), test.options...))
				if err != nil {
					t.Fatal(err)
				}
				main, err := c.Truth(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				exec, err := c.ExecTruth(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				sameTruth(t, "main process", main, test.want)
				stream, err := c.StreamTruth(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				sameTruth(t, "exec-sync", exec, test.want)
				sameTruth(t, "exec", stream, test.want)
			})
		}
	})
}

// sameTruth compares all but mounts and groups.
func sameTruth(t *testing.T, who string, got, want cri.Truth) {
	t.Helper()
	for _, set := range []struct {
		name      string
		got, want cri.Caps
	}{
		{"inheritable", got.Inheritable, want.Inheritable},
		{"permitted", got.Permitted, want.Permitted},
		{"effective", got.Effective, want.Effective},
		{"bounding", got.Bounding, want.Bounding},
		{"ambient", got.Ambient, want.Ambient},
	} {
		if set.got != set.want {
			t.Errorf("%s: %s capabilities %v, want %v", who, set.name, set.got, set.want)
		}
	}
	if got.UID != want.UID || got.GID != want.GID {
		t.Errorf("%s: runs as %d:%d, want %d:%d", who, got.UID, got.GID, want.UID, want.GID)
	}
	if got.NoNewPrivs != want.NoNewPrivs || got.Seccomp != want.Seccomp {
		t.Errorf("%s: no_new_privs %v, seccomp %d", who, got.NoNewPrivs, got.Seccomp)
	}
	if got.RootWritable != want.RootWritable || got.RootReadOnly() == want.RootWritable {
		t.Errorf("%s: root writable %v, mounted read-only %v", who, got.RootWritable, got.RootReadOnly())
	}
}

func TestHarnessContainersOutliveTheRuntime(t *testing.T) {
	eachRelease(t, func(t *testing.T, n *node.Node) {
		pod, err := n.CRI.RunPod(t.Context(), n.CRI.Pod("restart"))
		if err != nil {
			t.Fatal(err)
		}
		defer pod.Remove(t.Context())
		c, err := pod.Run(t.Context(), cri.Container("main", node.AppImage, []string{"sleep", "60"}))
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Exec(t.Context(), "true"); err != nil {
			t.Error(err)
		}
		if err := errors.Join(n.Kill(t.Context()), n.StartDaemon(t.Context())); err != nil {
			t.Fatal(err)
		}
		if _, err := c.StreamExec(t.Context(), "true"); err != nil {
			t.Error(err)
		}
		spec, err := c.Spec(t.Context())
		if err != nil || !strings.Contains(string(spec), `"ociVersion"`) {
			t.Errorf("spec %.80q, %v", spec, err)
		}
	})
}
