package wrapper

import (
	"os/exec"
	"strings"
	"testing"
)

// TestRestores tells restoring from all else by command lines of OCI runtimes.
func TestRestores(t *testing.T) {
	for line, want := range map[string]bool{
		"runc":                                        false,
		"runc create --bundle /b 9b7e":                false,
		"runc --root /r run -d 9b7e":                  false,
		"runc create --bundle /b restore":             false,
		"runc --root /r restore --image-path /i 9b7e": true,
		"runc --log /l --log-format json --root /r restore --detach --bundle /b 9b7e": true,
		"runc -- restore 9b7e":                        true,
		"runsc --platform=systrap create 9b7e":        false,
		"runsc --platform=systrap restore 9b7e":       true,
		"youki --new-flag restore --image-path /i 9b": true,
	} {
		if got := restores(words(line)); got != want {
			t.Errorf("%s: %v", line, got)
		}
	}
}

// TestRefuseRestored asks about processes that run.
func TestRefuseRestored(t *testing.T) {
	for command, want := range map[string]string{
		"create":  "",
		"restore": "refused: a restored checkpoint cannot be judged",
	} {
		cmd := exec.Command("sh", "-c", "echo; read x; exit 0", "runc", command)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Read(make([]byte, 1)); err != nil { // it runs
			t.Fatal(err)
		}
		got := ""
		if err := refuseRestored(cmd.Process.Pid); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q", command, got)
		}
		_ = in.Close()
		_ = cmd.Wait()
	}
	if err := refuseRestored(-1); err == nil || !strings.HasPrefix(err.Error(), "find out which command") {
		t.Errorf("nobody: %v", err)
	}
}
