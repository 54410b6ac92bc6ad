package e2e_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/node"
)

// hole is a profile that blocks next to nothing.
const hole = `{"defaultAction": "SCMP_ACT_ALLOW",
  "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_AARCH64"], "syscalls": [
  {"names": ["reboot"], "action": "SCMP_ACT_ERRNO"},
  {"names": ["socket"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 40, "op": "SCMP_CMP_EQ"}]}]}`

// callsOf makes calls in the container, by a program that is mounted into it.
func callsOf(t *testing.T, arch string) (mount cri.ContainerOption, command func(calls ...string) string) {
	t.Helper()
	program, err := lab.Cache(t).Syscalls(t.Context(), arch)
	if err != nil {
		t.Fatal(err)
	}
	inside := "/syscalls" + arch
	return cri.HostPath(program, inside, true), func(calls ...string) string {
		return inside + " '" + strings.Join(calls, "' '") + "'"
	}
}

// showed looks for the lines that the program has printed. A call that a
// runtime's profile denies already keeps its errno.
func showed(t *testing.T, what, out string, want map[string]string) {
	t.Helper()
	for call, result := range want {
		said := func(result string) bool { return strings.Contains("\n"+out, "\n"+call+": "+result+"\n") }
		if !said(result) && !(call == ring && said("ENOSYS")) {
			t.Errorf("%s: not %s: %s in\n%s", what, call, result, out)
		}
	}
}

// The calls that are tried. The kernel takes a family's low half: the high one
// is there to get past filters that compare it, too.
const (
	inet      = "socket 2 1 0"
	alg       = "socket 38 5 0"
	algHigh   = "socket 0x100000026 5 0"
	algPair   = "socketpair 38 5 0"
	vsock     = "socket 40 1 0"
	vsockHigh = "socket 0x700000028 1 0"
	keyring   = "keyctl 0 0xfffffffd 0"
	ring      = "io_uring_setup 0 0"
)

// TestSeccompBlock has sockets of families and calls blocked in containers
// whatever profile they asked for, in the main process and in exec, while
// AF_INET works. A policy that rejects refuses what is open.
func TestSeccompBlock(t *testing.T) {
	const (
		block  = "block: {socketFamilies: [AF_ALG, AF_VSOCK], syscalls: [keyctl]}"
		every  = `allowed: [Unconfined, RuntimeDefault, "Localhost/**"], `
		adjust = "rules: {seccompProfile: {onViolation: adjust, " + every + block + "}}"
		reject = "rules: {seccompProfile: {" + every + block + "}}"
	)
	blocked := map[string]string{
		inet: "made", alg: "EPERM", algHigh: "EPERM", algPair: "EPERM", vsock: "EPERM", vsockHigh: "EPERM", keyring: "EPERM", ring: "EPERM",
	}
	eachNode(t, func(t *testing.T, n *node.Node) {
		local := filepath.Join(n.KubeletDir(), "seccomp")
		if err := os.MkdirAll(local, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(local, "hole.json"), []byte(hole), 0o644); err != nil {
			t.Fatal(err)
		}
		g := startRig(t, n, rigOptions{policies: policyText("block", "{namespaces: [seccomp-block]}", "enforce", adjust) +
			policyText("refuse", "{namespaces: [seccomp-refuse]}", "enforce", reject)})
		trial := seccompTrial{rig: g, free: g.runPod(t, "seccomp-free", cri.PrivilegedPod()),
			block: g.runPod(t, "seccomp-block", cri.PrivilegedPod()), refuse: g.runPod(t, "seccomp-refuse", cri.PrivilegedPod())}
		for name, option := range map[string]cri.ContainerOption{
			"unconfined":      cri.User(0),
			"runtime-default": cri.RuntimeDefaultSeccomp(),
			"localhost":       cri.LocalhostSeccomp(filepath.Join(local, "hole.json")),
			"privileged":      cri.Privileged(),
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				trial.run(t, name, option, blocked)
			})
		}
	})
}

// A seccompTrial has a pod without a policy, one whose containers are adjusted,
// and one whose are refused.
type seccompTrial struct {
	*rig
	free, block, refuse *cri.Sandbox
}

func (s seccompTrial) run(t *testing.T, name string, option cri.ContainerOption, blocked map[string]string) {
	mount, command := callsOf(t, "")
	calls := command(slices.Sorted(maps.Keys(blocked))...)
	request := func(pod *cri.Sandbox) *request {
		return &request{pod, cri.Container(name, node.AppImage, []string{"/bin/sh", "-c", calls + "; " + cri.Probe + "; sleep 600"}, mount, option)}
	}
	c := s.rig.run(t, request(s.block), "adjusted")
	log, err := c.Logs()
	if err != nil {
		t.Fatal(err)
	}
	showed(t, "main process", log, blocked)
	showed(t, "exec", s.exec(t, c, calls), blocked)

	if name == "unconfined" || name == "privileged" {
		if out := s.exec(t, s.rig.run(t, request(s.free), ""), calls); strings.Contains(out, "EPERM") || !strings.Contains(out, inet+": made") {
			t.Errorf("without a policy: %s", out)
		}
	}
	if err := s.start(t, request(s.refuse)); err == nil || !strings.Contains(err.Error(), "seccompProfile: seccomp does not block ") {
		t.Errorf("a policy that rejects: %v", err)
	}
	if runtime.GOARCH == "amd64" {
		s.run32(t, name, option)
	}
}

// run32 makes the calls of 32-bit x86, where socketcall hides the family.
func (s seccompTrial) run32(t *testing.T, name string, option cri.ContainerOption) {
	mount, command := callsOf(t, "386")
	r := &request{s.block, cri.Container(name+"-32", node.AppImage, cri.TellTruth("sleep 600"), mount, option)}
	out := s.exec(t, s.rig.run(t, r, "adjusted"), command(inet, alg, vsock, "socketcall 1 0"))
	showed(t, "32-bit exec", out, map[string]string{inet: "made", alg: "EPERM", vsock: "EPERM"})
	if strings.Contains(out, "EFAULT") || !strings.Contains(out, "socketcall 1 0: E") {
		t.Errorf("32-bit exec: %s", out)
	}
}

func (seccompTrial) exec(t *testing.T, c running, command string) string {
	t.Helper()
	out, err := c.Exec(t.Context(), "/bin/sh", "-c", command)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// start creates and starts a container.
func (seccompTrial) start(t *testing.T, r *request) error {
	c, err := r.pod.Create(t.Context(), r.config)
	if err != nil {
		return err
	}
	return c.Start(t.Context())
}

// TestSeccompAsRunc compares how profiles are read with what runc, libseccomp and
// the kernel make of them.
func TestSeccompAsRunc(t *testing.T) {
	t.Parallel()
	cache := lab.Cache(t)
	runc, err := cache.Runc(t.Context(), build.Containerd2)
	if err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "SPECGUARD_RUNC="+runc)
	for arch, name := range map[string]string{"": "SPECGUARD_SYSCALLS", "386": "SPECGUARD_SYSCALLS_386"} {
		program, err := cache.Syscalls(t.Context(), arch)
		if err != nil {
			t.Fatal(err)
		}
		env = append(env, name+"="+program)
	}
	cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-tags=runc", "-run=^TestAsRunc$", "-v", "./policy/seccomp")
	cmd.Dir, cmd.Env = "..", env
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestAsRunc") {
		t.Fatalf("%v\n%s", err, out)
	}
}
