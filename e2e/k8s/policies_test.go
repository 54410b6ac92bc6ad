package k8s_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// probed is when a pod that is not ready is seen not to be: the kubelet asks
// every 5 seconds, and three times.
const probed = 20 * time.Second

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

// TestAWrongPolicyIsNotInForce: the last good policies stay, and the agent says
// so. Its pod stays ready, or a rollout would replace it at once, by one that
// does not start.
func TestAWrongPolicyIsNotInForce(t *testing.T) {
	g := guard(t)
	g.namespace(t, "team-wrong")
	t.Cleanup(func() {
		g.apply(t, policies(tenants))
		g.ready(t)
	})
	g.apply(t, policies(strings.Replace(tenants, "hostPaths:", "hostPath:", 1)))
	agent := g.agentPod(t)
	eventually(t, func() error {
		loaded, err := g.metric(t, agent, "specguard_policy_reload_success")
		if err == nil && loaded != "0" {
			err = fmt.Errorf("specguard_policy_reload_success is %s", loaded)
		}
		return err
	})
	readyz := fmt.Sprintf("--raw=/api/v1/namespaces/%s/pods/%s:9464/proxy/readyz", system, agent)
	if out, err := g.Kubectl(t.Context(), "get", readyz); err == nil || !strings.Contains(err.Error(), "ServiceUnavailable") {
		t.Errorf("/readyz: %v, %s", err, out)
	}
	if out := g.kubectl(t, "get", readyz+"?exclude=policies"); out != "ok\n" {
		t.Errorf("/readyz but for policies: %q", out)
	}
	time.Sleep(probed)
	if out := g.kubectl(t, "--namespace="+system, "get", daemonSet, "--output=jsonpath={.status.numberReady}"); out != "1" {
		t.Errorf("ready agents: %s", out)
	}
	g.create(t, newPod("team-wrong", "web", hostPath("/srv")))
	g.described(t, "team-wrong", "pod/web", "hostPaths: host path /srv at /mnt is not allowed")
}
