package plugin

import (
	"reflect"
	"slices"
	"testing"

	"github.com/containerd/nri/pkg/api"

	"github.com/specguard/specguard/plugin/containerruntime"
	"github.com/specguard/specguard/policy"
)

// TestImagesByRuntime has a pod of either runtime write what the other would.
func TestImagesByRuntime(t *testing.T) {
	ctr := container()
	ctr.Annotations = map[string]string{imageNameAnnotation: "quay.io/app:1", crioImage: "ghcr.io/app:1", crioAskedImage: "app"}
	ctr.Image = &api.Image{Name: "docker.io/library/app:1"}
	unnamed := container()
	unnamed.Annotations = map[string]string{imageNameAnnotation: "quay.io/app:1"}
	if got := containerOf(containerruntime.Runtime{Name: "containerd"}, pod(), unnamed).Container; got.Image != "" || !slices.Equal(got.OtherImages, []string{"quay.io/app:1"}) {
		t.Errorf("NRI does not name the image: %+v", got)
	}
	for runtime, want := range map[string]policy.Container{
		"containerd": {Image: "docker.io/library/app:1", OtherImages: []string{"quay.io/app:1"}},
		"cri-o":      {Image: "ghcr.io/app:1", OtherImages: []string{"app"}},
	} {
		want.Name, want.ID = ctr.GetName(), ctr.GetId()
		if got := containerOf(containerruntime.Runtime{Name: runtime}, pod(), ctr).Container; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v", runtime, got)
		}
	}
}

// TestNamespacePathsByRuntime: CRI-O's tell nothing.
func TestNamespacePathsByRuntime(t *testing.T) {
	for runtime, unseen := range map[string]bool{"containerd": false, "cri-o": true} {
		if got := containerOf(containerruntime.Runtime{Name: runtime}, pod(), container()).Pod.NamespacePathsUnseen; got != unseen {
			t.Errorf("%s: unseen is %t", runtime, got)
		}
	}
}

// TestNamespacePathsOfPod are what containers join: on containerd by the sandbox's
// process, on CRI-O by what it has pinned.
func TestNamespacePathsOfPod(t *testing.T) {
	p := pod()
	p.Pid = 812
	p.Linux.Namespaces = []*api.LinuxNamespace{{Type: "ipc"}, {Type: "network", Path: "/run/netns/a"}}
	for runtime, want := range map[string]map[string][]string{
		"containerd": {"network": {"/run/netns/a", "/proc/812/ns/net"}, "ipc": {"/proc/812/ns/ipc"}, "uts": {"/proc/812/ns/uts"}, "user": {"/proc/812/ns/user"}},
		"cri-o":      {"network": {"/run/netns/a"}},
	} {
		if got := containerOf(containerruntime.Runtime{Name: runtime}, p, container()).Pod.LinuxNamespacePaths; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v", runtime, got)
		}
	}
	p.Pid = 0
	if got := containerOf(containerruntime.Runtime{Name: "containerd"}, p, container()).Pod.LinuxNamespacePaths; len(got) != 1 {
		t.Errorf("without a process: %v", got)
	}
}

// TestOrdersOfPod keeps only those annotations that OCI runtimes obey.
func TestOrdersOfPod(t *testing.T) {
	p := pod()
	p.Annotations = map[string]string{"run.oci.handler": "krun", "example.com/large": "x"}
	if got := containerOf(containerruntime.Runtime{Name: "cri-o"}, p, container()).Pod.Annotations; !reflect.DeepEqual(got, map[string]string{"run.oci.handler": "krun"}) {
		t.Errorf("%v", got)
	}
}
