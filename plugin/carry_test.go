package plugin

import (
	"testing"

	"github.com/containerd/nri/pkg/api"
	"github.com/opencontainers/runtime-spec/specs-go"
)

// TestCarryLeavesAlone does not carry what NRI would bring in another form.
func TestCarryLeavesAlone(t *testing.T) {
	mount := func(destination string, options ...string) specs.Mount {
		return specs.Mount{Destination: destination, Source: "/srv", Type: "bind", Options: options}
	}
	carried := func(from, to *specs.Spec) []*api.Mount {
		adjust := &api.ContainerAdjustment{}
		carry(adjust, from, to)
		return adjust.GetMounts()
	}
	from := &specs.Spec{Mounts: []specs.Mount{mount("/a", "rw"), mount("/b", "rw"), mount("/b", "ro")}, Linux: &specs.Linux{}}
	to := &specs.Spec{Mounts: []specs.Mount{mount("/a", "ro"), mount("/b", "ro"), mount("/b", "ro")}, Linux: &specs.Linux{}}
	if got := carried(from, to); len(got) != 2 || got[0].GetDestination() != "-/a" || got[1].GetDestination() != "/a" {
		t.Errorf("carried %v", got)
	}
	from.Linux.Namespaces = []specs.LinuxNamespace{{Type: specs.UserNamespace}}
	if got := carried(from, to); len(got) != 0 {
		t.Errorf("in a user namespace carried %v", got)
	}
}
