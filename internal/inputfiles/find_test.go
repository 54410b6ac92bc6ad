package inputfiles

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
)

// tree writes files into a new folder, makes it the working directory, and returns it. A content
// that begins with -> is a symlink.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	for name, content := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
			t.Fatal(err)
		}
		var err error
		if to, is := strings.CutPrefix(content, "->"); is {
			err = os.Symlink(to, name)
		} else {
			err = os.WriteFile(name, []byte(content), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFind(t *testing.T) {
	dir := tree(t, map[string]string{
		"k8s/a.yaml": "", "k8s/b.YML": "", "k8s/c.Json": "", "k8s/README.md": "", "k8s/sub/d.yaml": "", "k8s/.e.yaml": "",
		"k8s/.git/f.yaml": "", "k8s/link.yaml": "->a.yaml", "k8s/lost.yaml": "->nowhere", "k8s/loop": "->..", "k8s/script": "->a.yaml",
		"none/a.txt": "", "[x].yaml": "", "also": "->k8s/sub", "alias.yaml": "->k8s/sub/d.yaml", ".hidden/g.yaml": "",
	})
	named, found := func(p string) File { return File{p, true} }, func(p string) File { return File{p, false} }
	folder := []File{found("k8s/.e.yaml"), found("k8s/a.yaml"), found("k8s/b.YML"), found("k8s/c.Json"), found("k8s/lost.yaml"), found("k8s/sub/d.yaml")}
	for name, c := range map[string]struct {
		args    []string
		want    []File
		skipped int
		errs    []string
	}{
		"files":                   {args: []string{"k8s/README.md", "k8s/a.yaml"}, want: []File{named("k8s/README.md"), named("k8s/a.yaml")}},
		"standard input":          {args: []string{"-", "-"}, want: []File{named("-")}},
		"a folder":                {args: []string{"k8s"}, want: folder, skipped: 1},
		"a folder twice":          {args: []string{"k8s", "./k8s/", dir + "/k8s"}, want: folder, skipped: 1},
		"a file and its folder":   {args: []string{"k8s/sub/d.yaml", "k8s/sub"}, want: []File{named("k8s/sub/d.yaml")}},
		"a file by two names":     {args: []string{"alias.yaml", "k8s/sub/d.yaml"}, want: []File{named("alias.yaml")}},
		"a symlink to a folder":   {args: []string{"also"}, want: []File{found("also/d.yaml")}},
		"a hidden folder":         {args: []string{".hidden"}, want: []File{found(".hidden/g.yaml")}},
		"a pattern":               {args: []string{"k8s/*.{yaml,YML}"}, want: []File{found("k8s/a.yaml"), found("k8s/b.YML"), found("k8s/lost.yaml")}},
		"a pattern for all":       {args: []string{"**/d.yaml"}, want: []File{found("k8s/sub/d.yaml")}},
		"a pattern for folders":   {args: []string{"k8s/s*b"}, want: []File{found("k8s/sub/d.yaml")}},
		"no pattern, but a name":  {args: []string{"[x].yaml"}, want: []File{named("[x].yaml")}},
		"what is not there":       {args: []string{"no.yaml"}, want: []File{named("no.yaml")}},
		"a pattern for nothing":   {args: []string{"*.yml"}, errs: []string{"*.yml: no file matches the pattern"}},
		"a pattern that is wrong": {args: []string{"[", "k8s/sub"}, want: []File{found("k8s/sub/d.yaml")}, errs: []string{"[: is no file, and no valid pattern"}},
		"a folder without any":    {args: []string{"none"}, errs: []string{"none: has no file *.yaml, *.yml or *.json"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := Find(c.args)
			var errs []string
			for _, err := range got.Errs {
				errs = append(errs, err.Error())
			}
			if !reflect.DeepEqual(got.Files, c.want) || len(got.Skipped) != c.skipped || !reflect.DeepEqual(errs, c.errs) {
				t.Errorf("%+v %+v %q", got.Files, got.Skipped, errs)
			}
		})
	}
}

// TestFindOnlyFiles: a pipe in a folder, which could be read forever, is not.
func TestFindOnlyFiles(t *testing.T) {
	tree(t, map[string]string{"k8s/a.yaml": "", "k8s/link.yaml": "->pipe.yaml"})
	if err := syscall.Mkfifo("k8s/pipe.yaml", 0o600); err != nil {
		t.Fatal(err)
	}
	for _, arg := range []string{"k8s", "k8s/*.yaml"} {
		got := Find([]string{arg})
		if len(got.Files) != 1 || len(got.Skipped) != 1 || got.Skipped[0].Reason != "not a regular file" || len(got.Errs) > 0 {
			t.Errorf("%s: %+v", arg, got)
		}
	}
	if got := Find([]string{"k8s/pipe.yaml"}); len(got.Files) != 1 {
		t.Errorf("one that is named: %+v", got) // the shell makes pipes for <(program)
	}
}

func TestUnfinished(t *testing.T) {
	const braces = "kind: {{ .Kind }}"
	tree(t, map[string]string{
		"web/Chart.yaml": "", "web/templates/a.yaml": "", "web/charts/db/Chart.yaml": "", "web/charts/db/templates/sub/b.yaml": "", "web/x.yaml": "",
		"kust/kustomization.yaml": "patches: [{path: p/a.yaml}, {patch: 'x: y'}]\npatchesJson6902: [{path: j.json}]\npatchesStrategicMerge: [s.yaml, \"a: b\\nc: d\"]\n",
		"bad/Kustomization":       "patches: {", "bad/a.yaml": "",
	})
	for _, c := range []struct{ path, data, want string }{
		{"web/templates/a.yaml", braces, "template of a Helm chart; instead: helm template web | specguard check -"},
		{"web/templates/a.yaml", "kind: Pod", ""},
		{"web/charts/db/templates/sub/b.yaml", braces, "template of a Helm chart; instead: helm template web | specguard check -"},
		{"web/x.yaml", braces, ""},
		{"templates/a.yaml", braces, ""},
		{"kust/p/a.yaml", "", "patch of a kustomization; instead: kustomize build kust | specguard check -"},
		{"kust/j.json", "", "patch of a kustomization; instead: kustomize build kust | specguard check -"},
		{"kust/s.yaml", "", "patch of a kustomization; instead: kustomize build kust | specguard check -"},
		{"kust/a.yaml", "", ""},
		{"kust", "", ""},
		{"bad/a.yaml", "", ""},
		{"-", braces, ""},
	} {
		if got := NewAround().Unfinished(c.path, []byte(c.data)); got != c.want {
			t.Errorf("%s: %q, want %q", c.path, got, c.want)
		}
	}
	t.Chdir("web/templates")
	if got := NewAround().Unfinished("a.yaml", []byte(braces)); !strings.HasSuffix(got, "/web | specguard check -") {
		t.Errorf("from within: %q", got)
	}
}
