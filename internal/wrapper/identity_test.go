package wrapper

import (
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// TestIdentify takes nothing from annotations that a pod's author may have
// written.
func TestIdentify(t *testing.T) {
	const id = "9b7e"
	containerd := func(kind, sandbox string) map[string]string {
		return map[string]string{
			"io.kubernetes.cri.container-type": kind, "io.kubernetes.cri.sandbox-id": sandbox, "io.kubernetes.cri.sandbox-namespace": "team-a",
		}
	}
	crio := func(kind, sandbox string) map[string]string {
		return map[string]string{
			"io.kubernetes.cri-o.ContainerType": kind, "io.kubernetes.cri-o.SandboxID": sandbox, "io.kubernetes.pod.namespace": "team-a",
		}
	}
	and := func(a map[string]string, key, value string) map[string]string { a[key] = value; return a }
	for name, c := range map[string]struct {
		annotations map[string]string
		want        identity
	}{
		"nothing":                    {nil, identity{}},
		"containerd's container":     {containerd("container", "5d1c"), identity{sandboxID: "5d1c", namespace: "team-a"}},
		"containerd's sandbox":       {containerd("sandbox", id), identity{sandboxID: id, sandbox: true, namespace: "team-a"}},
		"CRI-O's container":          {crio("container", "5d1c"), identity{sandboxID: "5d1c", namespace: "team-a"}},
		"CRI-O's sandbox":            {crio("sandbox", id), identity{sandboxID: id, sandbox: true, namespace: "team-a"}},
		"called a sandbox":           {crio("sandbox", "5d1c"), identity{sandboxID: "5d1c", namespace: "team-a"}},
		"said to be its own sandbox": {crio("container", id), identity{sandboxID: id, namespace: "team-a"}},
		"CRI-O's, with a namespace of containerd's": {
			and(crio("container", "5d1c"), "io.kubernetes.cri.sandbox-namespace", "kube-system"), identity{sandboxID: "5d1c", namespace: "team-a"},
		},
		"containerd's, with a namespace of CRI-O's": {
			and(containerd("container", "5d1c"), "io.kubernetes.pod.namespace", "kube-system"), identity{sandboxID: "5d1c", namespace: "team-a"},
		},
		"CRI-O's, with containerd's sandbox": {and(crio("container", "5d1c"), "io.kubernetes.cri.sandbox-id", id), identity{}},
		"CRI-O's, with containerd's type":    {and(crio("container", "5d1c"), "io.kubernetes.cri.container-type", "sandbox"), identity{}},
		"containerd's, with CRI-O's type":    {and(containerd("container", "5d1c"), "io.kubernetes.cri-o.ContainerType", "sandbox"), identity{}},
	} {
		if got := identify(&specs.Spec{Annotations: c.annotations}, id); got != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
