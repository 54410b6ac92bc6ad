package e2e_test

import (
	"testing"

	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/node"
)

// adjusting makes each rule of the profile restricted adjust that can.
const adjusting = `profile: restricted
rules:
  privileged: {onViolation: adjust}
  capabilities: {onViolation: adjust}
  hostPaths: {onViolation: adjust, remove: writable}
  procMount: {onViolation: adjust}
  appArmorProfile: {onViolation: adjust, apply: RuntimeDefault}
  seLinuxOptions: {onViolation: adjust, type: container_t}
  allowPrivilegeEscalation: {onViolation: adjust}
  runAsNonRoot: {onViolation: adjust}
  seccompProfile: {onViolation: adjust}`

// What restricted says of a container that asks for nothing.
const notRestricted = `specguard: denied by policy "restricted": capabilities: AUDIT_WRITE, CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL ` +
	`and 7 more not allowed (allowed: NET_BIND_SERVICE); ` +
	`allowPrivilegeEscalation: privilege escalation is possible (noNewPrivileges is not set); ` +
	`runAsNonRoot: runs as root (uid 0) (allowed: any uid but 0); ` +
	`seccompProfile: seccomp is unconfined (allowed: a profile that blocks system calls, such as RuntimeDefault)`

const notBaseline = `specguard: denied by policy "baseline": capabilities: SYS_TIME not allowed (allowed: AUDIT_WRITE, CHOWN, DAC_OVERRIDE, ` +
	`FOWNER, FSETID, KILL, MKNOD, NET_BIND_SERVICE, NET_RAW, SETFCAP, SETGID, SETPCAP, SETUID, SYS_CHROOT)`

// A scenario is a container, named ctrSame, under policies of any kind.
type scenario struct {
	breach    // of which changes, truth and stops count
	namespace string
	denied    *refusal // nil: it runs
}

func (g *rig) scenario(t *testing.T, s scenario) {
	pod := g.runPod(t, s.namespace, s.pod...)
	free := g.run(t, s.make(t, pod, ctrFree), "")
	if s.denied != nil {
		g.refused(t, s.make(t, pod, ctrSame), *s.denied)
		return
	}
	decision := "allowed"
	if s.changes != nil {
		decision = "adjusted"
	}
	s.compare(t, g.run(t, s.make(t, pod, ctrSame), decision), free)
}

// ownNetwork is a container of a pod with a network of its own, with what a
// kubelet mounts.
func ownNetwork(n *node.Node, name string, options ...cri.ContainerOption) container {
	return container{
		name: name, pod: []cri.PodOption{cri.PodNetwork()}, options: append(options, cri.InPodNetwork()),
		late: func(t *testing.T, pod *cri.Sandbox, container string) cri.ContainerOption {
			option, err := pod.KubeletMounts(n.KubeletDir(), container)
			if err != nil {
				t.Fatal(err)
			}
			return option
		},
	}
}

func TestProfiles(t *testing.T) {
	match := func(namespace string) string {
		return "{namespaces: [" + namespace + "], containers: [" + ctrSame + "]}"
	}
	policies := policyText("baseline", match("baseline"), "enforce", "profile: baseline") +
		policyText("restricted", match("restricted"), "enforce", "profile: restricted") +
		// Both: what the first makes of a container has to please the second.
		policyText("adjusting", match("adjusting"), "enforce", adjusting) +
		policyText("strict", match("adjusting"), "enforce", "profile: restricted") +
		policyText("gently", match("gently"), "enforce", "profile: restricted\nonViolation: adjust\nrules: {allowPrivilegeEscalation: {onViolation: audit}}") +
		policyText("reported", match("reported"), "enforce", "profile: restricted\nonViolation: audit")
	restricted := []cri.ContainerOption{cri.User(1000), cri.Group(1000), cri.Capabilities(nil, []string{"ALL"}),
		cri.NoNewPrivs(), cri.RuntimeDefaultSeccomp()}
	eachNode(t, func(t *testing.T, n *node.Node) {
		if err := n.AddNetwork(t.Context()); err != nil {
			t.Fatal(err)
		}
		// What containerd gives by default; CRI-O gives less.
		beyond := []cri.ContainerOption{cri.Capabilities([]string{"AUDIT_WRITE", "MKNOD", "NET_RAW", "SETFCAP", "SYS_CHROOT"}, nil)}
		g := startRig(t, n, rigOptions{policies: policies})
		for _, s := range []scenario{
			{namespace: "baseline", breach: breach{container: ownNetwork(n, "default")}},
			{namespace: "baseline", breach: breach{container: ownNetwork(n, "restricted", restricted...)}},
			{namespace: "baseline", breach: breach{container: container{name: "host-network"}}, denied: &refusal{early: true,
				sentence: `specguard: denied by policy "baseline": hostNamespaces: host namespaces network not allowed (allowed: none)`}},
			{namespace: "baseline", breach: breach{container: ownNetwork(n, "added", cri.Capabilities([]string{"SYS_TIME"}, []string{"ALL"}))},
				denied: &refusal{sentence: notBaseline}},
			{namespace: "restricted", breach: breach{container: ownNetwork(n, "default", beyond...)}, denied: &refusal{sentence: notRestricted}},
			{namespace: "restricted", breach: breach{container: ownNetwork(n, "restricted", restricted...)}},
			{namespace: "adjusting", breach: breach{
				container: ownNetwork(n, "default"),
				changes:   []string{"process.capabilities", "process.noNewPrivileges", "process.user", "linux.seccomp"},
				truth: func(w *cri.Truth) {
					only("NET_BIND_SERVICE")(w)
					w.Permitted, w.Effective, w.RootWritable = 0, 0, false
					w.UID, w.GID, w.Groups, w.NoNewPrivs, w.Seccomp = 65532, 65532, nil, true, 2
				},
				stops: []string{"unshare -U true", "touch /x"},
				works: []string{"touch /tmp/x && cat /var/run/secrets/kubernetes.io/serviceaccount/token"},
			}},
			{namespace: "adjusting", breach: breach{container: ownNetwork(n, "restricted", restricted...)}},
			{namespace: "gently", breach: breach{
				container: ownNetwork(n, "default"),
				changes:   []string{"process.capabilities", "process.user", "linux.seccomp"},
				truth: func(w *cri.Truth) {
					only("NET_BIND_SERVICE")(w)
					w.Permitted, w.Effective, w.RootWritable = 0, 0, false
					w.UID, w.GID, w.Groups, w.Seccomp = 65532, 65532, nil, 2
				},
			}},
			{namespace: "gently", breach: breach{container: container{name: "host-network"}}, denied: &refusal{early: true,
				sentence: `specguard: denied by policy "gently": hostNamespaces: host namespaces network not allowed (allowed: none)`}},
			{namespace: "reported", breach: breach{container: ownNetwork(n, "default")}},
		} {
			t.Run(s.namespace+"-"+s.name, func(t *testing.T) {
				t.Parallel()
				g.scenario(t, s)
			})
		}
	})
}
