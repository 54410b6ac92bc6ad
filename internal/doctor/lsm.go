package doctor

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/specguard/specguard/internal/hostfile"
	"github.com/specguard/specguard/plugin/apparmor"
	"github.com/specguard/specguard/policy"
)

// checkLSM reports whether the kernel has AppArmor or SELinux on, and whether it
// enforces.
func checkLSM(_ context.Context, n *Node) []Finding {
	armor, se := n.host.AppArmor(), n.host.SELinux()
	var out []Finding
	if armor.State == policy.Enabled {
		out = append(out, appArmor(armor))
		out = append(out, n.defaultProfiles(armor)...)
	}
	if se == policy.Enabled {
		out = append(out, n.seLinux())
	}
	switch {
	case len(out) > 0:
		return out
	case armor.State == policy.Disabled && se == policy.Disabled:
		return []Finding{warning("turn one on: until then, rules appArmorProfile and seLinuxOptions have no effect",
			"neither AppArmor nor SELinux is on")}
	default:
		return []Finding{warning("let the agent see the host's /sys and /proc (host.root)", "cannot see whether AppArmor or SELinux is on")}
	}
}

func appArmor(armor policy.AppArmor) Finding {
	if armor.Profiles == nil {
		return warning("run doctor and the agent as root, with securityfs mounted at /sys/kernel/security",
			"AppArmor is on, but its profiles cannot be read: rule appArmorProfile denies profiles that it cannot see")
	}
	confining := 0
	for _, confines := range armor.Profiles {
		if confines {
			confining++
		}
	}
	return ok("AppArmor is on; of %d loaded profiles %d confine", len(armor.Profiles), confining)
}

// defaultProfiles reports whether RuntimeDefault can be applied to the containers of
// the node's runtimes, and whether they give it themselves.
func (n *Node) defaultProfiles(armor policy.AppArmor) []Finding {
	var out []Finding
	if n.Root != "" {
		if err := n.files.executable(apparmor.Parser); err != nil {
			out = append(out, warning("install AppArmor's user space (apparmor in most distributions) and restart the runtime, or boot with "+
				"apparmor=0",
				"AppArmor is on, but %s cannot be run (%v): containerd and CRI-O give containers no profile, and rule appArmorProfile (in "+
					"baseline and restricted) denies them all", apparmor.Parser, err))
		}
	}
	for _, r := range n.runtimes {
		name, advice := apparmor.Default, "systemctl enable --now specguard-apparmor.service, or run specguard apparmor; with a "+
			"DaemonSet, its own pod loads the profile, unless the pod asks for another"
		if r.component == crio {
			name, advice = "crio-default", "restart CRI-O, which loads it when it starts"
		}
		if confines, loaded := armor.Profiles[name]; armor.Profiles != nil && !loaded {
			out = append(out, warning(advice, "AppArmor profile %s of %s is not loaded: apply: RuntimeDefault denies what it should adjust",
				name, r.component))
		} else if loaded && !confines {
			out = append(out, warning("aa-enforce it, or remove it and restart the runtime",
				"AppArmor profile %s of %s confines nothing: its mode is complain or unconfined", name, r.component))
		}
	}
	return out
}

func (n *Node) seLinux() Finding {
	enforce, err := os.ReadFile(filepath.Join(n.kernelRoot(), "sys/fs/selinux/enforce"))
	switch {
	case err != nil:
		return warning("mount selinuxfs at /sys/fs/selinux", "SELinux is on; cannot read whether it enforces")
	case strings.TrimSpace(string(enforce)) != "1":
		return warning("setenforce 1, and SELINUX=enforcing in /etc/selinux/config", "SELinux is on, but permissive: it denies nothing")
	default:
		return ok("SELinux is on and enforces")
	}
}

// checkSeccomp reports whether the kernel can filter system calls.
func checkSeccomp(_ context.Context, n *Node) []Finding {
	data, err := os.ReadFile(filepath.Join(n.kernelRoot(), "proc/sys/kernel/seccomp/actions_avail"))
	switch {
	case err != nil:
		return []Finding{problem("use a kernel with CONFIG_SECCOMP_FILTER: containers with a seccomp profile cannot start",
			"no seccomp filters: %v", hostfile.Named("/proc/sys/kernel/seccomp/actions_avail", err))}
	case !slices.Contains(strings.Fields(string(data)), "errno"):
		return []Finding{problem("use a kernel with CONFIG_SECCOMP_FILTER", "seccomp cannot deny system calls (it has: %s)",
			strings.TrimSpace(string(data)))}
	default:
		return []Finding{ok("available")}
	}
}
