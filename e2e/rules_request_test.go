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
		policy("excepted", refuse) + allow("excepted", "{capabilities: [NET_ADMIN]}") + policy("bounded", refuse) + allow("bounded", "{capabilities: [SYS_TIME]}")
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
