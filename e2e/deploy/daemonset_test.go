package deploy_test

import (
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// TestAgentsPod: in every overlay the agent's pod is root without capabilities
// and without the host's namespaces, on every node, and never there twice.
func TestAgentsPod(t *testing.T) {
	for _, name := range []string{"audit", "enforce", "crio"} {
		t.Run(name, func(t *testing.T) {
			d := find[appsv1.DaemonSet](t, overlay(t, name), "specguard")
			if r := d.Spec.UpdateStrategy.RollingUpdate; r == nil || r.MaxSurge.IntValue() != 0 || r.MaxUnavailable.IntValue() != 1 {
				t.Errorf("update strategy %+v", d.Spec.UpdateStrategy)
			}
			pod := d.Spec.Template.Spec
			checkReach(t, name, pod)
			if pod.HostNetwork || pod.HostPID || pod.HostIPC {
				t.Error("the pod has a namespace of the host")
			}
			if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
				t.Error("the pod has a token for the API server")
			}
			if pod.PriorityClassName != "system-node-critical" {
				t.Errorf("priority class %q", pod.PriorityClassName)
			}
			if len(pod.Tolerations) != 1 || pod.Tolerations[0] != (corev1.Toleration{Operator: corev1.TolerationOpExists}) {
				t.Errorf("tolerations %+v", pod.Tolerations)
			}
			for _, c := range slices.Concat(pod.InitContainers, pod.Containers) {
				checkSecurity(t, c)
			}
			checkMounts(t, pod)
		})
	}
}

func checkSecurity(t *testing.T, c corev1.Container) {
	t.Helper()
	s := c.SecurityContext
	switch {
	case s == nil || s.Capabilities == nil || s.SeccompProfile == nil || s.RunAsUser == nil ||
		s.AllowPrivilegeEscalation == nil || s.ReadOnlyRootFilesystem == nil || s.Privileged == nil:
		t.Fatalf("%s: something is not said: %+v", c.Name, s)
	case *s.RunAsUser != 0 || *s.AllowPrivilegeEscalation || !*s.ReadOnlyRootFilesystem || *s.Privileged:
		t.Errorf("%s: %+v", c.Name, s)
	case s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault:
		t.Errorf("%s: seccomp profile %s", c.Name, s.SeccompProfile.Type)
	case !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}):
		t.Errorf("%s: drops %v", c.Name, s.Capabilities.Drop)
	}
	var add []corev1.Capability
	if c.Name == "install" { // runs the runtime in the node's root
		add = []corev1.Capability{"SYS_CHROOT"}
	}
	if !slices.Equal(s.Capabilities.Add, add) {
		t.Errorf("%s: adds %v, want %v", c.Name, s.Capabilities.Add, add)
	}
}

// checkMounts: the agent can write to one folder of the host, and to none of
// its sockets directly.
func checkMounts(t *testing.T, pod corev1.PodSpec) {
	t.Helper()
	agent := pod.Containers[0]
	for _, m := range agent.VolumeMounts {
		if writable := m.MountPath == "/run/specguard"; m.ReadOnly == writable {
			t.Errorf("%s: read-only is %t", m.MountPath, m.ReadOnly)
		}
		if m.MountPath == "/etc/specguard/policies" && m.SubPath != "" {
			t.Error("policies with a subPath do not change in a running pod")
		}
		if m.MountPath == "/host" && (m.MountPropagation == nil || *m.MountPropagation != corev1.MountPropagationHostToContainer) {
			t.Error("the agent does not see mounts of the host that come later")
		}
	}
	for _, v := range pod.Volumes {
		if v.HostPath != nil && strings.HasSuffix(v.HostPath.Path, ".sock") {
			t.Errorf("volume %s is a socket, which a restarted runtime replaces", v.Name)
		}
	}
}

// checkReach: no pod can reach the agent's port but those that are to read
// metrics, and what comes by that port cannot have the agent restarted.
func checkReach(t *testing.T, overlayName string, pod corev1.PodSpec) {
	t.Helper()
	for _, c := range pod.Containers {
		if c.LivenessProbe != nil || c.StartupProbe != nil {
			t.Errorf("%s: a probe restarts it", c.Name)
		}
	}
	policy := find[networkingv1.NetworkPolicy](t, overlay(t, overlayName), "specguard").Spec
	if len(policy.Ingress) != 1 || len(policy.Ingress[0].From) != 1 || len(policy.Egress) != 0 || len(policy.PolicyTypes) != 2 {
		t.Fatalf("network policy %+v", policy)
	}
	// The label is the API server's own: nobody can give a namespace that of another.
	from := policy.Ingress[0].From[0]
	if from.NamespaceSelector == nil || from.IPBlock != nil || from.NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"] != "monitoring" {
		t.Errorf("network policy lets in %+v", from)
	}
}

// TestWithoutContainerdsSocket: an overlay for CRI-O does not hang for want of
// a folder that is not on the node.
func TestWithoutContainerdsSocket(t *testing.T) {
	pod := find[appsv1.DaemonSet](t, overlay(t, "crio"), "specguard").Spec.Template.Spec
	for _, v := range pod.Volumes {
		if v.HostPath != nil && v.HostPath.Path == "/run/containerd" {
			t.Error("containerd's folder is mounted")
		}
	}
	if len(pod.InitContainers) != 1 || pod.InitContainers[0].Image != pod.Containers[0].Image {
		t.Errorf("init containers %+v, want install with the agent's image", pod.InitContainers)
	}
}

// TestPortsAreOpen: the network policy, the probes and the configuration mean
// one port.
func TestPortsAreOpen(t *testing.T) {
	all := kustomize(t, "resources: [../overlays/audit]"+allComponents)
	agent := find[appsv1.DaemonSet](t, all, "specguard").Spec.Template.Spec.Containers[0]
	if len(agent.Ports) != 1 {
		t.Fatalf("ports %+v", agent.Ports)
	}
	name := agent.Ports[0].Name
	allowed := find[networkingv1.NetworkPolicy](t, all, "specguard").Spec.Ingress[0].Ports[0].Port.String()
	scraped := find[podMonitor](t, all, "specguard").Spec.PodMetricsEndpoints[0].Port
	for what, got := range map[string]string{
		"network policy": allowed, "pod monitor": scraped,
		"readiness": agent.ReadinessProbe.HTTPGet.Port.String(),
	} {
		if got != name {
			t.Errorf("%s: port %s, the pod has %s", what, got, name)
		}
	}
	config := configuration(t, all)
	if !strings.Contains(config, `http: ":9464"`) || agent.Ports[0].ContainerPort != 9464 {
		t.Errorf("port %d, and the configuration\n%s", agent.Ports[0].ContainerPort, config)
	}
}
