package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestParse(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		want command
	}{
		{"create", []string{"--root", "/r", "create", "--bundle", "/b", "--pid-file", "/b/pid", "abc"}, command{"create", "/b", ""}},
		{"create with systemd", []string{"--systemd-cgroup", "--root", "/r", "create", "-b", "/b", "abc"}, command{"create", "/b", ""}},
		{"exec", []string{"--root", "/r", "exec", "--pid-file", "/p", "--process", "/x", "--detach", "abc"}, command{"exec", ".", "/x"}},
		{"others", []string{"--root", "/r", "kill", "abc", "9"}, command{"kill", ".", ""}},
		{"none", nil, command{"", ".", ""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := parse(test.args); got != test.want {
				t.Errorf("parsed %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestEdit(t *testing.T) {
	missing := []string{"CAP_SYS_RESOURCE"}
	for _, test := range []struct {
		name, file, want string
		at               []string
	}{
		{
			name: "bundle", at: []string{"process"},
			file: `{"x":1.50,"process":{"capabilities":{"bounding":["CAP_KILL","CAP_SYS_RESOURCE"],"ambient":["CAP_SYS_RESOURCE"]},"y":{"b":1,"a":2}}}`,
			want: `{"process":{"capabilities":{"ambient":[],"bounding":["CAP_KILL"]},"y":{"b":1,"a":2}},"x":1.50}`,
		},
		{
			name: "process",
			file: `{"capabilities":{"effective":["CAP_SYS_RESOURCE","CAP_KILL"]}}`,
			want: `{"capabilities":{"effective":["CAP_KILL"]}}`,
		},
		{name: "no capabilities", file: `{"args":["sh"]}`, want: `{"args":["sh"]}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "file.json")
			if err := os.WriteFile(file, []byte(test.file), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := edit(file, missing, test.at...); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(file); err != nil || string(got) != test.want {
				t.Errorf("edited %s, %v\nwant   %s", got, err, test.want)
			}
		})
	}
	broken := filepath.Join(t.TempDir(), "file.json")
	if err := os.WriteFile(broken, []byte("{CAP_SYS_RESOURCE"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := edit(broken, missing); err == nil {
		t.Error("a broken file is no error")
	}
}

func TestNoHugePages(t *testing.T) {
	for in, want := range map[string]string{
		`{"x":1.50,"hugepageLimits":[{"limit":0}],"y":2}`: `{"x":1.50,"y":2}`,
		`{"y":2, "x":1}`: `{"y":2, "x":1}`,
	} {
		if got, err := noHugePages([]byte(in)); err != nil || string(got) != want {
			t.Errorf("%s: %s, %v, want %s", in, got, err, want)
		}
	}
}

func TestNoLowerScore(t *testing.T) {
	if got, err := noLowerScore([]byte("-1000")); err != nil || string(got) == "-1000" {
		t.Errorf("-1000 is %s, %v", got, err)
	}
	if got, err := noLowerScore([]byte("1000")); err != nil || string(got) != "1000" {
		t.Errorf("1000 is %s, %v", got, err)
	}
}
