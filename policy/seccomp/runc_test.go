//go:build runc

package seccomp

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/specguard/specguard/policy/seccomp/seccomptest"
)

// TestAsRunc has runc, with libseccomp, make filters of profiles, and makes calls
// in containers that have them: what the kernel answers must be what package
// seccomptest says, by which all else here is tested. SPECGUARD_RUNC is the runc,
// SPECGUARD_SYSCALLS and SPECGUARD_SYSCALLS_386 are the program e2e/cmd/syscalls.
func TestAsRunc(t *testing.T) {
	r := runc{program: os.Getenv("SPECGUARD_RUNC"), dir: t.TempDir()}
	programs := map[int]string{64: os.Getenv("SPECGUARD_SYSCALLS"), 32: os.Getenv("SPECGUARD_SYSCALLS_386")}
	if r.program == "" || programs[64] == "" || programs[32] == "" {
		t.Fatal("SPECGUARD_RUNC, SPECGUARD_SYSCALLS and SPECGUARD_SYSCALLS_386 must name programs")
	}
	for bits, program := range programs {
		data, err := os.ReadFile(program)
		if err != nil {
			t.Fatal(err)
		}
		r.write(t, fmt.Sprintf("rootfs/%d", bits), data)
	}
	const profiles = 60
	filtered, refused := 0, 0
	for seed := range profiles {
		d := rapid.Custom(drawAnswered).Example(seed)
		for bits, calls := range d.calls {
			out, err := r.run(t, d.profile, bits, calls)
			if err != nil {
				refused++
				t.Logf("profile %d refused: %v", seed, err)
				continue
			}
			for i, c := range calls {
				got, want := strings.TrimPrefix(out[i], words(c)+": "), answers(d.profile, c)
				if !slices.Contains(marks(), got) {
					got = "let through"
				} else {
					filtered++
				}
				if !slices.Contains(want, got) {
					t.Errorf("%d bits, %s: %s, want one of %q\nin %s", c.Bits, words(c), got, want, text(d.profile))
				}
			}
		}
	}
	t.Logf("%d calls were denied, %d containers refused", filtered, refused)
	if filtered < profiles || refused > profiles/4 {
		t.Errorf("%d calls were denied, %d containers refused: not much was tried", filtered, refused)
	}
}

// answered is a profile, and calls by their bits.
type answered struct {
	profile *specs.LinuxSeccomp
	calls   map[int][]seccomptest.Call
}

// drawAnswered draws a profile whose every answer can be told: it allows, or
// denies with an errno that the kernel gives to none of the calls.
func drawAnswered(t *rapid.T) answered {
	names := []string{"socket", "socketpair", "socketcall", "bpf", "io_uring_setup", "getpriority"}
	action := func() (specs.LinuxSeccompAction, *uint) {
		if one(t, "allow", true, false) {
			return specs.ActAllow, nil
		}
		return specs.ActErrno, new(one(t, "errno", numbersOfMarks()...))
	}
	p := &specs.LinuxSeccomp{Architectures: []specs.Arch{specs.ArchX86_64, specs.ArchX86}}
	p.DefaultAction, p.DefaultErrnoRet = action()
	for _, e := range drawEntries(t) {
		e.Action, e.ErrnoRet = action()
		e.Names = slices.DeleteFunc(e.Names, func(name string) bool { return !slices.Contains(names, name) })
		if len(e.Names) == 0 {
			e.Names = []string{one(t, "name", names...)}
		}
		p.Syscalls = append(p.Syscalls, e)
	}
	rest := specs.LinuxSyscall{Action: specs.ActAllow} // what a program lives by
	for name := range strings.FieldsSeq(callNames) {
		if !slices.Contains(names, name) {
			rest.Names = append(rest.Names, name)
		}
	}
	if p.DefaultAction != specs.ActAllow {
		p.Syscalls = append(p.Syscalls, rest)
	}
	d := answered{p, make(map[int][]seccomptest.Call)}
	for _, c := range drawCalls(t, Block{}) {
		if c.Bits == 32 {
			for i := range c.Args {
				c.Args[i] &= low
			}
		}
		if c.Name == "socketcall" && (c.Bits == 64 || c.Args[0] > 2 && c.Args[0] != 8 && c.Args[0] < 32) {
			continue // there is none, or one that a program lives by
		}
		if slices.Contains(names, c.Name) {
			d.calls[c.Bits] = append(d.calls[c.Bits], c)
		}
	}
	return d
}

// marks are the errnos that only a filter gives.
func marks() []string { return []string{"EREMCHG", "EBADFD", "ENOTUNIQ"} }

func numbersOfMarks() []uint {
	return []uint{uint(unix.EREMCHG), uint(unix.EBADFD), uint(unix.ENOTUNIQ)}
}

// answers are what may come of a call.
func answers(p *specs.LinuxSeccomp, c seccomptest.Call) []string {
	var out []string
	for _, e := range seccomptest.Simulate(p, c) {
		if e.Action == specs.ActErrno {
			out = append(out, unix.ErrnoName(unix.Errno(*e.ErrnoRet)))
		} else {
			out = append(out, "let through")
		}
	}
	return out
}

func words(c seccomptest.Call) string {
	return fmt.Sprintf("%s %d %d %d", c.Name, c.Args[0], c.Args[1], c.Args[2])
}

// A runc runs containers in a folder.
type runc struct{ program, dir string }

func (r runc) write(t *testing.T, name string, data []byte) {
	t.Helper()
	at := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at, data, 0o755); err != nil {
		t.Fatal(err)
	}
}

// run makes the calls in a container with the profile. Its error is runc's.
func (r runc) run(t *testing.T, p *specs.LinuxSeccomp, bits int, calls []seccomptest.Call) ([]string, error) {
	t.Helper()
	args := []string{fmt.Sprintf("/%d", bits)}
	for _, c := range calls {
		args = append(args, words(c))
	}
	spec := specs.Spec{
		Version: "1.0.2", Root: &specs.Root{Path: "rootfs", Readonly: true},
		Process: &specs.Process{Args: args, Cwd: "/", Env: []string{"PATH=/"}, NoNewPrivileges: true, Capabilities: &specs.LinuxCapabilities{}},
		Mounts: []specs.Mount{
			{Destination: "/proc", Type: "proc", Source: "proc"}, {Destination: "/dev", Type: "tmpfs", Source: "tmpfs", Options: []string{"mode=755"}},
		},
		Linux: &specs.Linux{Seccomp: p, Namespaces: []specs.LinuxNamespace{
			{Type: specs.PIDNamespace}, {Type: specs.MountNamespace}, {Type: specs.IPCNamespace}, {Type: specs.NetworkNamespace},
		}},
	}
	data, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	r.write(t, "config.json", data)
	r.write(t, "rootfs/proc/.keep", nil)
	r.write(t, "rootfs/dev/.keep", nil)
	cmd := exec.CommandContext(t.Context(), r.program, "--root", filepath.Join(r.dir, "state"), "run", "--bundle", r.dir,
		fmt.Sprintf("seccomp-test-%d", os.Getpid()))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, stderr.String())
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != len(calls) {
		t.Fatalf("%d calls, %d answers: %q", len(calls), len(lines), out)
	}
	return lines, nil
}
