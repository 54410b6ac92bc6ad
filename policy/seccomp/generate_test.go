package seccomp

import (
	"github.com/opencontainers/runtime-spec/specs-go"
	"pgregory.net/rapid"

	"github.com/specguard/specguard/policy/seccomp/seccomptest"
)

func one[T any](t *rapid.T, label string, values ...T) T {
	return rapid.SampledFrom(values).Draw(t, label)
}

func drawNames() []string {
	return []string{"socket", "socketpair", "socketcall", "bind", "ipc", "shmget", "bpf", "io_uring_setup", "read"}
}

func drawValue(t *rapid.T, label string) uint64 {
	return one[uint64](t, label, 0, 1, 2, 8, 9, 16, 23, 32, 33, 37, 38, 39, 40, 41, 45, 63, 64, 100, low, 0xffffffe0,
		1<<32, 1<<32|16, 1<<32|38, 1<<33|2, low<<32|38, low<<32, 1<<63)
}

func drawProfile(t *rapid.T) *specs.LinuxSeccomp {
	if one(t, "none", false, false, false, false, false, true) {
		return one(t, "which", nil, &specs.LinuxSeccomp{})
	}
	p := &specs.LinuxSeccomp{DefaultAction: one(t, "default", drawActions()...), DefaultErrnoRet: drawErrno(t)}
	p.Syscalls = drawEntries(t)
	return p
}

func drawActions() []specs.LinuxSeccompAction {
	return []specs.LinuxSeccompAction{
		specs.ActAllow, specs.ActAllow, specs.ActAllow, specs.ActErrno, specs.ActErrno, specs.ActKill, specs.ActKillProcess,
		specs.ActKillThread, specs.ActTrap, specs.ActTrace, specs.ActLog, specs.ActNotify,
	}
}

func drawErrno(t *rapid.T) *uint {
	return one(t, "errno", nil, nil, new(uint(1)), new(uint(13)), new(uint(38)))
}

func drawEntries(t *rapid.T) []specs.LinuxSyscall {
	var out []specs.LinuxSyscall
	for range rapid.IntRange(0, 6).Draw(t, "entries") {
		e := specs.LinuxSyscall{Action: one(t, "action", drawActions()...), ErrnoRet: drawErrno(t)}
		e.Names = rapid.SliceOfNDistinct(rapid.SampledFrom(drawNames()), 1, 3, rapid.ID).Draw(t, "names")
		if one(t, "socket", false, true) {
			e.Names = []string{"socket"}
		}
		for range one(t, "conditions", 0, 1, 1, 1, 2, 3) {
			e.Args = append(e.Args, specs.LinuxSeccompArg{
				Index: one[uint](t, "index", 0, 0, 0, 1, 2), Value: drawValue(t, "value"), ValueTwo: drawValue(t, "value two"),
				Op: one(t, "op", specs.OpEqualTo, specs.OpNotEqual, specs.OpLessThan, specs.OpLessEqual, specs.OpGreaterThan,
					specs.OpGreaterEqual, specs.OpMaskedEqual, specs.OpMaskedEqual),
			})
		}
		out = append(out, e)
	}
	return out
}

func drawBlock(t *rapid.T) Block {
	var b Block
	b.SocketFamilies = rapid.SliceOfNDistinct(rapid.SampledFrom([]Family{"AF_ALG", "AF_RXRPC", "AF_VSOCK", "AF_NETLINK", "AF_INET"}), 0, 3, rapid.ID).Draw(t, "families")
	b.Syscalls = rapid.SliceOfNDistinct(rapid.SampledFrom([]Call{"bpf", "socket", "bind", "shmget", "ipc", "socketcall", "io_uring_setup"}), 0, 2, rapid.ID).Draw(t, "syscalls")
	return b
}

// drawCalls draws calls, and those that a block is about in any case.
func drawCalls(t *rapid.T, b Block) []seccomptest.Call {
	var out []seccomptest.Call
	for _, bits := range []int{32, 64} {
		for range 6 {
			c := seccomptest.Call{Name: one(t, "call", drawNames()...), Bits: bits}
			for i := range 3 {
				c.Args[i] = drawValue(t, "argument")
			}
			out = append(out, c)
		}
		high, second, third := drawValue(t, "high")&^low, drawValue(t, "second"), drawValue(t, "third")
		for _, x := range []uint64{0, 1, 2, 16, 33, 38, 39, 40, 63, 64} {
			for _, name := range []string{"socket", "socketpair"} {
				for _, h := range []uint64{0, high} {
					out = append(out, seccomptest.Call{Name: name, Bits: bits, Args: [6]uint64{h | x, second, third}})
				}
			}
			out = append(out, seccomptest.Call{Name: "socketcall", Bits: bits, Args: [6]uint64{x, second}})
		}
	}
	return out
}

// blocks reports whether the call is one of those that are to be blocked.
func (b Block) blocks(c seccomptest.Call) bool {
	for _, name := range b.callsDenied() {
		if name == c.Name {
			return true
		}
	}
	for _, x := range b.numbers() {
		if (c.Name == "socket" || c.Name == "socketpair") && uint32(c.Args[0]) == x {
			return true
		}
	}
	return false
}
