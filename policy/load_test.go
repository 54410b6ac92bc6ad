package policy

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// folder makes a folder of files; a content "-> x" makes a symlink, a name
// that ends in a slash a folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		file := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(file), 0o755)
		target, link := strings.CutPrefix(content, "-> ")
		switch {
		case err != nil:
		case strings.HasSuffix(name, "/"):
			err = os.MkdirAll(file, 0o755)
		case link:
			err = os.Symlink(target, file)
		default:
			err = os.WriteFile(file, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLoad(t *testing.T) {
	a, b, c := policyDoc("a", "hostPaths: {}"), policyDoc("b", "hostPaths: {}"), policyDoc("c", "hostPaths: {}")
	for _, tt := range []struct {
		name  string
		files map[string]string
		paths []string // below the folder
		want  []string
	}{
		{"folder", map[string]string{"1.yaml": a, "2.yml": b}, []string{""}, []string{"a", "b"}},
		{"empty folder", map[string]string{}, []string{""}, nil},
		{"other files", map[string]string{"1.yaml": a, "README.md": "text", "b.yaml.bak": b, "yaml": b}, []string{""}, []string{"a"}},
		{"endings in capitals", map[string]string{"1.yaml": a, "b.YML": b, "c.YAML": c}, []string{""}, []string{"a", "b", "c"}},
		{"JSON", map[string]string{"a.json": "{\n\t\"apiVersion\": \"specguard.dev/v1beta1\",\n\t\"kind\": \"Policy\",\n\t\"metadata\": {\"name\": \"a\"},\n\t\"spec\": {\"rules\": {\"hostPaths\": {}}}\n}\n"}, []string{""}, []string{"a"}},
		{"dot files", map[string]string{"1.yaml": a, ".1.yaml.swp": "x", ".b.yaml": b, ".git/c.yaml": c}, []string{""}, []string{"a"}},
		{"file", map[string]string{"1.yaml": a, "2.yaml": b}, []string{"2.yaml"}, []string{"b"}},
		{"file of any name", map[string]string{"policy.txt": a}, []string{"policy.txt"}, []string{"a"}},
		{"file and folder", map[string]string{"one.yaml": a, "d/2.yaml": b, "d/3.yaml": c}, []string{"one.yaml", "d"}, []string{"a", "b", "c"}},
		{
			"ConfigMap mount",
			map[string]string{
				"..2026_01_01/1.yaml": a, "..2026_01_01/2.yaml": b, "..data": "-> ..2026_01_01",
				"1.yaml": "-> ..data/1.yaml", "2.yaml": "-> ..data/2.yaml",
			},
			[]string{""},
			[]string{"a", "b"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := folder(t, tt.files)
			var paths []string
			for _, p := range tt.paths {
				paths = append(paths, filepath.Join(dir, p))
			}
			set, err := Load(paths...)
			if err != nil || !slices.Equal(set.Names(), tt.want) {
				t.Errorf("%v, %v, want %q", set, err, tt.want)
			}
		})
	}
	if set, err := Load(); err != nil || len(set.Names()) != 0 {
		t.Errorf("no paths: %v, %v", set, err)
	}
}

// TestIgnored names what a folder has besides policy files.
func TestIgnored(t *testing.T) {
	a := policyDoc("a", "hostPaths: {}")
	dir := folder(t, map[string]string{"1.yaml": a, "b.json": a, "README.md": "text", "c.yaml.bak": a, "tenants": a, ".d.yaml.swp": "x"})
	var got []string
	files, err := Read(dir, filepath.Join(dir, "1.yaml"), "/no/such")
	if err == nil || files.Sources != nil {
		t.Errorf("%v, %v", files.Sources, err)
	}
	for _, file := range files.Ignored {
		got = append(got, filepath.Base(file.File))
	}
	if want := []string{"README.md", "c.yaml.bak", "tenants"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestLoadErrors(t *testing.T) {
	good := policyDoc("a", "hostPaths: {}")
	large := filepath.Join(t.TempDir(), "large.yaml")
	if err := os.WriteFile(large, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, maxFileSize+1); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		files map[string]string
		path  string
		want  string // DIR stands for the folder
	}{
		{"not there", nil, "none", "DIR/none: no such file or directory"},
		{"folder in it", map[string]string{"1.yaml": good, "sub/2.yaml": good}, "", "DIR/sub: is a folder; put all policy files directly into the policy folder"},
		{"folder called like a file", map[string]string{"sub.yaml/": ""}, "", "DIR/sub.yaml: is a folder; put all policy files directly into the policy folder"},
		{"symlink to a folder", map[string]string{".sub/2.yaml": good, "sub": "-> .sub"}, "", "DIR/sub: is a folder; put all policy files directly into the policy folder"},
		{"symlink to nothing", map[string]string{"1.yaml": "-> none"}, "", "DIR/1.yaml: no such file or directory"},
		{"device", map[string]string{"1.yaml": "-> " + os.DevNull}, "", "DIR/1.yaml: is not a regular file"},
		{"too large", map[string]string{"1.yaml": "-> " + large}, "", "DIR/1.yaml: is larger than 8 MiB"},
		{"one file twice", map[string]string{"1.yaml": good, "2.yaml": "-> 1.yaml"}, "", "DIR/2.yaml: is given twice: it is the same file as DIR/1.yaml"},
		{"faults of two files", map[string]string{"1.yaml": "x", "2.yaml": good + "  x: y\n"}, "", "DIR/1.yaml:1:1: must be a mapping, not \"x\"\nDIR/2.yaml:7:3: spec: unknown field \"x\" (allowed: match, mode, priority, profile, onViolation, rules)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := folder(t, tt.files)
			set, err := Load(filepath.Join(dir, tt.path))
			if err == nil || set != nil {
				t.Fatalf("%v, %v", set, err)
			}
			if got := strings.ReplaceAll(err.Error(), dir, "DIR"); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
			var fault *LoadError
			if !errors.As(err, &fault) || !strings.HasPrefix(fault.File, dir) {
				t.Errorf("no LoadError: %#v", err)
			}
		})
	}
	dir := folder(t, nil)
	_, err := Load(filepath.Join(dir, "a"), filepath.Join(dir, "b"))
	if want := "DIR/a: no such file or directory\nDIR/b: no such file or directory"; err == nil || strings.ReplaceAll(err.Error(), dir, "DIR") != want {
		t.Errorf("all paths: %v", err)
	}
}
