// Package jobs_test runs tests in virtual machines whose kernels enforce
// AppArmor or SELinux.
package jobs_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/require"
	"github.com/specguard/specguard/e2e/vm"
)

// envKeep names the folder for what the machines leave, also of those that do
// well.
const envKeep = "SPECGUARD_E2E_VM_KEEP"

// A job is tests that one machine runs.
type job struct {
	name   string
	module vm.Module
	// tests is a shell script that runs tests: ./guest.test are those of vm/guest,
	// ./e2e.test those of the machine outside.
	tests   string
	reboots bool
	// rows are tests that must be among those that pass: rows that are chosen by
	// what the kernel has.
	rows []string
}

// jobs, in the order in which they are run.
var jobs = []job{
	{name: "apparmor", module: vm.AppArmor, tests: `
run ./guest.test '^TestAppArmor$'
run ./e2e.test '^(TestCRIOAppArmor|TestRuleAppArmorProfile)$/^enforced$/./^(default|localhost)$'`,
		rows: []string{
			"TestRuleAppArmorProfile/enforced/2.4.2/default", "TestRuleAppArmorProfile/enforced/2.4.2/localhost",
			"TestRuleAppArmorProfile/enforced/1.7.35/default", "TestRuleAppArmorProfile/enforced/2.4.2_wrapped/localhost",
			"TestRuleAppArmorProfile/enforced/cri-o-1.34.0_wrapped/default", "TestCRIOAppArmor",
		}},
	{name: "systemd", module: vm.AppArmor, reboots: true, tests: `
case $BOOT in
1) run ./guest.test '^TestSystemdInstall$'; test $status != 0 || status=64 ;;
2) run ./guest.test '^(TestSystemdBooted|TestSystemdWrap)$'; test $status != 0 || status=64 ;;
*) run ./guest.test '^TestSystemdWrapped$' ;;
esac`, rows: []string{"TestSystemdInstall", "TestSystemdBooted/away", "TestSystemdWrapped/away"}},
	{name: "selinux", module: vm.SELinux, tests: `
run ./guest.test '^TestSELinux$'
run ./e2e.test '^(TestCRIOSELinux|TestRuleSELinuxOptions)$/^enforced$/./^(type|level)$'`,
		rows: []string{
			"TestRuleSELinuxOptions/enforced/2.4.2/type", "TestRuleSELinuxOptions/enforced/1.7.35/level",
			"TestRuleSELinuxOptions/enforced/2.4.2_wrapped/type", "TestCRIOSELinux",
		}},
	{name: "cgroup2", module: vm.AppArmor, tests: `
run ./guest.test '^TestCgroup2$'`},
}

// timeout is for a machine outside that has much else to do.
const timeout = 25 * time.Minute

// script runs a job's tests as they run on the machine outside, but that a test
// that cannot run is a failure.
const script = `set -eu
export BOOT=$1
export CI=true SPECGUARD_E2E_GUEST=true SPECGUARD_E2E_PATIENCE=10
export SPECGUARD_E2E_CACHE=` + vm.GuestCache + ` SPECGUARD_E2E_PROGRAMS=$PWD/bin TMPDIR=/opt/sg
sysctl -qw kernel.printk_ratelimit=0
status=0
run() { "$1" -test.v -test.count 1 -test.timeout 20m -test.parallel 2 -test.run "$2" || status=1; }
`

func TestJobs(t *testing.T) {
	image := machineImage(t)
	files := jobFiles(t)
	for _, j := range jobs {
		t.Run(j.name, func(t *testing.T) { j.run(t, image, files) })
	}
}

// machineImage makes what the machines boot.
func machineImage(t *testing.T) vm.Image {
	t.Helper()
	require.Or(t, vm.Missing())
	policy, err := filepath.Glob(filepath.Join(deployDir(t), "selinux", "*.cil"))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	image, err := vm.Build(t.Context(), lab.Cache(t), policy...)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the image took %.0f s", time.Since(began).Seconds())
	return image
}

// deployDir is what the repository has to deploy specguard with.
func deployDir(t *testing.T) string {
	t.Helper()
	root, err := build.Root()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, "..", "deploy")
}

// jobFiles are what every job gets: tests, programs, and what is in deploy/.
func jobFiles(t *testing.T) map[string]string {
	t.Helper()
	cache := lab.Cache(t)
	programs, err := cache.Away(t.Context(), vm.GuestCache)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"deploy": deployDir(t)}
	for name, file := range programs {
		files["bin/"+name] = file
	}
	for name, pkg := range map[string]string{"e2e.test": ".", "guest.test": "./vm/guest"} {
		if files[name], err = cache.Tests(t.Context(), pkg); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// run boots a machine for a job. Where it fails, all that the machine left is kept.
func (j job) run(t *testing.T, image vm.Image, files map[string]string) {
	keep := filepath.Join(os.Getenv(envKeep), j.name)
	if os.Getenv(envKeep) == "" {
		var err error
		if keep, err = os.MkdirTemp("", "specguard-vm-"+j.name+"-"); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if !t.Failed() {
				os.RemoveAll(keep)
			}
		}()
	}
	var said bytes.Buffer
	began := time.Now()
	status, err := image.Run(t.Context(), vm.Options{
		Module: j.module, Job: vm.Job{Run: script + j.tests + "\nexit $status\n", Files: files}, Reboots: j.reboots,
		Timeout: timeout, Out: io.MultiWriter(&said, &indented{out: os.Stdout}), Keep: keep,
	})
	t.Logf("%s: %.0f s", j.name, time.Since(began).Seconds())
	passed, skipped := count(&said)
	missing := slices.DeleteFunc(slices.Clone(j.rows), func(row string) bool { return passed[row] })
	switch {
	case err != nil:
		t.Error(err)
	case status != 0:
		t.Errorf("the tests end with status %d", status)
	case len(passed) == 0 || skipped > 0 || len(missing) > 0:
		t.Errorf("%d tests pass, %d are skipped, and of those that must pass these are missing: %q", len(passed), skipped, missing)
	}
	if t.Failed() {
		t.Logf("what the machine left is in %s", keep)
	}
}

// count gives the tests that pass, and how many are skipped.
func count(said io.Reader) (passed map[string]bool, skipped int) {
	passed = map[string]bool{}
	scanner := bufio.NewScanner(said)
	for scanner.Scan() {
		line := strings.TrimSpace(scanner.Text())
		if name, ok := strings.CutPrefix(line, "--- PASS: "); ok {
			name, _, _ = strings.Cut(name, " (")
			passed[name] = true
		} else if strings.HasPrefix(line, "--- SKIP") || strings.Contains(line, "no tests to run") {
			skipped++
		}
	}
	return passed, skipped
}

// indented writes lines behind a mark, so that the results of the tests in the
// machine are not taken for those of the machine outside.
type indented struct {
	out     io.Writer
	midline bool
}

func (i *indented) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		if !i.midline {
			fmt.Fprint(i.out, "    | ")
		}
		if _, err := i.out.Write(line); err != nil {
			return 0, err
		}
		i.midline = line[len(line)-1] != '\n'
	}
	return len(p), nil
}
