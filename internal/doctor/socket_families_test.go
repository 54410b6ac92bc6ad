package doctor

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/moby/profiles/seccomp"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/specguard/specguard/plugin/host"
)

// rule allows a call under conditions.
func rule(action specs.LinuxSeccompAction, name string, conditions ...specs.LinuxSeccompArg) specs.LinuxSyscall {
	return specs.LinuxSyscall{Names: []string{name}, Action: action, Args: conditions}
}

func on(index uint, op specs.LinuxSeccompOperator, value uint64) specs.LinuxSeccompArg {
	return specs.LinuxSeccompArg{Index: index, Op: op, Value: value}
}

func denying(rules ...specs.LinuxSyscall) *specs.LinuxSeccomp {
	return &specs.LinuxSeccomp{DefaultAction: specs.ActErrno, Architectures: []specs.Arch{specs.ArchX86_64}, Syscalls: rules}
}

// likeContainerd is how the default profile of containerd 2.4 allows sockets: of
// the families below AF_ALG, and of some above.
func likeContainerd() *specs.LinuxSeccomp {
	return denying(rule(specs.ActAllow, "socket", on(0, specs.OpLessThan, unix.AF_ALG)), rule(specs.ActAllow, "socket", on(0, specs.OpEqualTo, unix.AF_ALG+1)),
		rule(specs.ActAllow, "socket", on(0, specs.OpEqualTo, unix.AF_KCM)))
}

// likeContainerd17 is how that of containerd 1.7.35 does: all above AF_VSOCK, and
// with them all that have a high half.
func likeContainerd17() *specs.LinuxSeccomp {
	return denying(rule(specs.ActAllow, "socket", on(0, specs.OpLessThan, unix.AF_ALG)), rule(specs.ActAllow, "socket", on(0, specs.OpGreaterThan, unix.AF_VSOCK)))
}

