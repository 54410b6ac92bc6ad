package wrapper

import (
	"reflect"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// TestHostNamespaces finds the host's own namespaces by what paths lead to.
func TestHostNamespaces(t *testing.T) {
	spec := &specs.Spec{Linux: &specs.Linux{Namespaces: []specs.LinuxNamespace{
		{Type: specs.PIDNamespace},
		{Type: specs.IPCNamespace, Path: "/proc/self/ns/ipc"},
		{Type: specs.NetworkNamespace, Path: "/proc/thread-self/ns/net"},
		{Type: specs.UTSNamespace, Path: "/proc/self/ns/mnt"},
		{Type: specs.UserNamespace, Path: "/no/such"},
		{Type: "other", Path: "/proc/self/ns/ipc"},
	}}}
	if got := hostNamespaces(spec); !reflect.DeepEqual(got, []string{"ipc", "network"}) {
		t.Errorf("%q", got)
	}
	if got := hostNamespaces(&specs.Spec{}); got != nil {
		t.Errorf("%q", got)
	}
}
