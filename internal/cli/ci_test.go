package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// action is deploy/github-action/action.yml.
type action struct {
	Inputs map[string]struct {
		Description string
		Required    bool
		Default     *string
	}
	Outputs map[string]struct{ Value string }
	Runs    struct {
		Using string
		Steps []struct {
			ID, If, Shell, Run string
			Env                map[string]string
		}
	}
}

const actionDir = "../../deploy/github-action/"

func readYAML(t *testing.T, path string, out any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, out); err != nil {
		t.Fatal(err)
	}
}

// TestActionIsConsistent: each input is used, in a variable and nowhere else, so that none can be
// code of a step. The version is the chart's.
func TestActionIsConsistent(t *testing.T) {
	var a action
	readYAML(t, actionDir+"action.yml", &a)
	used := make(map[string]bool)
	input := regexp.MustCompile(`^\$\{\{ inputs\.([a-z-]+) }}$`)
	for _, step := range a.Runs.Steps {
		if strings.Contains(step.Run, "${{") || step.Shell != "bash" {
			t.Errorf("%q is run by %q", step.Run, step.Shell)
		}
		for _, value := range step.Env {
			if m := input.FindStringSubmatch(value); m != nil {
				used[m[1]] = true
			} else if strings.Contains(value, "inputs.") {
				t.Errorf("%q", value)
			}
		}
	}
	for name, i := range a.Inputs {
		if !used[name] || i.Description == "" || i.Required == (i.Default != nil) {
			t.Errorf("input %s: used is %t, %+v", name, used[name], i)
		}
		delete(used, name)
	}
	if len(used) > 0 || a.Runs.Using != "composite" {
		t.Errorf("%v, %+v", used, a.Runs)
	}
	var chart struct {
		AppVersion string `yaml:"appVersion"`
	}
	readYAML(t, "../../deploy/helm/specguard/Chart.yaml", &chart)
	if version := a.Inputs["version"].Default; *version != chart.AppVersion {
		t.Errorf("the action has version %s, the chart %s", *version, chart.AppVersion)
	}
}

// runAction runs the action's check in a folder as the runner does, with this program.
func runAction(t *testing.T, dir string, inputs map[string]string) (r result, output string) {
	t.Helper()
	var a action
	readYAML(t, actionDir+"action.yml", &a)
	path, err := filepath.Abs(actionDir)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "output")
	for _, step := range a.Runs.Steps {
		if step.ID != "check" {
			continue
		}
		cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.Run)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), envMain+"=1", "GITHUB_ACTION_PATH="+path, "GITHUB_OUTPUT="+out)
		for name, value := range step.Env {
			input := regexp.MustCompile(`inputs\.([a-z-]+)`).FindStringSubmatch(value)[1]
			given, is := inputs[input]
			if !is && a.Inputs[input].Default != nil {
				given = *a.Inputs[input].Default
			}
			cmd.Env = append(cmd.Env, name+"="+given)
		}
		var stdout, stderr strings.Builder
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		_ = cmd.Run() // the exit status tells
		r = result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return r, string(data)
}

// TestAction runs the script of the action.
func TestAction(t *testing.T) {
	dir, p := outputRepository(t)
	self, err := filepath.Abs(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	r, output := runAction(t, dir, map[string]string{"policies": p, "binary": self})
	if r.code != 2 || output != "exit-status=2\n" || !strings.Contains(r.stdout, "::error file=k8s/denied.yaml,line=") {
		t.Errorf("%+v %q", r, output)
	}
	r, output = runAction(t, dir, map[string]string{
		"policies": p, "binary": self, "paths": "k8s/ad*.yaml\nk8s/allowed.yaml\n", "output": "sarif", "output-file": "out.sarif",
	})
	data, err := os.ReadFile(filepath.Join(dir, "out.sarif"))
	if r.code != 0 || r.stdout != "" || output != "exit-status=0\n" || err != nil || strings.Count(string(data), `"ruleId"`) != 1 {
		t.Errorf("%+v %q %v %s", r, output, err, data)
	}
	for name, c := range map[string]struct {
		inputs map[string]string
		code   int
	}{
		"fail-on":                  {map[string]string{"paths": "k8s/adjusted.yaml", "fail-on": "adjusted"}, 2},
		"strict":                   {map[string]string{"paths": "k8s/service.yaml", "strict": "true"}, 1},
		"not strict":               {map[string]string{"paths": "k8s/service.yaml"}, 0},
		"a path that is no flag":   {map[string]string{"paths": "--fail-on"}, 1},
		"a path that is no script": {map[string]string{"paths": "$(touch x); `touch x`"}, 1},
		"no policies":              {map[string]string{"policies": "/no/such"}, 1},
	} {
		inputs := map[string]string{"policies": p, "binary": self}
		for k, v := range c.inputs {
			inputs[k] = v
		}
		if r, _ := runAction(t, dir, inputs); r.code != c.code {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "x")); err == nil {
		t.Error("a path was run")
	}
}

// TestPreCommitHook runs the hook's command as pre-commit does: its entry, its arguments, and the files.
func TestPreCommitHook(t *testing.T) {
	var hooks []struct {
		ID, Entry, Language string
		Args                []string
		Types               []string `yaml:"types_or"`
	}
	readYAML(t, "../../.pre-commit-hooks.yaml", &hooks)
	if len(hooks) != 1 || hooks[0].ID != "specguard-check" || hooks[0].Language != "golang" || strings.Join(hooks[0].Types, " ") != "yaml json" {
		t.Fatalf("%+v", hooks)
	}
	words := strings.Fields(hooks[0].Entry)
	if words[0] != "specguard" {
		t.Fatal(words)
	}
	dir := repository(t, map[string]string{
		"policies/p.yaml": policyText("capabilities: {drop: [NET_ADMIN]}"),
		"bad.yaml":        podIn("team-a", "bad", privileged), "good.yaml": podIn("team-a", "good", dropsAll),
		"values.yaml": "a: b\n", "package.json": "{}", "service.yaml": service, "broken.yaml": "apiVersion: v1\nkind: Pod\nspec: [\n",
	})
	for _, c := range []struct {
		code  int
		files []string
	}{
		{0, []string{"good.yaml", "values.yaml", "package.json", "service.yaml", "policies/p.yaml"}},
		{0, []string{"values.yaml"}},
		{2, []string{"good.yaml", "bad.yaml", "broken.yaml"}},
		{1, []string{"good.yaml", "broken.yaml"}},
	} {
		if r := inDir(t, dir, append(append(words[1:len(words):len(words)], hooks[0].Args...), c.files...)...); r.code != c.code {
			t.Errorf("%q: %+v", c.files, r)
		}
	}
}
