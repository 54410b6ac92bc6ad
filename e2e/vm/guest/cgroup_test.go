package guest_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	api "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/e2e/cri"
)

var cgroupPolicies = policies{
	"limits":   `rules: {resources: {onViolation: adjust, memory: {default: 64Mi, max: 128Mi}, cpu: {max: 500m}, pids: {max: 64}}}`,
	"refused":  `rules: {resources: {onViolation: reject, memory: {max: 128Mi}}}`,
	"users":    "rules: {userNamespace: {onViolation: reject}, runAsNonRoot: {onViolation: adjust, runAsUser: 65532, runAsGroup: 65532}}",
	"hardened": "profile: hardened",

	"cgroup-baseline": "profile: baseline",
}

const mebi = 1 << 20

// resources are those of a container, with files of its cgroup besides.
func resources(memory int64, unified map[string]string) cri.ContainerOption {
	return cri.Resources(&api.LinuxContainerResources{
		CpuShares: 2, CpuQuota: 20_000, CpuPeriod: 100_000, OomScoreAdj: 1000, MemoryLimitInBytes: memory, Unified: unified,
	})
}

// TestCgroup2 has limits of cgroup version 2, pods with networks and user
// namespaces of their own, and a web server under the profile hardened.
func TestCgroup2(t *testing.T) {
	if got := shell(t, "stat -f -c %T /sys/fs/cgroup"); got != "cgroup2fs" {
		t.Fatalf("/sys/fs/cgroup is %s", got)
	}
	n := startNode(t, "")
	for _, opener := range []string{openerContainerd, openerWrapper} {
		t.Run(opener, func(t *testing.T) {
			n.pods = map[string]*pod{}
			n.startAgent(t, opener, cgroupPolicies)
			t.Run("limits", n.limits)
			t.Run("files that are no limits", n.cgroupFiles)
			t.Run("user namespace", n.userNamespace)
			t.Run("web server", n.webServer)
			shell(t, "systemctl stop specguard")
		})
	}
}

func (n *node) limits(t *testing.T) {
	for _, test := range []struct {
		name, namespace string
		option          cri.ContainerOption
		want            string // memory.max cpu.max pids.max, or part of the denial
	}{
		{"free", "free", resources(512*mebi, nil), "536870912 20000 100000 max"},
		{"none", "limits", resources(0, nil), "67108864 20000 100000 64"},
		{"too high", "limits", resources(512*mebi, nil), "134217728 20000 100000 64"},
		{"unified", "limits", resources(0, map[string]string{"memory.max": "536870912", "pids.max": "max"}),
			"67108864 20000 100000 64"},
		{"refused", "refused", resources(512*mebi, nil), "memory limit 512Mi is too high (allowed: at most 128Mi)"},
		{"unified refused", "refused", resources(64*mebi, map[string]string{"memory.max": "max"}), "memory"},
	} {
		c, err := n.run(t, test.namespace, "", nil, test.option)
		if err != nil {
			if test.namespace != "refused" || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "specguard: denied") {
				t.Errorf("%s: %v", test.name, err)
			}
			continue
		}
		if test.namespace == "refused" {
			t.Errorf("%s: it is not denied", test.name)
			continue
		}
		out, err := c.Exec(t.Context(), "/bin/sh", "-c", "cd /sys/fs/cgroup && cat memory.max cpu.max pids.max")
		if got := strings.Join(strings.Fields(out), " "); err != nil || got != test.want {
			t.Errorf("%s: the kernel says %q, %v, want %s", test.name, got, err, test.want)
		}
		if test.name != "too high" { // one is enough: the kernel takes its time
			continue
		}
		// More than the limit, which the kernel then does not give.
		if _, err := c.Exec(t.Context(), "/bin/sh", "-c", "dd if=/dev/zero of=/dev/null bs=200M count=1"); err == nil {
			t.Errorf("%s: it can use more memory than the limit", test.name)
		}
	}
}

