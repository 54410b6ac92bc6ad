package guest_test

import (
	"os"
	"strings"
	"testing"
)

// requiredPlugins has containerd refuse what the agent has not seen.
const requiredPlugins = "/etc/containerd/conf.d/specguard-required.toml"

// TestSystemdWrap puts the OCI runtime wrapper in place, for the next boot: it
// refuses containers by itself, where containerd does not.
func TestSystemdWrap(t *testing.T) {
	n := connect(t)
	if err := os.Remove(requiredPlugins); err != nil {
		t.Error(err)
	}
	shell(t, "systemctl stop kubelet && rm "+firstPod)
	n.wrap(t)
	shell(t, "systemctl restart specguard")
	n.runsAs(t, "4242")
}

// TestSystemdWrapped is TestSystemdBooted with the wrapper, whose containers wait
// for the agent.
func TestSystemdWrapped(t *testing.T) {
	booted(t, "4242")
	shell(t, `journalctl -b -u specguard -o cat | grep opener=runtime`)
	n := connect(t)
	n.ready(t)
	n.runsAs(t, "4242")
	t.Run("away", func(t *testing.T) {
		shell(t, "systemctl stop specguard")
		// NRI refuses the first, whose request the agent has let go.
		_, err := n.run(t, "systemd", "", nil)
		if err != nil && strings.Contains(err.Error(), notAsked) {
			_, err = n.run(t, "systemd", "", nil)
		}
		if err == nil || !strings.Contains(err.Error(), unasked) {
			t.Errorf("a container while the agent is away: %v", err)
		}
		c, err := n.run(t, "kube-system", "", nil) // which install lets pass
		if err != nil {
			t.Error(err)
		} else if got := uid(t, c); got != "0" {
			t.Errorf("a container of kube-system runs as %s", got)
		}
		shell(t, "systemctl start specguard")
		n.runsAs(t, "4242")
	})
	t.Run("killed", func(t *testing.T) {
		again(t, "kill -KILL $(systemctl show --value -p MainPID specguard)")
		n.runsAs(t, "4242")
	})
}
