package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/policy"
)

// TestLanguage asks both commands, check and test, about every row of testdata/language: policies,
// and containers with what becomes of them. README.md there says how a row is written.
func TestLanguage(t *testing.T) {
	for _, r := range languageRows(t) {
		t.Run(r.file+"/"+r.Name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			r.write(t, dir, r.documents())
			if r.Invalid != "" {
				r.refused(t, dir)
				return
			}
			r.checked(t, dir)
			r.tested(t, dir)
		})
	}
}

// object is an object of YAML.
type object = map[string]any

// A languageRow is a set of policies, and containers that they judge.
type languageRow struct {
	file string

	Name       string            `yaml:"name"`
	APIVersion string            `yaml:"apiVersion"` // default: the current one
	File       string            `yaml:"file"`       // of the policies; default: p.yaml
	Policy     object            `yaml:"policy"`     // the spec of policy p
	Policies   map[string]object `yaml:"policies"`   // specs by name
	Exceptions map[string]object `yaml:"exceptions"`
	Seccomp    object            `yaml:"seccomp"` // the node's profiles
	Warns      []string          `yaml:"warns"`   // all that both commands warn of
	Expired    []string          `yaml:"expired"` // what check warns of, too; a test has a time of its own
	Invalid    string            `yaml:"invalid"` // the only error: the rest is not looked at
	Cases      []languageCase    `yaml:"cases"`
}

// A languageCase is a container, and the decision.
type languageCase struct {
	Name      string `yaml:"name"`
	Metadata  object `yaml:"metadata"`  // of the pod
	Pod       object `yaml:"pod"`       // spec of the pod
	Container object `yaml:"container"` // of that spec
	Config    object `yaml:"config"`    // an OCI spec, in the place of a pod

	verdict    `yaml:",inline"`
	IfEnforced *verdict `yaml:"ifEnforced"`
}

// A verdict says all that rules found and did: texts by rule, or by policy and rule.
type verdict struct {
	Violations object `yaml:"violations"`
	Audit      object `yaml:"audit"`
	Excepted   object `yaml:"excepted"`
	Changes    object `yaml:"changes"`
	Fields     object `yaml:"fields"`   // of check: what became of them
	Spec       object `yaml:"spec"`     // of test: a part of the spec that may run
	Matched    any    `yaml:"policies"` // names; only if given
}

// languageRows reads all rows.
func languageRows(t *testing.T) []languageRow {
	t.Helper()
	files, err := filepath.Glob("testdata/language/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no rows, error %v", err)
	}
	var out []languageRow
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var rows []languageRow
		dec := yaml.NewDecoder(bytes.NewReader(data))
		dec.KnownFields(true)
		if err := dec.Decode(&rows); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, r := range rows {
			r.file = strings.TrimSuffix(filepath.Base(name), ".yaml")
			if r.Policy != nil {
				r.Policies = map[string]object{"p": r.Policy}
			}
			out = append(out, r)
		}
	}
	return out
}

// documents are the row's documents. Where a policy or an exception says nothing of it, it is for
// namespace team-a, and an exception from policy p.
func (r *languageRow) documents() []object {
	document := func(kind, name string, spec, defaults object) object {
		all := maps.Clone(defaults)
		maps.Copy(all, spec)
		return object{"apiVersion": cmp.Or(r.APIVersion, policy.APIVersion), "kind": kind, "metadata": object{"name": name}, "spec": all}
	}
	match := object{"namespaces": []any{"team-a"}}
	var out []object
	for _, name := range slices.Sorted(maps.Keys(r.Policies)) {
		out = append(out, document("Policy", name, r.Policies[name], object{"match": match}))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Exceptions)) {
		out = append(out, document("Exception", name, r.Exceptions[name], object{
			"policies": []any{"p"}, "match": match, "reason": "r", "owner": "o", "expires": "2999-12-31",
		}))
	}
	return out
}

// write writes policies and what else the row needs.
func (r *languageRow) write(t *testing.T, dir string, documents []object) {
	t.Helper()
	var text strings.Builder
	for _, d := range documents {
		text.WriteString("---\n" + inYAML(t, d))
	}
	if strings.HasSuffix(r.File, ".json") {
		text.Reset()
		text.WriteString(inJSON(t, documents[0]))
	}
	write(t, dir, "policies/"+cmp.Or(r.File, "p.yaml"), text.String())
	for name, profile := range r.Seccomp {
		write(t, dir, "seccomp/"+name, inJSON(t, profile))
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func inYAML(t *testing.T, v any) string {
	t.Helper()
	data, err := yaml.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func inJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// inProcess calls the program without a process of its own.
func inProcess(args ...string) result {
	cmd := root("")
	var stdout, stderr bytes.Buffer
	cmd.SetArgs(args)
	cmd.SetOut(&stdout)
	cmd.SetErr(&stderr)
	out := result{}
	var status exitStatus
	switch err := cmd.Execute(); {
	case errors.As(err, &status):
		out.code = int(status)
	case err != nil:
		out.code = int(exitError)
		stderr.WriteString(err.Error() + "\n")
	}
	out.stdout, out.stderr = stdout.String(), stderr.String()
	return out
}

// refused has all commands refuse the policies, with the same line.
func (r *languageRow) refused(t *testing.T, dir string) {
	t.Helper()
	write(t, dir, "container.yaml", (&languageCase{}).manifest(t))
	write(t, dir, "x_test.yaml", r.policyTest(t, object{"name": "c", "given": object{"file": "container.yaml"}, "expect": object{"outcome": "allowed"}}))
	for _, args := range [][]string{
		{"validate", dir + "/policies"}, {"check", "--policy-dir", dir + "/policies", dir + "/container.yaml"}, {"test", dir + "/x_test.yaml"},
	} {
		if got := inProcess(args...); got.code != 1 || !fits(dir+"/policies/p.yaml:*: "+r.Invalid+"\n", got.stderr) {
			t.Errorf("%s: %+v", args[0], got)
		}
	}
}

// warned compares what a command warns of.
func warned(t *testing.T, stderr string, want []string) {
	t.Helper()
	var got []string
	for line := range strings.Lines(stderr) {
		got = append(got, line)
	}
	if !slices.EqualFunc(want, got, func(want, line string) bool { return fits("warning: *"+want+"\n", line) }) {
		t.Errorf("stderr %q, want %q", got, want)
	}
}

// fits reports whether the pattern matches the text; * stands for any text.
func fits(pattern, text string) bool {
	expression := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `(.|\n)*`)
	return regexp.MustCompile("^" + expression + "$").MatchString(text)
}
