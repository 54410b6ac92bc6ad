package input

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadFile(t *testing.T) {
	if _, err := ReadFile("/dev/zero"); err == nil || err.Error() != "is larger than 64 MiB" {
		t.Errorf("without an end: %v", err)
	}
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if data, err := ReadFile(file); err != nil || string(data) != "x" {
		t.Errorf("%q %v", data, err)
	}
	if _, err := ReadFile(file + "x"); !os.IsNotExist(err) {
		t.Errorf("not there: %v", err)
	}
	if data, err := ReadAll(strings.NewReader("y")); err != nil || string(data) != "y" {
		t.Errorf("%q %v", data, err)
	}
}
