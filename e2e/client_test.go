package e2e_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	api "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/node"
)

func TestHarnessBehavesLikeAKubelet(t *testing.T) {
	eachRelease(t, func(t *testing.T, n *node.Node) {
		pod, err := n.CRI.RunPod(t.Context(), n.CRI.Pod("client",
			cri.Namespace("team-a"), cri.Label("tier", "web"), cri.PrivilegedPod()))
		if err != nil {
			t.Fatal(err)
		}
		defer pod.Remove(t.Context())
		kubelet, err := pod.KubeletMounts(filepath.Join(n.Dir(), "kubelet"), "main")
		if err != nil {
			t.Fatal(err)
		}
		c, err := pod.Run(t.Context(), cri.Container("main", node.AppImage, cri.TellTruth("sleep 60"),
			kubelet, cri.HostPath(n.Dir(), "/host", true), cri.Username("web"), cri.Env("A", "b c"), cri.Device("/dev/fuse", "r")))
		if err != nil {
			t.Fatal(err)
		}
		truth, err := c.Truth(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if truth.UID != 1000 || truth.GID != 1000 || !slices.Contains(truth.Groups, 50) {
			t.Errorf("runs as %d:%d %v", truth.UID, truth.GID, truth.Groups)
		}
		for path, mode := range map[string]string{
			"/host": "ro", "/etc/hosts": "rw", "/var/run/secrets/kubernetes.io/serviceaccount": "ro",
		} {
			if mount, ok := truth.MountAt(path); !ok || !slices.Contains(mount.Options, mode) {
				t.Errorf("%s is %+v, want %s", path, mount, mode)
			}
		}
		for way, exec := range map[string]func(context.Context, ...string) (string, error){"exec": c.StreamExec, "exec-sync": c.Exec} {
			if out, err := exec(t.Context(), "sh", "-c", "echo $A; [ -c /dev/fuse ]"); err != nil || out != "b c\n" {
				t.Errorf("%s: %q, %v", way, out, err)
			}
			if _, err := exec(t.Context(), "sh", "-c", "echo why >&2; exit 3"); err == nil || !strings.Contains(err.Error(), "exit code 3: why") {
				t.Errorf("failed %s: %v", way, err)
			}
		}
		if err := c.UpdateResources(t.Context(), &api.LinuxContainerResources{MemoryLimitInBytes: 64 << 20}); err != nil {
			t.Error(err)
		}
		status, err := c.Status(t.Context())
		if got := status.GetResources().GetLinux().GetMemoryLimitInBytes(); err != nil || got != 64<<20 {
			t.Errorf("memory limit %d, %v", got, err)
		}

		ends, err := pod.Run(t.Context(), cri.Container("ends", node.AppImage, []string{"sh", "-c", "exit 7"}, cri.Privileged()))
		if err != nil {
			t.Fatal(err)
		}
		if code, err := ends.Wait(t.Context()); err != nil || code != 7 {
			t.Errorf("exit code %d, %v", code, err)
		}
	})
}
