package e2e_test

import (
	"testing"

	nri "github.com/containerd/nri/pkg/api"
	api "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/node"
)

// inOwnNetwork is a container in a pod with a network of its own.
func inOwnNetwork(name, config string, pod ...cri.PodOption) container {
	return container{
		name: name, config: config,
		pod: append([]cri.PodOption{cri.PodNetwork()}, pod...), options: []cri.ContainerOption{cri.InPodNetwork()},
	}
}

func TestRuleHostPorts(t *testing.T) {
	testRule(t, func(t *testing.T, n *node.Node) rule {
		if err := n.AddNetwork(t.Context()); err != nil {
			t.Fatal(err)
		}
		const high = "allowed: [{min: 30000, max: 32767}, {min: 53, max: 53}]"
		inHost := "host ports 9100 TCP not allowed (allowed: 30000-32767, 53)"
		if n.Wrapped() && n.Release() != build.CRIO { // CNI is not asked for such a pod
			inHost = "the pod's host ports are not known on this node (allowed: 30000-32767, 53)"
		}
		return rule{
			name: "hostPorts", checkOnly: true,
			breaking: []breach{
				{
					container: inOwnNetwork("some", high, cri.HostPort(29999, api.Protocol_UDP), cri.HostPort(30000, api.Protocol_TCP),
						cri.HostPort(32768, api.Protocol_SCTP)),
					found: []string{"host ports 29999 UDP, 32768 SCTP not allowed (allowed: 30000-32767, 53)"},
				},
				{
					// As Kubernetes tells of the ports of a pod in the host's network.
					container: container{name: "host-network", config: high, pod: []cri.PodOption{cri.HostPort(9100, api.Protocol_TCP)}},
					found:     []string{inHost},
				},
			},
			compliant: []container{
				inOwnNetwork("allowed", high, cri.HostPort(53, api.Protocol_UDP), cri.HostPort(32767, api.Protocol_TCP), cri.Port(8080)),
			},
		}
	})
}

func TestRuleSysctls(t *testing.T) {
	testRule(t, func(t *testing.T, n *node.Node) rule {
		if err := n.AddNetwork(t.Context()); err != nil {
			t.Fatal(err)
		}
		r := rule{
			name: "sysctls",
			breaking: []breach{
				{
					container: inOwnNetwork("unsafe", "", cri.Sysctl("net.core.somaxconn", "1024"), cri.Sysctl("kernel.shm_rmid_forced", "1")),
					found:     []string{"pod's sysctl net.core.somaxconn not allowed (allowed: safe sysctls)"},
				},
				{
					// Kubernetes calls it safe since 1.29.
					container: inOwnNetwork("older", "version: v1.28", cri.Sysctl("net.ipv4.tcp_keepalive_time", "100")),
					found:     []string{"pod's sysctl net.ipv4.tcp_keepalive_time not allowed (allowed: safe sysctls of v1.28)"},
				},
			},
			compliant: []container{
				inOwnNetwork("newest", "", cri.Sysctl("net.ipv4.tcp_keepalive_time", "100")),
				inOwnNetwork("allowed", "allowed: [net.core.*]", cri.Sysctl("net.core.somaxconn", "1024"), cri.Sysctl("kernel.shm_rmid_forced", "1")),
			},
		}
		if n.Release().Major() == "2" { // NRI 0.8 has no sysctls
			add := &nri.ContainerAdjustment{}
			add.SetLinuxSysctl("kernel.msgmax", "16384")
			r.breaking = append(r.breaking, breach{
				container: container{name: "plugin", other: add},
				found:     []string{"sysctl kernel.msgmax not allowed (allowed: safe sysctls)"},
				changes:   []string{"linux.sysctl"},
			})
		}
		return r
	})
}

func TestRuleRuntimeHandlers(t *testing.T) {
	testRule(t, func(*testing.T, *node.Node) rule {
		return rule{
			name: "runtimeHandlers", early: true, checkOnly: true,
			breaking: []breach{
				{
					container: container{name: "default", config: "allowed: [" + node.OtherHandler + ", kata]"},
					found:     []string{"the default runtime handler is not allowed (allowed: other, kata)"},
				},
				{
					container: container{name: "other", config: `allowed: ["", kata]`, handler: node.OtherHandler},
					found:     []string{`runtime handler other not allowed (allowed: "", kata)`},
				},
			},
			compliant: []container{
				{name: "allowed", config: `allowed: ["oth*"]`, handler: node.OtherHandler},
			},
		}
	})
}

func TestRuleUserNamespace(t *testing.T) {
	testRule(t, func(t *testing.T, n *node.Node) rule {
		if err := n.AddNetwork(t.Context()); err != nil {
			t.Fatal(err)
		}
		return rule{
			name: "userNamespace", checkOnly: true,
			breaking: []breach{{
				container: container{name: "none"},
				found:     []string{"no user namespace (allowed: a pod with hostUsers: false)"},
			}},
			compliant: []container{{
				name: "own", pod: []cri.PodOption{cri.PodNetwork(), cri.UserNamespace()},
				options: []cri.ContainerOption{cri.InPodNetwork(), cri.InUserNamespace()},
			}},
		}
	})
}
