package e2e_test

import (
	"testing"

	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/node"
)

// TestPoliciesTogether has several policies speak about one container.
func TestPoliciesTogether(t *testing.T) {
	policy := func(namespace, name, rules string) string {
		return policyText(namespace+"-"+name, "{namespaces: ["+namespace+"], containers: ["+ctrSame+"]}", "enforce", "rules: {"+rules+"}")
	}
	policies := policy("helped", "reject", "capabilities: {drop: [NET_RAW]}, runAsNonRoot: {}") +
		policy("helped", "adjust", "capabilities: {onViolation: adjust, drop: [NET_RAW, KILL]}, runAsNonRoot: {onViolation: adjust, runAsUser: 1000, runAsGroup: 1000}") +
		policy("in-vain", "reject", "capabilities: {drop: [NET_RAW, KILL]}") +
		policy("in-vain", "adjust", "capabilities: {onViolation: adjust, drop: [NET_RAW]}, runAsNonRoot: {onViolation: adjust}") +
		policy("both-reject", "one", "capabilities: {drop: [NET_RAW]}") +
		policy("both-reject", "two", "capabilities: {drop: [KILL]}, runAsNonRoot: {}") +
		policy("early", "reject", "hostPaths: {}") +
		policy("united", "one", "readOnlyRootFilesystem: {onViolation: adjust, writablePaths: [/tmp, /srv], writableSize: 1Mi}") +
		policy("united", "two", "readOnlyRootFilesystem: {onViolation: adjust, writablePaths: [/var/log, /tmp], writableSize: 2Mi}") +
		policy("early", "adjust", "resources: {onViolation: adjust, pids: {max: 64}}, runAsNonRoot: {onViolation: adjust}")
	netRaw := []cri.ContainerOption{cri.Capabilities([]string{"NET_RAW"}, nil)} // CRI-O does not give it by default
	eachNode(t, func(t *testing.T, n *node.Node) {
		g := startRig(t, n, rigOptions{policies: policies})
		for _, s := range []scenario{
			{namespace: "helped", breach: breach{
				container: container{options: netRaw},
				changes:   []string{"process.capabilities", "process.user"},
				truth: func(w *cri.Truth) {
					w.UID, w.GID, w.Groups, w.RootWritable = 1000, 1000, nil, false
					w.Permitted, w.Effective = 0, 0
					w.Bounding &^= cri.CapsOf("NET_RAW", "KILL")
				},
			}},
			{namespace: "in-vain", breach: breach{container: container{options: netRaw}}, denied: &refusal{sentence: `specguard: denied by policy "in-vain-reject": ` +
				`capabilities: KILL not allowed (allowed: all but NET_RAW, KILL)`}},
			{namespace: "both-reject", breach: breach{container: container{options: netRaw}}, denied: &refusal{sentence: `specguard: denied by policy "both-reject-one": capabilities: NET_RAW not allowed ` +
				`(allowed: all but NET_RAW); policy "both-reject-two": capabilities: KILL not allowed (allowed: all but KILL); ` +
				`runAsNonRoot: runs as root (uid 0) (allowed: any uid but 0)`}},
			{namespace: "united", breach: breach{
				changes: []string{"root.readonly", "mounts"},
				truth:   func(w *cri.Truth) { w.RootWritable = false },
				stops:   []string{"touch /x"},
				works:   []string{"touch /tmp/x", "touch /srv/x", "touch /var/log/x"},
				check: func(t *testing.T, c running) {
					for path, size := range map[string]string{"/tmp": "size=1024k", "/srv": "size=1024k", "/var/log": "size=2048k"} {
						hasMount(t, c, path, "tmpfs", "rw", size)
					}
				},
			}},
			{namespace: "early", breach: breach{container: container{options: hostPath("/srv")}}, denied: &refusal{early: true,
				sentence: `specguard: denied by policy "early-reject": hostPaths: host path /srv at /data is not allowed (allowed: none)`}},
		} {
			t.Run(s.namespace, func(t *testing.T) {
				t.Parallel()
				g.scenario(t, s)
			})
		}
	})
}

// TestOtherNamespaces compares containers that no policy is for with the same
// ones from before the agent came. (Without an agent none runs on a wrapped
// node.)
func TestOtherNamespaces(t *testing.T) {
	const hard = "profile: restricted\nrules: {capabilities: {onViolation: adjust}, seccompProfile: {onViolation: adjust}}"
	policies := policyText("team", "{namespaces: [team-*], excludeNamespaces: [team-infra]}", "enforce", hard) +
		policyText("labelled", "{podSelector: {matchLabels: {tier: web}}}", "enforce", hard)
	everywhere := policyText("everywhere", "{}", "enforce", hard) +
		policyText("star", "{namespaces: ['**', '*', 'kube-*', 'kube-syste?']}", "enforce", hard)
	named := policyText("named", "{namespaces: [kube-system, kube-public], containers: ["+ctrReject+"]}", "enforce", "rules: {runAsNonRoot: {}}")
	asRoot := refusal{sentence: sentence("named", "runAsNonRoot", []string{"runs as root (uid 0) (allowed: any uid but 0)"})}
	eachUnwrapped(t, func(t *testing.T, n *node.Node) {
		none := &rig{Node: n}
		before := map[string]running{}
		for _, namespace := range []string{"infra", "team-infra", "kube-system"} {
			pod := none.runPod(t, namespace, cri.Label("tier", "db"))
			before[namespace] = none.run(t, container{}.make(t, pod, ctrFree), "")
		}
		untouched := func(t *testing.T, g *rig, namespace string) {
			t.Helper()
			old := before[namespace]
			same := g.run(t, container{}.make(t, old.pod, ctrSame), "")
			sameSpec(t, same.spec, old.spec)
			sameKernel(t, "main process", same.main, old.main)
			sameKernel(t, "exec", same.exec, old.main)
		}
		denied := func(t *testing.T, g *rig, namespace string) {
			t.Helper()
			r := container{}.make(t, g.runPod(t, namespace, cri.Label("tier", "web")), ctrSame)
			if c, err := r.pod.Create(t.Context(), r.config); err == nil {
				t.Errorf("container %s in %s is created", c.ID, namespace)
			}
		}
		t.Run("not-selected", func(t *testing.T) {
			g := startRig(t, n, rigOptions{policies: policies})
			untouched(t, g, "infra")
			untouched(t, g, "team-infra")
			denied(t, g, "team-a")
			denied(t, g, "infra") // by its label
			if lines, err := g.agent.Audit(); err != nil || len(lines) != 2 {
				t.Errorf("decision log: %v, %v", lines, err)
			}
		})
		t.Run("kube-system", func(t *testing.T) {
			g := startRig(t, n, rigOptions{policies: everywhere + named})
			untouched(t, g, "kube-system")
			denied(t, g, "infra")
			denied(t, g, "kube-public")
			g.refused(t, container{}.make(t, before["kube-system"].pod, ctrReject), asRoot)
		})
	})
}
