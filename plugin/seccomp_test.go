package plugin

import (
	"reflect"
	"testing"

	"github.com/containerd/nri/pkg/api"
	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/plugin/containerruntime"
	"github.com/specguard/specguard/plugin/judge"
)

// TestCarrySeccomp has NRI carry a tightened profile with all that it shows of
// it, and nothing where it would lose a part.
func TestCarrySeccomp(t *testing.T) {
	const rules = "rules: {seccompProfile: {onViolation: adjust, anyProfile: true, block: {socketFamilies: [AF_ALG]}}}"
	open := func(errno *api.OptionalUInt32) *api.LinuxSeccomp {
		return &api.LinuxSeccomp{
			DefaultAction: string(specs.ActErrno), DefaultErrno: errno, Architectures: []string{"SCMP_ARCH_X86_64", "SCMP_ARCH_X86"},
			Flags: []string{"SECCOMP_FILTER_FLAG_LOG"}, ListenerPath: "/l", ListenerMetadata: "m",
			Syscalls: []*api.LinuxSyscall{{Names: []string{"read", "socket"}, Action: string(specs.ActAllow)}},
		}
	}
	for name, errno := range map[string]*api.OptionalUInt32{"none": nil, "EPERM": {Value: 1}, "ENOSYS": {Value: 38}} {
		n := offline(t, doc("p", rules))
		n.plugin.conn.configured(containerruntime.Runtime{Name: containerruntime.Containerd}, judge.ByHook{Program: "/opt/specguard-runtime"})
		n.plugin.conn.begin(t.Context(), fakeStub{version: showsMoreSince}, nil)
		ctr := container()
		ctr.Linux.SeccompPolicy = open(errno)
		adjust, _, err := nriEvents{n.plugin}.CreateContainer(t.Context(), pod(), ctr)
		if err != nil {
			t.Fatal(err)
		}
		got := adjust.GetLinux().GetSeccompPolicy()
		if name == "ENOSYS" {
			if got != nil {
				t.Errorf("%s: carried, which loses it", name)
			}
			continue
		}
		want := open(nil)
		if got == nil || len(got.GetSyscalls()) < 3 || !reflect.DeepEqual(got.GetArchitectures(), want.GetArchitectures()) ||
			!reflect.DeepEqual(got.GetFlags(), want.GetFlags()) || got.GetListenerPath() != "/l" || got.GetListenerMetadata() != "m" {
			t.Errorf("%s: %v", name, got)
		}
	}
}