func TestOpens(t *testing.T) {
	allowing := func(rules ...specs.LinuxSyscall) *specs.LinuxSeccomp {
		return &specs.LinuxSeccomp{DefaultAction: specs.ActAllow, Syscalls: append(rules, rule(specs.ActErrno, "io_uring_setup"))}
	}
	withX86 := func(p *specs.LinuxSeccomp, more ...specs.LinuxSyscall) *specs.LinuxSeccomp {
		p.Architectures = append(p.Architectures, specs.ArchX86)
		p.Syscalls = append(p.Syscalls, more...)
		return p
	}
	for name, test := range map[string]struct {
		profile *specs.LinuxSeccomp
		open    bool // AF_ALG
	}{
		"none":                             {nil, true},
		"denies all":                       {denying(), false},
		"allows all":                       {allowing(), true},
		"logs all":                         {&specs.LinuxSeccomp{DefaultAction: specs.ActLog}, true},
		"asks a listener":                  {&specs.LinuxSeccomp{DefaultAction: specs.ActNotify}, true},
		"allows sockets":                   {denying(rule(specs.ActAllow, "socket")), true},
		"allows others":                    {denying(rule(specs.ActAllow, "read")), false},
		"allows but AF_VSOCK":              {denying(rule(specs.ActAllow, "socket", on(0, specs.OpNotEqual, unix.AF_VSOCK))), true},
		"as containerd does":               {likeContainerd(), false},
		"as containerd 1.7.35 does":        {likeContainerd17(), true},
		"allows AF_UNIX":                   {denying(rule(specs.ActAllow, "socket", on(0, specs.OpEqualTo, unix.AF_UNIX))), false},
		"conditions on one are either":     {denying(rule(specs.ActAllow, "socket", on(0, specs.OpNotEqual, unix.AF_ALG), on(0, specs.OpNotEqual, unix.AF_VSOCK))), true},
		"a condition on the protocol":      {denying(rule(specs.ActAllow, "socket", on(2, specs.OpEqualTo, 0))), true},
		"denies some AF_ALG":               {allowing(rule(specs.ActErrno, "socket", on(0, specs.OpEqualTo, unix.AF_ALG), on(2, specs.OpEqualTo, 1))), true},
		"denies AF_VSOCK":                  {allowing(rule(specs.ActErrno, "socket", on(0, specs.OpEqualTo, unix.AF_VSOCK))), true},
		"denies sockets":                   {allowing(rule(specs.ActKillProcess, "socket")), false},
		"denies sockets, not io_uring":     {&specs.LinuxSeccomp{DefaultAction: specs.ActAllow, Syscalls: []specs.LinuxSyscall{rule(specs.ActErrno, "socket")}}, true},
		"denies AF_ALG, allows sockets":    {denying(rule(specs.ActErrno, "socket", on(0, specs.OpEqualTo, unix.AF_ALG)), rule(specs.ActAllow, "socket")), true},
		"denies the low half alone":        {allowing(rule(specs.ActErrno, "socket", on(0, specs.OpEqualTo, 1<<32|unix.AF_ALG))), true},
		"denies by the low half":           {allowing(rule(specs.ActErrno, "socket", specs.LinuxSeccompArg{Index: 0, Op: specs.OpMaskedEqual, Value: 1<<32 - 1, ValueTwo: unix.AF_ALG})), false},
		"denies 64 bits alone":             {allowing(rule(specs.ActErrno, "socket", on(0, specs.OpEqualTo, unix.AF_ALG))), true},
		"masked":                           {denying(rule(specs.ActAllow, "socket", specs.LinuxSeccompArg{Index: 0, Op: specs.OpMaskedEqual, Value: 1, ValueTwo: 1})), false},
		"an operator that is not known":    {denying(rule(specs.ActAllow, "socket", on(0, "SCMP_CMP_X", 1))), true},
		"socketcall of 32-bit programs":    {withX86(likeContainerd(), rule(specs.ActAllow, "socketcall")), true},
		"io_uring":                         {denying(rule(specs.ActAllow, "io_uring_setup")), true},
		"socketcall without such programs": {denying(rule(specs.ActAllow, "socketcall")), false},
		"32-bit programs with rules for socket, which libseccomp makes some of socketcall of": {withX86(likeContainerd()), true},
		"32-bit programs without sockets": {withX86(denying()), false},
		"socketcall for some":             {withX86(likeContainerd(), rule(specs.ActAllow, "socketcall", on(0, specs.OpEqualTo, 2))), true},
	} {
		if how := opens(test.profile, "AF_ALG"); (how != "") != test.open {
			t.Errorf("%s: %q, want open %v", name, how, test.open)
		}
	}
}

// TestOpensByAHighHalf tells what only a number with a high half gets past.
func TestOpensByAHighHalf(t *testing.T) {
	for name, p := range map[string]*specs.LinuxSeccomp{
		"containerd 1.7.35": likeContainerd17(),
		"denies 64 bits": {DefaultAction: specs.ActAllow, Syscalls: []specs.LinuxSyscall{
			rule(specs.ActErrno, "socket", on(0, specs.OpEqualTo, unix.AF_ALG)), rule(specs.ActErrno, "io_uring_setup")}},
	} {
		if how := opens(p, "AF_ALG"); !strings.Contains(how, "high half") {
			t.Errorf("%s: %q", name, how)
		}
	}
	if how := opens(denying(rule(specs.ActAllow, "socket")), "AF_ALG"); how != "socket" {
		t.Errorf("allows sockets: %q", how)
	}
}

// TestOpensByTheDefaultProfile asks about the profile that container runtimes
// have in common.
func TestOpensByTheDefaultProfile(t *testing.T) {
	p, err := seccomp.GetDefaultProfile(&specs.Spec{Process: &specs.Process{Capabilities: &specs.LinuxCapabilities{}}})
	if err != nil {
		t.Fatal(err)
	}
	if how := opens(p, "AF_INET"); how != "socket" {
		t.Errorf("AF_INET: %q", how)
	}
	if how := opens(p, "AF_VSOCK"); how == "socket" {
		t.Errorf("AF_VSOCK: %q", how)
	}
}

