package cli

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/specguard/specguard/internal/doctor"
)

// nowhere are the flags for a node without any runtime.
func nowhere(t *testing.T, more ...string) []string {
	t.Helper()
	none := filepath.Join(t.TempDir(), "none")
	return append([]string{"doctor", "--containerd-socket", none, "--cri-socket", none, "--nri-socket", none, "--http", ""}, more...)
}

func TestDoctorTellsProblems(t *testing.T) {
	r := specguard(t, nowhere(t)...)
	for _, line := range []string{
		"problem  runtime: no container runtime: ", "         -> start the runtime, or name its socket: --containerd-socket or --cri-socket",
		"problem  nri-socket: ", "not ready: ", // and what the machine has besides
	} {
		if !strings.Contains("\n"+r.stdout, "\n"+line) {
			t.Errorf("no line %q in\n%s", line, r.stdout)
		}
	}
	if r.code != 1 || r.stderr != "" || strings.Contains(r.stdout, "\x1b") {
		t.Errorf("exit status %d, stderr %q", r.code, r.stderr)
	}
}

func TestDoctorJSON(t *testing.T) {
	invalid := policyFile(t, "privilegd: {}")
	r := specguard(t, nowhere(t, "--output", "json", "--policy-dir", invalid)...)
	found := make(map[string]doctor.Finding)
	for line := range strings.Lines(r.stdout) {
		var f doctor.Finding
		dec := json.NewDecoder(strings.NewReader(line))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&f); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		found[f.Check] = f
	}
	p := found["policies"]
	if p.Status != doctor.Problem || len(p.Details) != 1 || !strings.Contains(p.Details[0], invalid+":6:5: ") {
		t.Errorf("policies: %+v", p)
	}
	if found["runtime"].Status != doctor.Problem || found["runtime"].Advice == "" || r.code != 1 {
		t.Errorf("exit status %d, %s", r.code, r.stdout)
	}
}

func TestDoctorColors(t *testing.T) {
	r := specguard(t, nowhere(t, "--color", "always")...)
	if !strings.Contains(r.stdout, "\x1b[1;31mproblem  runtime: ") {
		t.Errorf("%q", r.stdout)
	}
}

// TestDoctorReady prints findings of which none is a problem.
func TestDoctorReady(t *testing.T) {
	var out bytes.Buffer
	p, err := newPrinter(&out, "never")
	if err != nil {
		t.Fatal(err)
	}
	printFindings(p, []doctor.Finding{
		{Check: "a", Status: doctor.OK, Found: "fine"},
		{Check: "b", Status: doctor.Warning, Found: "hm", Advice: "do this", Details: []string{"x", "y"}},
	})
	want := "ok       a: fine\nwarning  b: hm\n           x\n           y\n         -> do this\nready, 1 warning\n"
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

func TestDoctorReadsTheAgentsConfiguration(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	cfg := file(t, "config.yaml", "nri: {socket: "+socket+"}\nhost: {root: \"\"}\nhttp: \"\"\n")
	r := specguard(t, "doctor", "--config", cfg)
	for _, line := range []string{"ok       nri-socket: " + socket + " accepts connections\n", "warning  host: cannot see the host's files"} {
		if os.Getuid() == 0 && !strings.Contains(r.stdout, line) {
			t.Errorf("no %q in\n%s", line, r.stdout)
		}
	}
}

func TestDoctorFaults(t *testing.T) {
	for _, test := range []struct {
		args   []string
		stderr string
	}{
		{[]string{"--output", "xml"}, "output \"xml\" is not one of text, json\n"},
		{[]string{"--color", "red"}, "color \"red\" is not one of auto, always, never\n"},
		{[]string{"extra"}, "specguard doctor takes no arguments, such as \"extra\": see specguard doctor --help\n"},
		{[]string{"--log-level", "debug"}, "unknown flag --log-level: see specguard doctor --help\n"},
		{[]string{"--config", "/none"}, "read configuration: open /none: no such file or directory\n"},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			specguard(t, append([]string{"doctor"}, test.args...)...).expect(t, 1, "", test.stderr)
		})
	}
}

// TestDoctorData gives doctor a list of known vulnerabilities.
func TestDoctorData(t *testing.T) {
	const list = `reviewed: 2026-11-01
components:
- {name: runc, source: "https://x.org/"}
vulnerabilities:
- {id: CVE-2099-1, component: runc, summary: s, source: "https://x.org/", affected: [{fixed: 99.0.0}]}
`
	old := file(t, "list.yaml", list)
	if r := specguard(t, nowhere(t, "--data", old)...); !strings.Contains(r.stdout, "compared with "+old+" of 2026-11-01, 1 entries") {
		t.Errorf("%s", r.stdout)
	}
	if r := specguard(t, nowhere(t)...); !strings.Contains(r.stdout, "vulnerabilities: compared with the built-in list of 2026-") {
		t.Errorf("%s", r.stdout)
	}
	faulty := file(t, "faulty.yaml", strings.Replace(list, "id: CVE-2099-1", "id: 1", 1))
	specguard(t, nowhere(t, "--data", faulty)...).expect(t, 1, "",
		faulty+":5:8: vulnerabilities[0].id: \"1\" is not an identifier (allowed: CVE-..., GHSA-...)\n")
	specguard(t, nowhere(t, "--data", "/none")...).expect(t, 1, "", "read the list of vulnerabilities: open /none: no such file or directory\n")
}

// TestDoctorAsksCRISocket names CRI-O's socket in the configuration, by the flag,
// and by the flag that doctor once had.
func TestDoctorAsksCRISocket(t *testing.T) {
	socket := file(t, "not-a-socket", "")
	cfg := file(t, "config.yaml", "{criSocket: "+socket+", containerdSocket: /none, nri: {socket: /none}, http: \"\"}\n")
	const says = "cri-o does not answer at "
	for name, c := range map[string]struct {
		args   []string
		stderr string
	}{
		"configuration": {[]string{"--config", cfg}, ""},
		"flag":          {[]string{"--containerd-socket", "/none", "--cri-socket", socket}, ""},
		"old flag": {[]string{"--containerd-socket", "/none", "--crio-socket", socket},
			"Flag --crio-socket has been deprecated, use --cri-socket\n"},
	} {
		if r := specguard(t, append([]string{"doctor"}, c.args...)...); !strings.Contains(r.stdout, says+socket) || r.stderr != c.stderr {
			t.Errorf("%s: no %q in\n%s%s", name, says+socket, r.stdout, r.stderr)
		}
	}
}