func (n *node) userNamespace(t *testing.T) {
	own := []cri.PodOption{cri.PodNetwork(), cri.UserNamespace()}
	inside := []cri.ContainerOption{cri.InPodNetwork(), cri.InUserNamespace()}
	if _, err := n.run(t, "users", "network", own[:1], inside[0]); err == nil || !strings.Contains(err.Error(), "no user namespace") {
		t.Errorf("without a user namespace: %v", err)
	}
	for namespace, want := range map[string]string{"free": "0", "users": "65532"} {
		c, err := n.run(t, namespace, "userns", own, inside...)
		if err != nil {
			t.Errorf("%s: %v", namespace, err)
			continue
		}
		for who, exec := range map[string]func() (string, error){
			"exec-sync": func() (string, error) { return c.Exec(t.Context(), "/bin/sh", "-c", "id -u; cat /proc/self/uid_map") },
			"exec": func() (string, error) {
				return c.StreamExec(t.Context(), "/bin/sh", "-c", "id -u; cat /proc/self/uid_map")
			},
			"main process": func() (string, error) {
				return c.Exec(t.Context(), "/bin/sh", "-c", "stat -c %u /proc/1; cat /proc/1/uid_map")
			},
		} {
			out, err := exec()
			if got := strings.Join(strings.Fields(out), " "); err != nil || got != want+" 0 65536 65536" {
				t.Errorf("%s: %s: user and map are %q, %v, want %s and that of the pod", namespace, who, got, err, want)
			}
		}
		if addresses, err := c.Exec(t.Context(), "ip", "-o", "-4", "address", "show", "eth0"); err != nil || !strings.Contains(addresses, "10.99.0.") {
			t.Errorf("%s: the network of the pod is %q, %v", namespace, addresses, err)
		}
	}
}

// webServer has the profile hardened run what it is meant for.
func (n *node) webServer(t *testing.T) {
	p := n.pod(t, "hardened", "web", cri.PodNetwork(), cri.Port(8080))
	status, err := n.cri.Runtime.PodSandboxStatus(t.Context(), &api.PodSandboxStatusRequest{PodSandboxId: p.ID})
	if err != nil {
		t.Fatal(err)
	}
	found, err := n.cri.Images.ImageStatus(t.Context(), &api.ImageStatusRequest{Image: &api.ImageSpec{Image: appImage}})
	if err != nil {
		t.Fatal(err)
	}
	volumes := filepath.Join(kubeletDir, "pods", p.Config.Metadata.Uid, "volumes")
	pages, scratch := filepath.Join(volumes, "kubernetes.io~configmap", "pages"), filepath.Join(volumes, "kubernetes.io~empty-dir", "scratch")
	write(t, filepath.Join(pages, "index.html"), "hello\n")
	if err := os.MkdirAll(scratch, 0o777); err != nil {
		t.Fatal(err)
	}
	shell(t, "chmod 777 "+scratch)
	p.containers++
	config := cri.Container(fmt.Sprintf("main-%d", p.containers), appImage, []string{"httpd", "-f", "-p", "8080", "-h", "/pages"},
		cri.InPodNetwork(), cri.User(1000), cri.Group(1000), cri.Capabilities(nil, []string{"ALL"}), cri.NoNewPrivs(), cri.ReadOnlyRootfs(),
		cri.RuntimeDefaultSeccomp(), resources(64*mebi, nil), cri.Image(found.Image.Id, "registry.example.com/team/app@"+digest(found.Image.Id)),
		cri.HostPath(pages, "/pages", true), cri.HostPath(scratch, "/tmp", false))
	c, err := p.Run(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	ip := status.Status.Network.Ip
	eventually(t, 30*time.Second, "timeout 10 busybox wget -q -O /dev/null http://"+ip+":8080/")
	client := http.Client{Timeout: time.Minute}
	answer, err := client.Get("http://" + ip + ":8080/")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, err := io.ReadAll(answer.Body); err != nil || answer.StatusCode != http.StatusOK || string(body) != "hello\n" {
		t.Errorf("it answers %s, %q, %v", answer.Status, body, err)
	}
	for command, works := range map[string]bool{
		"echo x >/tmp/file": true,
		"cp /bin/busybox /tmp/busybox; /tmp/busybox true": false,
		"echo x >/file": false,
		"cp /bin/busybox /dev/shm/busybox && /dev/shm/busybox true": false,
		"unshare -U true": false,
	} {
		if _, err := c.Exec(t.Context(), "/bin/sh", "-c", command); (err == nil) != works {
			t.Errorf("%s: %v", command, err)
		}
	}
	if got := shell(t, "cat /proc/$(pgrep -x httpd | tail -n 1)/attr/current"); got != defaultProfile {
		t.Errorf("its AppArmor profile is %s", got)
	}
	if _, err := n.run(t, "hardened", "web", nil, cri.InPodNetwork()); err == nil || !strings.Contains(err.Error(), `denied by policy "hardened"`) {
		t.Errorf("a container that asks for nothing: %v", err)
	}
}

func digest(id string) string { return "sha256:" + strings.TrimPrefix(id, "sha256:") }
