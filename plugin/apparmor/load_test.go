package apparmor

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	enabled  = "sys/module/apparmor/parameters/enabled"
	profiles = "sys/kernel/security/apparmor/profiles"
)

// tree makes files below a new root.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestLoad(t *testing.T) {
	for _, tt := range []struct {
		name   string
		files  map[string]string
		parser string
		want   Result
		err    string
	}{
		{"off", map[string]string{enabled: "N\n"}, "", Off, ""},
		{"not in the kernel", nil, "", Off, ""},
		{"there", map[string]string{enabled: "Y\n", profiles: "a (enforce)\n" + Default + " (enforce)\n"}, "", There, ""},
		{"there, complains", map[string]string{enabled: "Y\n", profiles: Default + " (complain)\n"}, "", There, ""},
		{"securityfs not mounted", map[string]string{enabled: "Y\n"}, "", There, "which AppArmor profiles are loaded: "},
		{"no parser", map[string]string{enabled: "Y\n", profiles: Default + "-other (enforce)\n"}, "", "", "the node has no /sbin/apparmor_parser (install AppArmor's user space"},
		{"parser fails", map[string]string{enabled: "Y\n", profiles: ""}, "#!/bin/sh\ncat >ROOT/text\necho no such; echo abi >&2\nexit 3\n", "", "exit status 3: no such abi"},
		{"parser does nothing", map[string]string{enabled: "Y\n", profiles: ""}, "#!/bin/sh\ncat >ROOT/text\n", "", "the kernel does not list it"},
		{"loads", map[string]string{enabled: "Y\n", profiles: "a (enforce)\n"}, "#!/bin/sh\necho \"$@\" >ROOT/args\ncat >ROOT/text\necho '" + Default + " (enforce)' >>ROOT/" + profiles + "\n", Loaded, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := tree(t, tt.files)
			n := Node{Root: root}
			if tt.parser != "" {
				n = onHost(t, root, tt.parser)
			}
			got, err := n.Load(t.Context())
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) || err == nil && got != tt.want {
				t.Fatalf("%q, %v", got, err)
			}
			if tt.want != Loaded {
				return
			}
			args, _ := os.ReadFile(filepath.Join(root, "args"))
			text, _ := os.ReadFile(filepath.Join(root, "text"))
			if string(args) != "--replace --skip-cache\n" || string(text) != profile(root) {
				t.Errorf("called with %q, %q", args, text)
			}
		})
	}
}

// onHost is a node whose parser runs here: its root is another only for the files of
// the kernel.
func onHost(t *testing.T, root, script string) Node {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to change it")
	}
	for _, shell := range []string{"/bin/busybox", "/usr/bin/busybox"} {
		data, err := os.ReadFile(shell)
		if err != nil {
			continue
		}
		if err := os.MkdirAll(filepath.Join(root, "bin"), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"sh", "cat"} {
			if err := os.WriteFile(filepath.Join(root, "bin", name), data, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		script = strings.ReplaceAll(script, "ROOT", "")
		if err := os.WriteFile(filepath.Join(root, "parser"), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
		return Node{Root: root, parser: "/parser"}
	}
	t.Skip("needs a static busybox")
	return Node{}
}

// TestProfile includes what the node has.
func TestProfile(t *testing.T) {
	bare := profile(t.TempDir())
	if !strings.HasPrefix(bare, "@{PROC}=/proc/\nprofile "+Default+" ") || strings.Contains(bare, "include") || strings.Contains(bare, "abi <") {
		t.Error(bare)
	}
	full := profile(tree(t, map[string]string{"etc/apparmor.d/abi/3.0": "", "etc/apparmor.d/tunables/global": "", "etc/apparmor.d/abstractions/base": ""}))
	if !strings.HasPrefix(full, "abi <abi/3.0>,\n#include <tunables/global>\nprofile "+Default+" ") || !strings.Contains(full, "{\n  #include <abstractions/base>\n") {
		t.Error(full)
	}
	parser, err := exec.LookPath("apparmor_parser")
	if err != nil {
		t.Skip("no apparmor_parser here to compile it")
	}
	for _, text := range []string{bare, profile("/")} {
		cmd := exec.Command(parser, "--skip-kernel-load", "--skip-cache", "--quiet")
		cmd.Stdin = strings.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %s\n%s", err, out, text)
		}
	}
}
