package plugin

import (
	"reflect"
	"testing"

	"github.com/containerd/nri/pkg/api"

	"github.com/specguard/specguard/policy"
)

// TestImagesByRuntime has a pod of either runtime write what the other would.
func TestImagesByRuntime(t *testing.T) {
	ctr := container()
	ctr.Annotations = map[string]string{imageNameAnnotation: "quay.io/app:1", crioImage: "ghcr.io/app:1", crioAskedImage: "app"}
	ctr.Image = &api.Image{Name: "docker.io/library/app:1"}
	for runtime, want := range map[string]policy.Container{
		"containerd": {Image: "docker.io/library/app:1", OtherImages: []string{"quay.io/app:1"}},
		"cri-o":      {Image: "ghcr.io/app:1", OtherImages: []string{"app"}},
	} {
		want.Name, want.ID = ctr.GetName(), ctr.GetId()
		if got := subjectOf(runtime, pod(), ctr).Container; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v", runtime, got)
		}
	}
}

// TestNamespacePathsByRuntime: CRI-O's tell nothing.
func TestNamespacePathsByRuntime(t *testing.T) {
	for runtime, unseen := range map[string]bool{"containerd": false, "cri-o": true} {
		if got := subjectOf(runtime, pod(), container()).Pod.NamespacePathsUnseen; got != unseen {
			t.Errorf("%s: unseen is %t", runtime, got)
		}
	}
}
