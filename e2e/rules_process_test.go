package e2e_test

import (
	"testing"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/node"
)

func TestRuleCapabilities(t *testing.T) {
	const bind = "drop: [ALL], allow: [NET_BIND_SERVICE]"
	testRule(t, func(_ *testing.T, n *node.Node) rule {
		leave := only("CHOWN")
		return rule{
			name: "capabilities",
			breaking: []breach{
				{
					container: container{name: "added", config: bind, options: []cri.ContainerOption{
						cri.Capabilities([]string{"NET_ADMIN", "SYS_TIME", "NET_BIND_SERVICE"}, []string{"ALL"})}},
					found:   []string{"NET_ADMIN, SYS_TIME not allowed (allowed: NET_BIND_SERVICE)"},
					changes: []string{"process.capabilities"},
					truth:   only("NET_BIND_SERVICE"),
					stops:   []string{"ifconfig lo up"},
				},
				{
					// What containerd gives by default; CRI-O gives less.
					container: container{name: "default", config: "drop: [all, cap_kill], allow: [kill, chown]",
						options: []cri.ContainerOption{cri.Capabilities([]string{"MKNOD", "NET_RAW", "SETFCAP", "SYS_CHROOT", "AUDIT_WRITE"}, nil)}},
					found:   []string{"AUDIT_WRITE, DAC_OVERRIDE, FOWNER, FSETID, KILL, MKNOD and 7 more not allowed (allowed: CHOWN)"},
					changes: []string{"process.capabilities"},
					truth: func(w *cri.Truth) {
						leave(w)
						// In CRI-O's store the root belongs to root alone, who needs DAC_OVERRIDE.
						w.RootWritable = n.Release() != build.CRIO
					},
					stops: []string{"chroot / true", "mknod /n c 1 3; r=$?; rm -f /n; exit $r", "setpriv --reuid 7 true || su web -c true"},
					works: []string{"touch /tmp/c && chown 7 /tmp/c"},
				},
				{
					// Root's capabilities are not there to be seen, but to be
					// had from a set-user-ID program.
					container: container{name: "bounding", config: "drop: [NET_RAW]", options: []cri.ContainerOption{
						cri.User(1000), cri.Capabilities([]string{"NET_RAW"}, nil)}},
					found:   []string{"NET_RAW not allowed (allowed: all but NET_RAW)"},
					changes: []string{"process.capabilities"},
					truth:   func(w *cri.Truth) { w.Bounding &^= cri.CapsOf("NET_RAW") },
				},
			},
			compliant: []container{
				{name: "bind-only", config: bind, options: []cri.ContainerOption{cri.Capabilities([]string{"NET_BIND_SERVICE"}, []string{"ALL"})}},
				{name: "none", config: "drop: [ALL]", options: []cri.ContainerOption{cri.Capabilities(nil, []string{"ALL"})}},
			},
		}
	})
}

// only leaves no other capabilities than these.
func only(names ...string) func(*cri.Truth) {
	keep := cri.CapsOf(names...)
	return func(w *cri.Truth) {
		for _, set := range []*cri.Caps{&w.Inheritable, &w.Permitted, &w.Effective, &w.Bounding, &w.Ambient} {
			*set &= keep
		}
	}
}

func TestRuleAllowPrivilegeEscalation(t *testing.T) {
	testRule(t, func(*testing.T, *node.Node) rule {
		return rule{
			name: "allowPrivilegeEscalation",
			breaking: []breach{{
				container: container{name: "default"},
				found:     []string{"privilege escalation is possible (noNewPrivileges is not set)"},
				changes:   []string{"process.noNewPrivileges"},
				truth:     func(w *cri.Truth) { w.NoNewPrivs = true },
			}},
			compliant: []container{{name: "set", options: []cri.ContainerOption{cri.NoNewPrivs()}}},
		}
	})
}

