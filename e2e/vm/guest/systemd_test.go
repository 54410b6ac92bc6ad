package guest_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/specguard/specguard/e2e/cri"
)

// The policy of the namespace that the tests of systemd run pods in makes an
// ordinary user of root.
func asUser(uid int) policies {
	return policies{"systemd": fmt.Sprintf("rules: {runAsNonRoot: {onViolation: adjust, runAsUser: %d, runAsGroup: %d}}", uid, uid)}
}

// notAsked is how containerd refuses a container that the agent has not answered
// for: it is required, or has just gone.
const notAsked = "failed to get NRI adjustment"

// unasked is how the wrapper refuses one.
const unasked = "the agent cannot be asked"

// firstPod is what the kubelet's stand-in has seen of its first container.
const firstPod = "/var/lib/e2e/first-pod"

// kubeletUnit is the kubelet's, as Kubernetes' packages have it, of a program
// that makes a pod as soon as it is started.
const kubeletUnit = `[Unit]
Description=Makes a pod as a kubelet does
After=network-online.target
Wants=network-online.target

[Service]
WorkingDirectory=/var/lib/e2e/job
Environment=SPECGUARD_E2E_GUEST=true SPECGUARD_E2E_PATIENCE=10
ExecStart=/bin/sh -c './guest.test -test.v -test.run ^TestKubelet$ && exec sleep infinity'
Restart=always
RestartSec=10

[Install]
WantedBy=multi-user.target
`

// TestKubelet is not a test: it is the kubelet's stand-in, which kubeletUnit runs.
func TestKubelet(t *testing.T) {
	n := connect(t)
	n.ready(t)
	c := n.try(t, idActs, trial{name: "the first pod", namespace: "systemd"})
	if c == nil {
		return
	}
	write(t, firstPod, n.main(t, c)["label"]+"\n"+uid(t, c))
}

// idActs tell the user of a process.
var idActs = map[string]string{
	"be root": "test $(id -u) = 0",
}

func uid(t *testing.T, c *cri.Running) string {
	t.Helper()
	out, err := c.Exec(t.Context(), "id", "-u")
	if err != nil {
		t.Error(err)
	}
	return strings.TrimSpace(out)
}

// TestSystemdInstall installs all, for the next boot.
func TestSystemdInstall(t *testing.T) {
	startNode(t, "")
	shell(t, "install -D -m 644 deploy/containerd/specguard-required.toml "+requiredPlugins)
	install(t)
	asUser(65532).write(t)
	write(t, "/etc/systemd/system/kubelet.service", kubeletUnit)
	shell(t, "systemctl daemon-reload && systemctl enable containerd specguard kubelet && systemctl stop containerd")
	if out := shell(t, "systemd-analyze verify specguard.service 2>&1"); out != "" {
		t.Errorf("systemd-analyze verify: %s", out)
	}
}

// TestSystemdBooted finds the agent ready before the kubelet starts, and has it
// go on whatever happens to it.
func TestSystemdBooted(t *testing.T) {
	booted(t, "65532")
	t.Run("confined", confined)
	n := connect(t)
	n.ready(t)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(journal("specguard"))
		}
	})
	n.runsAs(t, "65532")
	t.Run("killed", func(t *testing.T) {
		again(t, "kill -KILL $(systemctl show --value -p MainPID specguard)")
		n.runsAs(t, "65532")
	})
	t.Run("hung", func(t *testing.T) { // its threads stop, and systemd's watchdog notices
		again(t, "kill -STOP $(systemctl show --value -p MainPID specguard)")
		n.runsAs(t, "65532")
	})
	t.Run("runtime restarted", func(t *testing.T) {
		pid := unit(t, "specguard", "MainPID")
		n.restart(t)
		if now := unit(t, "specguard", "MainPID"); now != pid {
			t.Errorf("the agent was process %s and is %s", pid, now)
		}
		n.runsAs(t, "65532")
	})
	t.Run("policies changed", func(t *testing.T) {
		asUser(4242).write(t)
		reloaded(t)
		n.runsAs(t, "4242")
	})
	t.Run("reload", func(t *testing.T) {
		pid := unit(t, "specguard", "MainPID")
		asUser(4343).write(t)
		shell(t, "systemctl reload specguard")
		reloaded(t)
		n.runsAs(t, "4343")
		asUser(4242).write(t)
		reloaded(t)
		if now := unit(t, "specguard", "MainPID"); now != pid {
			t.Errorf("the agent was process %s and is %s", pid, now)
		}
	})
	t.Run("away", func(t *testing.T) {
		shell(t, "systemctl stop specguard")
		if _, err := n.run(t, "systemd", "", nil); err == nil || !strings.Contains(err.Error(), notAsked) {
			t.Errorf("a container while the agent is away: %v", err)
		}
		shell(t, "systemctl start specguard")
		n.runsAs(t, "4242")
	})
	t.Run("invalid policies", func(t *testing.T) {
		write(t, policyDir+"/broken.yaml", "kind: Nope\n")
		reloaded(t)
		n.runsAs(t, "4242") // by what was valid last
		fails(t, "systemctl restart specguard")
		if err := os.Remove(policyDir + "/broken.yaml"); err != nil {
			t.Error(err)
		}
		eventually(t, time.Minute, "systemctl is-active specguard")
		n.runsAs(t, "4242")
	})
}

