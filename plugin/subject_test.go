package plugin

import (
	"testing"

	"github.com/containerd/nri/pkg/api"
)

// TestAskedImage has a pod of CRI-O write what containerd would.
func TestAskedImage(t *testing.T) {
	for manager, want := range map[string]int{"": 1, "cri-o": 0} {
		ctr := container()
		ctr.Annotations = map[string]string{imageNameAnnotation: "quay.io/app:1", managerAnnotation: manager}
		ctr.Image = &api.Image{Name: "docker.io/library/app:1"}
		if got := subjectOf(pod(), ctr).Container.OtherImages; len(got) != want {
			t.Errorf("manager %q: %q", manager, got)
		}
	}
}
