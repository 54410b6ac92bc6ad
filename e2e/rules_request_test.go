package e2e_test

import (
	"testing"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/node"
)

// TestRequest adjusts what a runtime gives by default, and denies what was asked for.
func TestRequest(t *testing.T) {
	policy := func(namespace, rules string) string {
		return policyText(namespace, "{namespaces: ["+namespace+"], containers: ["+ctrSame+"]}", "enforce", "rules: {"+rules+"}")
	}
	const refuse = "capabilities: {onViolation: adjust, drop: [ALL], allow: [CHOWN], refuse: [ADDED]}"
	const user = "runAsNonRoot: {onViolation: adjust, runAsUser: 1000, runAsGroup: 1000}, " +
		"custom: {on: request, validations: [{name: user, expression: 'spec.process.user.uid != 1000', message: asks for the user of others}]}"
	allow := func(namespace, allow string) string {
		return "---\napiVersion: specguard.dev/v1beta1\nkind: Exception\nmetadata: {name: " + namespace + "}\nspec: {policies: [" + namespace + "], allow: " + allow +
			", match: {namespaces: [" + namespace + "]}, reason: r, owner: o, expires: never}\n"
	}
	netAdmin := []cri.ContainerOption{cri.Capabilities([]string{"NET_ADMIN"}, nil)}
	policies := policy("plain", refuse) + policy("added", refuse) + policy("user", user) + policy("user-asked", user) +
		policy("excepted", refuse) + allow("excepted", "{capabilities: [NET_ADMIN]}") + policy("bounded", refuse) + allow("bounded", "{capabilities: [SYS_TIME]}") +
		policy("path", "hostPaths: {}") + allow("path", "{hostPaths: [{path: /srv, readOnly: true}]}") +
		policy("path-writable", "hostPaths: {}") + allow("path-writable", "{hostPaths: [{path: /srv, readOnly: true}]}")
	eachNode(t, func(t *testing.T, n *node.Node) {
		g := startRig(t, n, rigOptions{policies: policies})
		for _, s := range []scenario{
			{namespace: "plain", breach: breach{changes: []string{"process.capabilities"}, truth: func(w *cri.Truth) {
				only("CHOWN")(w)
				w.RootWritable = n.Release() != build.CRIO // its root belongs to root, who needs DAC_OVERRIDE
			}}},
			{
				namespace: "added", breach: breach{container: container{options: netAdmin}},
				denied: &refusal{sentence: `specguard: denied by policy "added": capabilities: NET_ADMIN refused ` +
					`(allowed: what container runtimes give by default, and CHOWN)`},
			},
			{namespace: "excepted", breach: breach{container: container{options: netAdmin}, changes: []string{"process.capabilities"}, truth: func(w *cri.Truth) {
				only("CHOWN", "NET_ADMIN")(w)
				w.RootWritable = n.Release() != build.CRIO
			}}},
			{
				namespace: "bounded", breach: breach{container: container{options: netAdmin}},
				denied: &refusal{sentence: `specguard: denied by policy "bounded": capabilities: NET_ADMIN refused ` +
					`(allowed: what container runtimes give by default, and CHOWN, SYS_TIME)`},
			},
			{namespace: "path", breach: breach{container: container{options: []cri.ContainerOption{cri.HostPath("/srv", "/data", true)}}}},
			{
				namespace: "path-writable", breach: breach{container: container{options: hostPath("/srv")}},
				denied: &refusal{early: true, sentence: `specguard: denied by policy "path-writable": hostPaths: host path /srv at /data is writable (allowed: /srv read-only)`},
			},
			{namespace: "user", breach: breach{changes: []string{"process.user"}, truth: func(w *cri.Truth) {
				w.UID, w.GID, w.Groups, w.RootWritable = 1000, 1000, nil, false
				w.Permitted, w.Effective = 0, 0
			}}},
			{
				namespace: "user-asked", breach: breach{container: container{options: []cri.ContainerOption{cri.User(1000)}}},
				denied: &refusal{sentence: `specguard: denied by policy "user-asked": custom: user: asks for the user of others`},
			},
		} {
			t.Run(s.namespace, func(t *testing.T) {
				t.Parallel()
				g.scenario(t, s)
			})
		}
	})
}

// TestRequestVerified has rules on request where the agent adjusts before it sees the complete spec.
func TestRequestVerified(t *testing.T) {
	t.Parallel()
	policy := func(namespace, name, rules string) string {
		return policyText(namespace+"-"+name, "{namespaces: ["+namespace+"], containers: ["+ctrSame+"]}", "enforce", "rules: {"+rules+"}")
	}
	const (
		lowered  = "resources: {onViolation: adjust, memory: {max: 128Mi}}"
		notUser  = "custom: {on: request, validations: [{name: user, expression: 'spec.process.user.uid != 1000', message: asks for the user of others}]}"
		tooHigh  = "resources: memory limit 1Gi is too high (allowed: at most 128Mi)"
		notAsked = "resources: {on: request, memory: {max: 128Mi}}"
	)
	policies := policy("needs-all", "p", lowered+", "+notUser) + policy("all-seen", "p", notUser) +
		policy("sees-enough", "a", lowered) + policy("sees-enough", "b", notAsked) +
		policy("enough-seen", "p", lowered+", hostPaths: {on: request}") + policy("refused", "p", "capabilities: {refuse: [ADDED]}")
	g := startRig(t, shared.Node(t, build.CRIO), rigOptions{policies: policies, verify: true})
	large, netAdmin := limits(1024*mebi, 250), []cri.ContainerOption{cri.Capabilities([]string{"NET_ADMIN"}, nil)}
	for _, s := range []scenario{
		// The agent adjusts nothing, so that the rule sees what was asked for.
		{namespace: "needs-all", breach: breach{container: container{name: "large", options: large}},
			denied: &refusal{sentence: `specguard: denied by policy "needs-all-p": ` + tooHigh + unadjusted}},
		{namespace: "needs-all", breach: breach{container: container{name: "small", options: limits(64*mebi, 250)}}},
		{namespace: "all-seen", breach: breach{container: container{name: "asked", options: []cri.ContainerOption{cri.User(1000)}}},
			denied: &refusal{sentence: `specguard: denied by policy "all-seen-p": custom: user: asks for the user of others`}},
		{namespace: "all-seen", breach: breach{container: container{name: "not-asked"}}},
		// NRI shows enough when the container is created.
		{namespace: "sees-enough", breach: breach{container: container{name: "large", options: large}},
			denied: &refusal{early: true, sentence: `specguard: denied by policy "sees-enough-b": ` + tooHigh}},
		{namespace: "enough-seen", breach: breach{container: container{name: "large", options: large}, changes: []string{"linux.resources"},
			check: inForce("134217728 25000 100000 max")}},
		{namespace: "enough-seen", breach: breach{container: container{name: "path", options: hostPath("/srv")}},
			denied: &refusal{early: true, sentence: `specguard: denied by policy "enough-seen-p": hostPaths: host path /srv at /data is not allowed (allowed: none)`}},
		{namespace: "refused", breach: breach{container: container{name: "added", options: netAdmin}},
			denied: &refusal{sentence: `specguard: denied by policy "refused-p": capabilities: NET_ADMIN refused (allowed: what container runtimes give by default)`}},
		{namespace: "refused", breach: breach{container: container{name: "default"}}},
	} {
		t.Run(s.namespace+"-"+s.name, func(t *testing.T) {
			t.Parallel()
			g.scenario(t, s)
		})
	}
}
