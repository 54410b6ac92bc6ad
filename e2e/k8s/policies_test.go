package k8s_test

import (
	"fmt"
	"strings"
	"testing"
)

// policies is the agent's ConfigMap of policies.
func policies(policy string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: specguard-policies, namespace: %s}\ndata:\n  policy.yaml: |\n    %s\n",
		system, strings.ReplaceAll(policy, "\n", "\n    "))
}

// setPolicies edits the ConfigMap, waits until that is in force, and puts the
// policies of tenants in force again when the test ends.
func (g guarded) setPolicies(t *testing.T, policy string) {
	t.Helper()
	set := func(policy string) {
		g.inForce(t, func() { g.apply(t, policies(policy)) })
	}
	t.Cleanup(func() { set(tenants) })
	set(policy)
}

// inForce changes policies and waits until the agent has read them.
func (g guarded) inForce(t *testing.T, change func()) {
	t.Helper()
	var before string
	eventually(t, func() (err error) {
		before, err = g.generation(t)
		return err
	})
	change()
	eventually(t, func() error {
		now, err := g.generation(t)
		if err == nil && now == before {
			err = fmt.Errorf("policies in force since %s: none new", before)
		}
		return err
	})
}

// generation counts the policies that were in force.
func (g guarded) generation(t *testing.T) (string, error) {
	t.Helper()
	return g.metric(t, g.agentPod(t), "specguard_policy_generation")
}

// TestAnEditedConfigMapIsInForce: without a restart of the agent.
func TestAnEditedConfigMapIsInForce(t *testing.T) {
	g := guard(t)
	g.namespace(t, "team-edited")
	agent := g.agentContainer(t)
	g.create(t, newPod("team-edited", "before", hostPath("/srv")))
	g.described(t, "team-edited", "pod/before", "hostPaths: host path /srv at /mnt is not allowed")

	g.setPolicies(t, strings.Replace(tenants, "allowed: [{path: /var/log, readOnly: true}]", "allowed: [{path: /srv}]", 1))
	// The kubelet tries the refused pod again and again.
	checkHardened(t, "the pod", g.told(t, "team-edited", "before", "main"))
	g.create(t, newPod("team-edited", "after", hostPath("/var/log")))
	g.described(t, "team-edited", "pod/after", "hostPaths: host path /var/log at /mnt is not allowed")
	if now := g.agentContainer(t); now != agent {
		t.Errorf("the agent's container was %s, is %s", agent, now)
	}
}

// agentContainer is the id of the agent's container.
func (g guarded) agentContainer(t *testing.T) string {
	t.Helper()
	id := g.ofAgent(t, "{.items[*].status.containerStatuses[*].containerID}")
	if len(strings.Fields(id)) != 1 {
		t.Fatalf("containers of agents: %q", id)
	}
	return id
}

// TestAWrongPolicyIsNotInForce: the last good policies stay, and the agent is
// not ready.
func TestAWrongPolicyIsNotInForce(t *testing.T) {
	g := guard(t)
	g.namespace(t, "team-wrong")
	t.Cleanup(func() {
		g.apply(t, policies(tenants))
		g.ready(t)
	})
	g.apply(t, policies(strings.Replace(tenants, "hostPaths:", "hostPath:", 1)))
	eventually(t, func() error {
		out, err := g.Kubectl(t.Context(), "--namespace="+system, "get", daemonSet, "--output=jsonpath={.status.numberReady}")
		if err == nil && out != "0" {
			err = fmt.Errorf("ready agents: %s", out)
		}
		return err
	})
	g.create(t, newPod("team-wrong", "web", hostPath("/srv")))
	g.described(t, "team-wrong", "pod/web", "hostPaths: host path /srv at /mnt is not allowed")
}
