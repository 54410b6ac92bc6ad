// Package apparmor loads the AppArmor profile that containerd gives containers by default.
// containerd loads it only when the first container asks for it. Until then, after a boot,
// a policy that applies the profile has nothing to apply.
package apparmor

import (
	"os"
	"path/filepath"
	"strings"
)

// Default is the name of containerd's profile.
const Default = "cri-containerd.apparmor.d"

// rules are the rules of containerd 2.4 (contrib/apparmor) for a containerd that is not
// itself confined.
const rules = `  network,
  capability,
  file,
  umount,

  signal (receive) peer=unconfined,
  signal (receive) peer=runc,
  signal (receive) peer=crun,
  signal (send,receive) peer=` + Default + `,
  ptrace (trace,tracedby,read,readby) peer=` + Default + `,

  # Of /proc, what is no process's and not kernel/shm* is not written.
  deny @{PROC}/* w,
  deny @{PROC}/{[^1-9/],[^1-9/][^0-9/],[^1-9s/][^0-9y/][^0-9s/],[^1-9/][^0-9/][^0-9/][^0-9/]*}/** w,
  deny @{PROC}/sys/[^k]** w,
  deny @{PROC}/sys/kernel/{?,??,[^s][^h][^m]**} w,
  deny @{PROC}/sysrq-trigger rwklx,
  deny @{PROC}/kcore rwklx,

  deny mount,

  # Of /sys, what is not fs/cgroup is not written.
  deny /sys/[^f]*/** wklx,
  deny /sys/f[^s]*/** wklx,
  deny /sys/fs/[^c]*/** wklx,
  deny /sys/fs/c[^g]*/** wklx,
  deny /sys/fs/cg[^r]*/** wklx,
  deny /sys/firmware/** rwklx,
  deny /sys/devices/virtual/powercap/** rwklx,
  deny /sys/kernel/security/** rwklx,
`

// profile returns the text for a node whose files are at root. It includes what the node's
// AppArmor has.
func profile(root string) string {
	has := func(name string) bool {
		_, err := os.Stat(filepath.Join(root, "etc/apparmor.d", name))
		return err == nil
	}
	var b strings.Builder
	if has("abi/3.0") {
		b.WriteString("abi <abi/3.0>,\n")
	}
	if has("tunables/global") {
		b.WriteString("#include <tunables/global>\n")
	} else {
		b.WriteString("@{PROC}=/proc/\n")
	}
	b.WriteString("profile " + Default + " flags=(attach_disconnected,mediate_deleted) {\n")
	if has("abstractions/base") {
		b.WriteString("  #include <abstractions/base>\n")
	}
	b.WriteString(rules + "}\n")
	return b.String()
}
