package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"testing"
)

// specguard runs a program of specguard's that prints an object of JSON a line,
// and gives these, what else it says, and its exit status.
func specguard[T any](t *testing.T, binary string, args ...string) (objects []T, stderr string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if exited := new(exec.ExitError); err != nil && !errors.As(err, &exited) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		var o T
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		objects = append(objects, o)
	}
	return objects, said.String(), cmd.ProcessState.ExitCode()
}