func TestSocketFamilies(t *testing.T) {
	bundle := func(kind, name string, p *specs.LinuxSeccomp) string {
		data, err := json.Marshal(map[string]any{
			"annotations": map[string]string{"io.kubernetes.cri.container-type": kind, "io.kubernetes.cri.sandbox-namespace": "team-a",
				"io.kubernetes.cri.sandbox-name": name, "io.kubernetes.cri.container-name": "app"},
			"linux": map[string]any{"seccomp": p},
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	at := func(id string) string {
		return "run/containerd/io.containerd.runtime.v2.task/k8s.io/" + id + "/config.json"
	}
	many := tree{}
	for i := range 7 {
		many[at(fmt.Sprint(i))] = bundle("container", fmt.Sprint("p", i), nil)
	}
	allows := denying(rule(specs.ActAllow, "socket"))
	for _, test := range []struct {
		name  string
		tried error
		files tree
		want  want // of AF_ALG
	}{
		{"the kernel has none", unix.EAFNOSUPPORT, tree{at("1"): bundle("container", "p", nil)}, want{OK, "AF_ALG: no container can open one, because the kernel does not have it (tried: address family not supported by protocol)"}},
		{"doctor may not", unix.EPERM, nil, want{Warning, "doctor may not open one itself (tried: operation not permitted)"}},
		{"the kernel has it, of another kind", unix.ESOCKTNOSUPPORT, tree{at("1"): bundle("container", "p", likeContainerd())}, want{OK, "every container here (1) has"}},
		{"nothing runs", nil, nil, want{Warning, "no container has a bundle here"}},
		{"sandboxes alone", nil, tree{at("1"): bundle("sandbox", "p", nil)}, want{Warning, "no container has a bundle here"}},
		{"blocked", nil, tree{at("1"): bundle("container", "p", likeContainerd()), at("2"): bundle("sandbox", "p", nil)}, want{OK, "every container here (1) has a seccomp profile that blocks it"}},
		{"allowed", nil, tree{at("1"): bundle("container", "p", allows), at("2"): bundle("container", "q", likeContainerd())},
			want{Warning, "of 2 containers here 1 may open one by what their seccomp profiles allow, and 0 have no profile (CVE-2026-31431 was exploited through it)"}},
		{"allowed, by name", nil, tree{at("1"): bundle("container", "p", allows)}, want{Warning, "team-a/p/app: its seccomp profile allows socket"}},
		{"what to do", nil, many, want{Warning, "block: {socketFamilies: [AF_ALG]}, or keep the kernel from loading its module: echo install af_alg /bin/false > /etc/modprobe.d/af_alg.conf"}},
		{"many", nil, many, want{Warning, "team-a/p4/app: no seccomp profile\nand 2 more"}},
		{"no JSON", nil, tree{at("1"): "{"}, want{Warning, "doctor cannot check whether containers can open one: a bundle's config.json"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := fake(t, test.files)
			n.Bundles = host.DefaultBundles()
			n.socket = func(family, _, _ int) error {
				if family == unix.AF_ALG {
					return test.tried
				}
				return unix.EAFNOSUPPORT
			}
			expect(t, run(t, checkSocketFamilies, n), test.want, want{OK, "AF_RXRPC: no container can open one"})
		})
	}
	n := newNode(Settings{Bundles: host.DefaultBundles()})
	n.socket = func(int, int, int) error { return nil }
	expect(t, run(t, checkSocketFamilies, n), want{Warning, "let doctor see the host's files"}, want{Warning, "AF_RXRPC"})
}

// TestSocketsAreTried opens a socket that every kernel has, and one that none has.
func TestSocketsAreTried(t *testing.T) {
	if err := openSocket(unix.AF_UNIX, unix.SOCK_STREAM, 0); err != nil {
		t.Error(err)
	}
	if err := openSocket(200, unix.SOCK_STREAM, 0); err == nil {
		t.Error("a family that is not there")
	}
}
