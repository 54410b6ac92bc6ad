package oracle

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/ocispec"
)

// bases are specs of real runtimes, for the one pod: as they are, and the
// unprivileged one with all that hardened asks for, and of a pod that has a user
// namespace. The tight one counts three times: of it most mutations are forbidden.
func bases(t testing.TB) []*specs.Spec {
	t.Helper()
	plain := base(t, "containerd-2.4.2-unprivileged.json")
	privileged := base(t, "containerd-2.4.2-privileged.json")
	hard := tight(plain)
	return []*specs.Spec{plain, privileged, hard, withinUserNamespace(plain), hard, hard}
}

func base(t testing.TB, file string) *specs.Spec {
	t.Helper()
	raw, err := os.ReadFile("../testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(
		"431ab173-5369-33b5-7321-356ebc2ede06", podUID, "2d8dcf4bb8795ee1a3de6856a4864bac0cfad3b37b20ea5ae10671fbecb658b9", podID, "/26473/", "/"+podPid+"/",
	).Replace(string(raw))
	spec, err := ocispec.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// tight is the container with all that hardened asks for.
func tight(plain *specs.Spec) *specs.Spec {
	s := ocispec.Clone(plain)
	s.Process.ApparmorProfile = "cri-containerd.apparmor.d"
	s.Process.User = specs.User{UID: 1000, GID: 1000}
	s.Process.Capabilities = &specs.LinuxCapabilities{}
	s.Process.NoNewPrivileges = true
	s.Root.Readonly = true
	s.Linux.Seccomp = &specs.LinuxSeccomp{
		DefaultAction: specs.ActErrno, Architectures: []specs.Arch{specs.ArchX86_64, specs.ArchX86},
		Syscalls: []specs.LinuxSyscall{
			{Names: []string{"read", "write", "execve"}, Action: specs.ActAllow},
			{Names: []string{"socket"}, Action: specs.ActAllow, Args: []specs.LinuxSeccompArg{{Index: 0, Value: 2, Op: specs.OpEqualTo}}},
		},
	}
	s.Linux.Resources.Memory = &specs.LinuxMemory{Limit: new(int64(1 << 28))}
	s.Linux.Resources.CPU = &specs.LinuxCPU{Quota: new(int64(50000)), Period: new(uint64(100000))}
	s.Linux.Resources.Pids = &specs.LinuxPids{Limit: new(int64(100))}
	s.Mounts = slices.DeleteFunc(s.Mounts, func(m specs.Mount) bool { return strings.Contains(m.Source, "/kube-api-access-") })
	for i := range s.Mounts {
		if m := &s.Mounts[i]; m.Type == "bind" || m.Type == "tmpfs" {
			m.Options = append(slices.Clone(m.Options), "nosuid", "noexec")
			if m.Destination != "/dev" {
				m.Options = append(m.Options, "nodev")
			}
		}
	}
	return s
}

// withinUserNamespace is the container of a pod with hostUsers: false.
func withinUserNamespace(plain *specs.Spec) *specs.Spec {
	s := ocispec.Clone(plain)
	s.Process.ApparmorProfile = "cri-containerd.apparmor.d"
	m := []specs.LinuxIDMapping{{HostID: 65536, Size: 65536}}
	s.Linux.Namespaces = append(s.Linux.Namespaces, specs.LinuxNamespace{Type: specs.UserNamespace, Path: "/proc/" + podPid + "/ns/user"})
	s.Linux.UIDMappings, s.Linux.GIDMappings = m, slices.Clone(m)
	for i := range s.Mounts {
		if s.Mounts[i].Type == "bind" && strings.HasPrefix(s.Mounts[i].Source, podDir) {
			s.Mounts[i].UIDMappings, s.Mounts[i].GIDMappings = m, m
		}
	}
	return s
}
