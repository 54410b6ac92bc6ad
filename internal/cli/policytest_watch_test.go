package cli

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestTestCoverage(t *testing.T) {
	dir := testsOf(t, "outcome: adjusted")
	r := specguard(t, "test", "--coverage", dir)
	want := "coverage: of 2 rules, 0 are broken by one test and kept by another\n  p: no test breaks hostPorts\n" +
		"  p: no test keeps readOnlyRootFilesystem\npassed: 1 case\n"
	if _, got, _ := strings.Cut(r.stdout, "\n"); r.code != 0 || got != want {
		t.Errorf("%+v, want\n%s", r, want)
	}
	r = specguard(t, "test", "--coverage", "--run", "none", dir)
	if r.code != 1 || !strings.Contains(r.stdout, "  p: no test reaches readOnlyRootFilesystem, hostPorts\n") {
		t.Errorf("%+v", r)
	}
}

// TestTestStandardInput: paths are those of the working directory.
func TestTestStandardInput(t *testing.T) {
	dir := testsOf(t, "outcome: adjusted")
	data, err := os.ReadFile(filepath.Join(dir, "s_test.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	cmd, stdout, stderr := command(t.Context(), nil, "test", "-")
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(string(data))
	if err := cmd.Run(); err != nil || stdout.String() != "ok    - (1 case)\npassed: 1 case\n" {
		t.Errorf("%v: %s%s", err, stdout, stderr)
	}
	specguard(t, "test", "--watch", "-").expect(t, 1, "", "--watch cannot read standard input again\n")
}

// TestTestFaultyCase: the others are run.
func TestTestFaultyCase(t *testing.T) {
	dir := testsOf(t, "outcome: adjusted", "outcome: fine", "outcome: adjusted")
	report := filepath.Join(t.TempDir(), "junit.xml")
	name := dir + "/s_test.yaml"
	specguard(t, "test", "-v", "--junit", report, dir).expect(t, 1,
		"FAIL  "+name+" (1 of 3 cases)\n  pass s/case 1\n  ERROR s/case 2 (line 10): it cannot be run\n  pass s/case 3\nFAILED: 1 of 3 cases\n",
		name+":12:25: spec.cases[1].expect.outcome: \"fine\" is not one of allowed, adjusted, denied\n")
	data, err := os.ReadFile(report)
	if err != nil || !strings.Contains(string(data), `tests="3" failures="0" errors="1"`) || !strings.Contains(string(data), `<error message="the case cannot be run">`) {
		t.Errorf("%v, %s", err, data)
	}
}

// TestTestWatch changes a policy and then the test while they are watched.
func TestTestWatch(t *testing.T) {
	dir := testsOf(t, "outcome: adjusted")
	cmd, _, _ := command(t.Context(), nil, "test", "--watch", dir)
	stdout, err := os.Create(filepath.Join(t.TempDir(), "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	defer stdout.Close()
	cmd.Stdout = stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	wait := func(ending string) {
		t.Helper()
		var data []byte
		for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			if data, err = os.ReadFile(stdout.Name()); err == nil && strings.HasSuffix(string(data), ending) {
				return
			}
		}
		t.Fatalf("no %q in %q", ending, data)
	}
	write := func(name, text string) {
		t.Helper()
		time.Sleep(2 * watchEvery) // it has begun to watch
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	wait("passed: 1 case\n")
	write("p.yaml", policyText("readOnlyRootFilesystem: {onViolation: reject}"))
	wait("FAILED: 1 of 1 case\n")
	text, err := os.ReadFile(filepath.Join(dir, "s_test.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	write("s_test.yaml", "")
	wait("FAILED: 0 of 0 cases, 1 file not run\n")
	write("s_test.yaml", strings.Replace(string(text), "outcome: adjusted", "outcome: denied", 1))
	wait("passed: 1 case\n")
	time.Sleep(2 * watchEvery)
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the exit status is not that of the last run: %v", err)
	}
}