// booted waits until all units are up, and wants them in the order in which they
// need each other, and the first pod to run as a user.
func booted(t *testing.T, user string) {
	t.Helper()
	eventually(t, 3*time.Minute, "test -e "+firstPod+" && systemctl is-active containerd specguard kubelet")
	if got := strings.Fields(read(t, firstPod)); got[len(got)-1] != user {
		t.Errorf("the first pod runs as %q", got)
	}
	at := func(name, property string) int {
		micro, err := strconv.Atoi(unit(t, name, property))
		if err != nil {
			t.Error(err)
		}
		return micro
	}
	runtime, ready, kubelet := at("containerd", "ActiveEnterTimestampMonotonic"), at("specguard", "ActiveEnterTimestampMonotonic"),
		at("kubelet", "ExecMainStartTimestampMonotonic")
	t.Logf("up after: containerd %.1f s, specguard %.1f s, the kubelet %.1f s", float64(runtime)/1e6, float64(ready)/1e6, float64(kubelet)/1e6)
	if runtime > ready || ready > kubelet {
		t.Error("that is not the order in which they need each other")
	}
	if restarts := unit(t, "specguard", "NRestarts"); restarts != "0" {
		t.Errorf("the agent has been restarted %s times", restarts)
	}
}

// again has something end the agent, and waits until systemd has started it
// anew.
func again(t *testing.T, script string) {
	t.Helper()
	pid := unit(t, "specguard", "MainPID")
	shell(t, script)
	eventually(t, 2*time.Minute, "test $(systemctl show --value -p MainPID specguard) != "+pid+" && systemctl is-active specguard")
}

// runsAs runs a container, as soon as one can be created, which runs as a user. A
// container that the agent has not seen cannot be: NRI requires it.
func (n *node) runsAs(t *testing.T, want string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Second) {
		c, err := n.run(t, "systemd", "", nil)
		if err == nil {
			if got := uid(t, c); got != want {
				t.Errorf("it runs as %s, want %s", got, want)
			}
			return
		}
		if time.Now().After(deadline) || !strings.Contains(err.Error(), notAsked) && !strings.Contains(err.Error(), unasked) {
			t.Error(err)
			return
		}
		t.Logf("not yet: %v", err)
	}
}

// confined checks what the unit takes away from the agent.
func confined(t *testing.T) {
	pid := unit(t, "specguard", "MainPID")
	status := read(t, "/proc/"+pid+"/status")
	for _, want := range []string{"CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"} {
		if !strings.Contains(status, want) {
			t.Errorf("the kernel does not say %q of the agent", want)
		}
	}
	for _, dir := range []string{"/etc", "/usr", "/var/lib", "/tmp", "/run", "/run/containerd", "/dev"} {
		fails(t, fmt.Sprintf("nsenter -t %s -m touch %s/probe", pid, dir))
	}
	score := shell(t, "systemd-analyze security --no-pager specguard.service | tail -n 1")
	t.Logf("systemd-analyze security: %s", score)
	keep(t, "security", shell(t, "systemd-analyze security --no-pager specguard.service"))
}
