package vm

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestPayload(t *testing.T) {
	image := make([]byte, 3*sector)
	image[setupSects] = 1
	copy(image[headerMagic:], "HdrS")
	binary.LittleEndian.PutUint32(image[payloadOffset:], 16)
	binary.LittleEndian.PutUint32(image[payloadLength:], 100)
	copy(image[2*sector+16:], "here")
	got, err := payload(image)
	if err != nil || len(got) != 100 || !bytes.HasPrefix(got, []byte("here")) {
		t.Errorf("%q, %v", got, err)
	}
	binary.LittleEndian.PutUint32(image[payloadLength:], 1<<20)
	if _, err := payload(image); err == nil {
		t.Error("a payload beyond the end is no error")
	}
	if _, err := payload(image[:100]); err == nil {
		t.Error("a file that is too short is no error")
	}
}

// TestInitrd has busybox read what is written.
func TestInitrd(t *testing.T) {
	dir := t.TempDir()
	modules := filepath.Join(dir, "modules")
	if err := os.Mkdir(modules, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"shell": "odd", "modules/a.ko": "a", "modules/b.ko": "bbbb"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "initrd")
	if err := writeInitrd(file, []byte("init"), filepath.Join(dir, "shell"), modules); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	if err := os.Mkdir(out, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/busybox", "cpio", "-i", "-d", "-F", file)
	cmd.Dir = out
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	for name, want := range map[string]string{"init": "init", "bin/busybox": "odd", "modules/a.ko": "a", "modules/b.ko": "bbbb"} {
		if got, err := os.ReadFile(filepath.Join(out, name)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// TestJobAndResult writes a job as it is given to a machine, on a disk that is
// longer, and reads it as a result is read.
func TestJobAndResult(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "folder")
	if err := os.MkdirAll(filepath.Join(folder, "below"), 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "below", "file")
	if err := os.WriteFile(file, []byte("content"), 0o755); err != nil {
		t.Fatal(err)
	}
	disk := filepath.Join(dir, "disk")
	if err := (Job{Run: "exit 3\n", Files: map[string]string{"one": file, "all": folder}}).write(disk); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(disk, 1<<20); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	if err := readResult(disk, out); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"run": "#!/bin/sh\nexit 3\n", "one": "content", "all/below/file": "content"} {
		if got, err := os.ReadFile(filepath.Join(out, name)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// TestInputsCount: whatever goes into an image counts for its key.
func TestInputsCount(t *testing.T) {
	file := filepath.Join(t.TempDir(), "runc")
	keys := map[string]string{}
	for _, test := range []struct{ name, base, content, target string }{
		{"first", "a", "x", "/usr/bin/runc"},
		{"another base", "b", "x", "/usr/bin/runc"},
		{"another program", "a", "y", "/usr/bin/runc"},
		{"in another place", "a", "x", "/usr/sbin/runc"},
	} {
		if err := os.WriteFile(file, []byte(test.content), 0o755); err != nil {
			t.Fatal(err)
		}
		key, err := input{programs: []program{{source: file, target: test.target}}}.key(test.base)
		if err != nil {
			t.Fatal(err)
		}
		if before, same := keys[key]; same {
			t.Errorf("%s has the key of %s", test.name, before)
		}
		keys[key] = test.name
	}
	if _, err := (input{programs: []program{{source: "/no/such/file"}}}).key("a"); err == nil {
		t.Error("a program that is not there is no error")
	}
}
