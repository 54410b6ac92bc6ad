package cni

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestPortMappings(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(want string, ok bool) {
		t.Helper()
		got, found := PortMappings(dir, "5d1c")
		if found != ok || ok && !bytes.Equal(got, []byte(want)) {
			t.Errorf("got %s, %v", got, found)
		}
	}
	expect("[]", false)
	write("pods-5d1c-eth0", `{"containerId":"5d1c"}`)
	write("pods-77ab-eth0", `{"containerId":"77ab","capabilityArgs":{"portMappings":[{"hostPort":1}]}}`)
	expect("[]", true)
	write("cni-loopback-5d1c-lo", `{"containerId":"5d1c","capabilityArgs":{"portMappings":[{"hostPort":8080}]}}`)
	write("pods-5d1c-eth0", `{"containerId":"5d1c","capabilityArgs":{"portMappings":[{"hostPort":8080}]}}`)
	expect(`[{"hostPort":8080}]`, true)
	write("of-another-5d1c-eth0", `{"containerId":"77ab"}`)
	expect("", false)
	write("of-another-5d1c-eth0", `{`)
	expect("", false)
	write("elsewhere", `{"containerId":"5d1c"}`)
	link := filepath.Join(dir, "of-another-5d1c-eth0")
	if err := errors.Join(os.Remove(link), os.Symlink("elsewhere", link)); err != nil {
		t.Fatal(err)
	}
	expect("", false)
}
