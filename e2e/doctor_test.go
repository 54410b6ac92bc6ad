package e2e_test

import (
	"debug/buildinfo"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/specguard/specguard/e2e/agent"
	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/node"
)

// told is what doctor says, by check: the status, and what was found.
type told map[string][2]string

// doctor runs specguard doctor on the node.
func doctor(t *testing.T, binary string, n *node.Node, args ...string) (said told, code int) {
	t.Helper()
	findings, stderr, code := specguard[struct{ Check, Status, Found string }](t, binary, append([]string{"doctor", "--output", "json",
		"--containerd-socket", n.Socket(), "--nri-socket", n.NRISocket(), "--cri-socket", filepath.Join(n.Dir(), "none"),
		"--containerd-config", filepath.Join(n.Dir(), "containerd.toml")}, args...)...)
	if stderr != "" {
		t.Fatal(stderr)
	}
	said = told{}
	for _, f := range findings {
		said[f.Check] = [2]string{said[f.Check][0] + f.Status, said[f.Check][1] + f.Found + "\n"}
	}
	return said, code
}

func (s told) expect(t *testing.T, check, status, found string) {
	t.Helper()
	if got := s[check]; !strings.Contains(got[0], status) || !strings.Contains(got[1], found) {
		t.Errorf("%s: %q, want %s %q", check, got, status, found)
	}
}

// builtWith is the version of NRI that the node's runtime was built with.
func builtWith(t *testing.T, n *node.Node) string {
	t.Helper()
	info, err := buildinfo.ReadFile(fmt.Sprintf("/proc/%d/exe", n.PID()))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range info.Deps {
		if m.Path == "github.com/containerd/nri" {
			return strings.TrimPrefix(m.Version, "v")
		}
	}
	t.Fatal("the runtime has no NRI")
	return ""
}

// TestDoctor asks doctor about nodes with and without an agent, and an agent to
// connect to NRI right after doctor did.
func TestDoctor(t *testing.T) {
	eachUnwrapped(t, func(t *testing.T, n *node.Node) {
		binary, err := lab.Cache(t).Agent(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		said, _ := doctor(t, binary, n, "--http", "127.0.0.1:1")
		said.expect(t, "agent", "warning", "no agent at 127.0.0.1:1")
		said.expect(t, "nri-socket", "warning", "others can enter "+n.Dir()) // the folder of a test's node
		said.expect(t, "nri-socket", "ok", n.NRISocket()+" accepts connections")
		said.expect(t, "nri-config", "ok", "nothing in "+n.Dir())
		said.expect(t, "runtime", "ok", "containerd v"+n.Release().Version)
		said.expect(t, "runtime-dirs", "warning", n.Dir()+"/state, which host.runtimeDirs does not name")
		said.expect(t, "opener", "ok", "containerd, by its API")
		said.expect(t, "nri", "ok", "has NRI "+builtWith(t, n))
		if n.Release() == build.Containerd2 {
			said.expect(t, "fail-closed", "warning", "NRI 0.12.3")
			said.expect(t, "vulnerabilities", "ok", "containerd v2.4.2")
			said.expect(t, "oci-runtime", "ok", "runc "+strings.TrimPrefix(build.RuncVersion, "v"))
		} else {
			said.expect(t, "fail-closed", "warning", "NRI 0.8")
			said.expect(t, "oci-runtime", "ok", "runc 1.1.5+ds1 at /usr/sbin/runc")
			said.expect(t, "vulnerabilities", "warning", "a distribution's")
			said.expect(t, "vulnerabilities", "problem", "containerd v1.7.35 has 1 known vulnerability")
		}
		a, err := agent.Start(t.Context(), n, agent.Options{Binary: binary})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Stop(t.Context())
		said, _ = doctor(t, binary, n, "--http", a.Address())
		said.expect(t, "agent", "ok", "ready at "+a.Address())
		if err := a.WaitReady(t.Context()); err != nil {
			t.Errorf("after doctor: %v", err)
		}
	})
}

// TestDoctorOnCRIO asks doctor about a CRI-O without the wrapper.
func TestDoctorOnCRIO(t *testing.T) {
	n := shared.Node(t, build.CRIO)
	binary, err := lab.Cache(t).Agent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	said, code := doctor(t, binary, n, "--containerd-socket", filepath.Join(n.Dir(), "none"), "--cri-socket", n.Socket(), "--crio-config", n.Config())
	said.expect(t, "runtime", "ok", "1.34.0 at "+n.Socket())
	said.expect(t, "nri-socket", "ok", n.NRISocket()+" accepts connections")
	said.expect(t, "fail-closed", "warning", "NRI 0.9")
	if built := builtWith(t, n); !strings.HasPrefix(built, "0.9.") {
		t.Errorf("built with NRI %s: say so in nri_releases.yaml", built)
	}
	said.expect(t, "nri", "ok", "has NRI 0.9.0; without validation")
	said.expect(t, "nri", "ok", "a commit of May 2025")
	said.expect(t, "vulnerabilities", "problem", "cri-o 1.34.0 has")
	said.expect(t, "opener", "problem", "specguard-runtime is not there")
	if code != 1 {
		t.Errorf("exit status %d", code)
	}
}

// TestDoctorFindsProblems asks doctor about a node on which seals are forbidden.
func TestDoctorFindsProblems(t *testing.T) {
	n := lab.Private(t, build.Containerd2, func(o *node.Options) {
		o.Extra = "[" + node.NRI + ".default_validator]\nenable = true\nreject_oci_hook_adjustment = true\nrequired_plugins = ['specguard']\n"
	})
	binary, err := lab.Cache(t).Agent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	said, code := doctor(t, binary, n)
	said.expect(t, "nri-config", "problem", "forbids hooks")
	said.expect(t, "fail-closed", "ok", "required_plugins")
	if code != 1 {
		t.Errorf("exit status %d", code)
	}
	if err := n.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	said, code = doctor(t, binary, n)
	said.expect(t, "nri-socket", "problem", "nobody accepts connections")
	said.expect(t, "runtime", "problem", "no container runtime") // it took its socket with it
	if code != 1 {
		t.Errorf("exit status %d", code)
	}
}