func TestRuleRunAsNonRoot(t *testing.T) {
	// user is a process that has left root behind, and with it what is
	// effective of its capabilities.
	user := func(uid, gid int, groups ...int) func(*cri.Truth) {
		return func(w *cri.Truth) {
			w.UID, w.GID, w.Groups = uid, gid, groups
			w.Permitted, w.Effective, w.RootWritable = 0, 0, false
		}
	}
	testRule(t, func(_ *testing.T, n *node.Node) rule {
		groups := "0, 5, 50"
		if n.Release() == build.CRIO {
			groups = "0, 50, 5"
		}
		return rule{
			name: "runAsNonRoot",
			breaking: []breach{
				{
					container: container{name: "root"},
					found:     []string{"runs as root (uid 0) (allowed: any uid but 0)"},
					changes:   []string{"process.user"},
					truth:     user(65532, 65532),
					stops:     []string{"touch /x", "test $(id -u) = 0", "test $(id -g) = 0", "cat /etc/shadow || touch /etc/x"},
					works:     []string{"touch /tmp/x"},
				},
				{
					container: container{name: "range", config: "allowedUsers: [{min: 1000, max: 1999}, {min: 7, max: 7}], runAsUser: 1500",
						options: []cri.ContainerOption{cri.User(3000), cri.Group(3001)}},
					found:   []string{"uid 3000 not allowed (allowed: 1000-1999, 7)"},
					changes: []string{"process.user"},
					truth:   func(w *cri.Truth) { w.UID = 1500 },
				},
				{
					container: container{name: "groups", config: "runAsGroup: 1200, forbidRootGroup: true, allowedSupplementalGroups: [{min: 1000, max: 1999}]",
						options: []cri.ContainerOption{cri.User(1000), cri.Group(0, 5, 1100)}},
					found:   []string{"gid 0 not allowed (allowed: any gid but 0)", "additional groups " + groups + " not allowed (allowed: 1000-1999)"},
					changes: []string{"process.user"},
					truth:   func(w *cri.Truth) { w.GID, w.Groups = 1200, []int{1100} },
				},
				{
					container: container{name: "by-name", config: "runAsUser: 2000, runAsGroup: 2001", options: []cri.ContainerOption{cri.Username("root")}},
					found:     []string{"runs as root (uid 0) (allowed: any uid but 0)"},
					changes:   []string{"process.user"},
					truth:     user(2000, 2001),
				},
				{
					container: container{name: "only-root", apply: "adjustOnlyRoot: true, keepRootGroup: true, home: /tmp",
						options: []cri.ContainerOption{cri.User(0), cri.Group(0, 2000)}},
					found:   []string{"runs as root (uid 0) (allowed: any uid but 0)"},
					changes: []string{"process.env", "process.user"},
					truth:   user(65532, 0, 0, 2000),
					works:   []string{"test $HOME = /tmp", "tr '\\0' '\\n' </proc/1/environ | grep -qx HOME=/tmp", "touch ~/x"},
				},
				{
					container: container{name: "home-of-its-own", apply: "home: /tmp", options: []cri.ContainerOption{cri.Env("HOME", "/srv")}},
					found:     []string{"runs as root (uid 0) (allowed: any uid but 0)"},
					changes:   []string{"process.user"},
					truth:     user(65532, 65532),
					works:     []string{"test $HOME = /srv"},
				},
				{
					container: container{name: "not-root", config: "allowedUsers: [{min: 1000, max: 1999}], runAsUser: 1500",
						apply:   "allowedUsers: [{min: 1000, max: 1999}], runAsUser: 1500, adjustOnlyRoot: true",
						options: []cri.ContainerOption{cri.User(3000), cri.Group(3001)}},
					found: []string{"uid 3000 not allowed (allowed: 1000-1999)"},
				},
				{
					container: container{name: "namespace",
						config: "namespaceUsers: [{namespaces: [team-b], min: 1000, max: 1999}, {namespaces: [\"runasnonroot-*\"], min: 7000, max: 7999}]"},
					found:   []string{"runs as root (uid 0) (allowed: 7000-7999)"},
					changes: []string{"process.user"},
					truth:   user(7000, 65532),
				},
				{
					container: container{name: "no-range", config: "namespaceUsers: [{namespaces: [team-b], min: 1000, max: 1999}]",
						options: []cri.ContainerOption{cri.User(1000)}},
					found: []string{`namespace "runasnonroot-no-range" has no range of users in namespaceUsers (allowed: team-b)`},
				},
			},
			compliant: []container{
				{name: "numeric", options: []cri.ContainerOption{cri.User(1000), cri.Group(1000, 2000)}},
				{name: "named", config: "allowedUsers: [{min: 1000, max: 1000}], runAsUser: 1000, forbidRootGroup: true",
					options: []cri.ContainerOption{cri.Username("web")}},
			},
		}
	})
}

func TestRuleSeccompProfile(t *testing.T) {
	testRule(t, func(*testing.T, *node.Node) rule {
		return rule{
			name: "seccompProfile",
			breaking: []breach{
				{
					container: container{name: "unconfined"},
					found:     []string{"seccomp is unconfined (allowed: a profile that blocks system calls, such as RuntimeDefault)"},
					changes:   []string{"linux.seccomp"},
					truth:     func(w *cri.Truth) { w.Seccomp = 2 },
					stops:     []string{"unshare -U true"},
					works:     []string{"ls -l / && chown 7 /tmp && sh -c 'echo a | cat'"},
				},
				{
					container: container{name: "user", options: []cri.ContainerOption{cri.User(1000)}},
					found:     []string{"seccomp is unconfined (allowed: a profile that blocks system calls, such as RuntimeDefault)"},
					changes:   []string{"linux.seccomp"},
					truth:     func(w *cri.Truth) { w.Seccomp = 2 },
					stops:     []string{"unshare -U true"},
				},
			},
			compliant: []container{{name: "runtime-default", options: []cri.ContainerOption{cri.RuntimeDefaultSeccomp()}}},
		}
	})
}
