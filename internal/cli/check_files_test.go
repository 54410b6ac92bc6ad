package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// repository writes files into a new folder and returns it.
func repository(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// inDir calls the program in a folder.
func inDir(t *testing.T, dir string, args ...string) result {
	t.Helper()
	cmd, stdout, stderr := command(t.Context(), nil, args...)
	cmd.Dir = dir
	_ = cmd.Run() // the exit status tells
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// podIn is a manifest of a pod in a namespace, with that security context.
func podIn(namespace, name, context string) string {
	return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + ", namespace: " + namespace + "}\n" +
		"spec: {containers: [{name: app, image: web, securityContext: " + context + "}]}\n"
}

const (
	privileged = "{privileged: true}"
	dropsAll   = "{capabilities: {drop: [ALL]}}"
	service    = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
)

// TestCheckFolder: what is no manifest is counted, not an error.
func TestCheckFolder(t *testing.T) {
	p := policyFile(t, "capabilities: {drop: [NET_ADMIN]}")
	dir := repository(t, map[string]string{
		"a/pod.yaml": podIn("team-a", "bad", privileged), "a/b/good.YML": podIn("team-a", "good", dropsAll), "a/b/service.yaml": service,
		"a/b/values.yaml": "image: web\n", "a/package.json": "{\"name\": \"web\"}", "a/list.json": "[1]", "a/empty.yaml": "", "a/broken.json": "{",
		"a/config.json":           configJSON(noCaps, inAPod),
		"a/.git/pod.yaml":         podIn("team-a", "hidden", privileged),
		"chart/Chart.yaml":        "name: chart\n",
		"chart/templates/1.yaml":  "kind: Pod\nname: {{ .Name }}\n{{ if }}\n",
		"kust/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\npatches: [{path: patch.yaml}]\n",
		"kust/patch.yaml":         "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: app}]}}}\n",
	})
	r := inDir(t, dir, "check", "--policy-dir", p, "a", ".")
	_, summary, _ := strings.Cut(r.stdout, "\n3 containers")
	if want := " of 2 objects: 2 allowed, 0 adjusted, 1 denied, 0 not judged\n" +
		"  skipped 6 files: no Kubernetes object and no container\n" +
		"  skipped 1 file: patch of a kustomization; instead: kustomize build kust | specguard check -\n" +
		"  skipped 1 file: template of a Helm chart; instead: helm template chart | specguard check -\n" +
		"  skipped 2 objects (1 Kustomization, 1 Service): no containers\n"; r.code != 2 || r.stderr != "" || summary != want {
		t.Errorf("%d\n%s\nwant\n%s\n%s", r.code, r.stdout, want, r.stderr)
	}
	if strings.Contains(r.stdout, "hidden") {
		t.Error("a hidden folder was read")
	}

	r = inDir(t, dir, "check", "--policy-dir", p, "--strict", "a/b", "chart")
	r.expect(t, 1, r.stdout, "a/b/service.yaml:1:1: skipped: Service/web: no containers\n"+
		"a/b/values.yaml: skipped: no Kubernetes object and no container\nchart/Chart.yaml: skipped: no Kubernetes object and no container\n"+
		"chart/templates/1.yaml: skipped: template of a Helm chart; instead: helm template chart | specguard check -\n")

	// What an argument names must be a manifest.
	r = inDir(t, dir, "check", "--policy-dir", p, "a/b/service.yaml", "a/b/values.yaml", "chart/templates/1.yaml", "kust/patch.yaml")
	r.expect(t, 1, "0 containers: 0 allowed, 0 adjusted, 0 denied, 0 not judged; 3 errors\n  skipped 1 object (1 Service): no containers\n",
		"a/b/values.yaml: neither JSON nor a Kubernetes manifest (no apiVersion and kind)\n"+
			"chart/templates/1.yaml: is a template of a Helm chart; instead: helm template chart | specguard check -\n"+
			"kust/patch.yaml: is a patch of a kustomization; instead: kustomize build kust | specguard check -\n")
	r = inDir(t, dir, "check", "--policy-dir", p, "--skip-others", "a/b/values.yaml", "a/b/good.YML")
	if r.code != 0 || !strings.HasSuffix(r.stdout, "\n  skipped 1 file: no Kubernetes object and no container\n") {
		t.Errorf("%+v", r)
	}
}

// TestCheckWindows: a pod for Windows is counted as not judged.
func TestCheckWindows(t *testing.T) {
	p := policyFile(t, "capabilities: {drop: [NET_ADMIN]}")
	m := file(t, "m.yaml", strings.Replace(podIn("team-a", "a", privileged), "spec: {", "spec: {os: {name: windows}, ", 1))
	const skipped = "  skipped 1 object (1 Pod): the pod is for Windows; specguard judges only pods for Linux\n"
	if r := specguard(t, "check", "--policy-dir", p, m); r.code != 0 || !strings.HasSuffix(r.stdout, skipped) || r.stderr != "" {
		t.Errorf("%+v", r)
	}
	if r := specguard(t, "check", "--policy-dir", p, "--strict", m); r.code != 1 {
		t.Errorf("%+v", r)
	}
}

// TestCheckFolderErrors: what was meant to be a manifest is not skipped.
func TestCheckFolderErrors(t *testing.T) {
	p := policyFile(t, "capabilities: {drop: [NET_ADMIN]}")
	for name, data := range map[string]string{
		"syntax":      "apiVersion: v1\nkind: Pod\nspec: {containers: [}\n",
		"JSON syntax": `{"apiVersion": "v1", "kind": "Pod", "spec": {`,
		"braces":      "apiVersion: v1\nkind: Pod\nmetadata: {name: {{ x }}}\n",
		"no image":    "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a}]}\n",
		"a spec":      `{"ociVersion": 1}`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := repository(t, map[string]string{"f.json": data, "good.yaml": podIn("team-a", "good", dropsAll)})
			r := inDir(t, dir, "check", "--policy-dir", p, ".")
			if r.code != 1 || !strings.HasPrefix(r.stderr, "f.json:") || !strings.HasSuffix(r.stdout, "1 container of 1 object: 1 allowed, 0 adjusted, 0 denied, 0 not judged; 1 error\n") {
				t.Errorf("%+v", r)
			}
		})
	}
	dir := repository(t, map[string]string{"none/a.txt": ""})
	inDir(t, dir, "check", "--policy-dir", p, "none", "*.yaml").expect(t, 1, "0 containers: 0 allowed, 0 adjusted, 0 denied, 0 not judged; 2 errors\n",
		"none: has no file *.yaml, *.yml or *.json\n*.yaml: no file matches the pattern\n")
}

// TestCheckFailOn: what is counted makes the exit status 2, also if there is an error.
func TestCheckFailOn(t *testing.T) {
	rules := func(mode string) string {
		return strings.Replace(policyText("capabilities: {drop: [NET_ADMIN]}", "readOnlyRootFilesystem: {onViolation: adjust}"), "spec:\n", "spec:\n  mode: "+mode+"\n", 1)
	}
	enforce, audit := file(t, "p.yaml", rules("enforce")), file(t, "p.yaml", rules("audit"))
	denied, adjusted := file(t, "d.yaml", podIn("team-a", "d", privileged)), file(t, "a.yaml", podIn("team-a", "a", dropsAll))
	good := file(t, "g.yaml", podIn("team-a", "g", "{readOnlyRootFilesystem: true}"))
	uncovered := file(t, "u.yaml", podIn("kube-system", "u", privileged))
	for name, c := range map[string]struct {
		code int
		args []string
	}{
		"denied":                      {2, []string{enforce, denied}},
		"adjusted":                    {0, []string{enforce, adjusted}},
		"uncovered":                   {0, []string{enforce, uncovered}},
		"mode audit":                  {0, []string{audit, denied}},
		"an error":                    {1, []string{enforce, "/no/such", good}},
		"denied and an error":         {2, []string{enforce, "/no/such", denied}},
		"denied is default":           {2, []string{enforce, denied, "--fail-on", "denied"}},
		"denied always":               {2, []string{enforce, denied, "--fail-on", "uncovered"}},
		"on adjusted":                 {2, []string{enforce, adjusted, "--fail-on", "adjusted"}},
		"on adjusted, none":           {0, []string{enforce, good, "--fail-on", "adjusted"}},
		"on adjusted, mode audit":     {0, []string{audit, adjusted, "--fail-on", "adjusted"}},
		"on adjusted and an error":    {2, []string{enforce, "/no/such", adjusted, "--fail-on", "adjusted"}},
		"on if-enforced":              {2, []string{audit, denied, "--fail-on", "if-enforced"}},
		"on if-enforced, adjusted":    {0, []string{audit, adjusted, "--fail-on", "if-enforced"}},
		"on if-enforced and adjusted": {2, []string{audit, adjusted, "--fail-on", "adjusted,if-enforced"}},
		"given twice":                 {2, []string{audit, adjusted, "--fail-on", "adjusted", "--fail-on", "if-enforced"}},
		"on uncovered":                {2, []string{enforce, uncovered, "--fail-on", "uncovered"}},
		"on uncovered, all covered":   {0, []string{enforce, good, "--fail-on", "uncovered"}},
		"on uncovered and strict":     {2, []string{enforce, uncovered, "--fail-on", "uncovered", "--strict"}},
		"skipped":                     {0, []string{enforce, file(t, "s.yaml", service)}},
		"skipped, strict":             {1, []string{enforce, file(t, "s.yaml", service), "--strict"}},
		"skipped, strict, and denied": {2, []string{enforce, file(t, "s.yaml", service), denied, "--strict"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, output := range []string{"text", "json"} {
				if r := specguard(t, append([]string{"check", "--output", output, "--policy-dir"}, c.args...)...); r.code != c.code {
					t.Errorf("%s: exit status %d, want %d\n%s%s", output, r.code, c.code, r.stdout, r.stderr)
				}
			}
		})
	}
	specguard(t, "check", "--policy-dir", enforce, "--fail-on", "allowed", good).expect(t, 1, "",
		"invalid argument \"allowed\" for \"--fail-on\" flag: \"allowed\" is not one of denied, adjusted, if-enforced, uncovered\n")
}

// TestCheckQuiet: only what --fail-on counts, and the summary.
func TestCheckQuiet(t *testing.T) {
	p := policyFile(t, "capabilities: {drop: [NET_ADMIN]}")
	dir := repository(t, map[string]string{
		"a.yaml": podIn("team-a", "a", privileged), "b.yaml": podIn("team-a", "b", dropsAll), "c.yaml": podIn("kube-system", "c", dropsAll),
	})
	r := inDir(t, dir, "check", "--policy-dir", p, "--quiet", ".", "no.yaml")
	lines(t, r.stdout, "a.yaml: Pod/a container app: denied (policies: p)\n", "  denied by p: ", "  the user sees: ", "  note: ", "  note: ", "  note: ", "  note: ",
		"3 containers of 3 objects: 1 allowed, 0 adjusted, 1 denied, 1 not judged; 1 error\n")
	r = inDir(t, dir, "check", "--policy-dir", p, "-q", "--fail-on", "uncovered", "b.yaml", "c.yaml")
	lines(t, r.stdout, "c.yaml: Pod/c container app: not judged: no policy matches\n", "  policy p covers every namespace but kube-system\n", "  note: ", "  note: ", "  note: ",
		"2 containers of 2 objects: 1 allowed, 0 adjusted, 0 denied, 1 not judged\n")
	inDir(t, dir, "check", "--policy-dir", p, "-q", "b.yaml").expect(t, 0, "1 container of 1 object: 1 allowed, 0 adjusted, 0 denied, 0 not judged\n", "")
	r = inDir(t, dir, "check", "--policy-dir", p, "-q", "-o", "json", ".")
	if strings.Count(r.stdout, "\n") != 1 || !strings.Contains(r.stdout, `"outcome":"denied"`) || r.stderr != "" {
		t.Errorf("%+v", r)
	}
}

// TestCheckElsewhere names the namespaces that policies are for.
func TestCheckElsewhere(t *testing.T) {
	named := func(name, match string) string {
		return strings.NewReplacer("name: p", "name: "+name, notKubeSystem, "match: {"+match+"}").Replace(policyText("capabilities: {drop: [NET_ADMIN]}"))
	}
	p := file(t, "p.yaml", strings.Join([]string{
		named("a", "namespaces: ['team-*']"), named("b", "namespaces: [x, y, z], excludeNamespaces: ['y*', z]"), named("c", "namespaces: ['team-*'], containers: [other]"),
	}, "---\n"))
	m := file(t, "m.yaml", podIn("default", "web", dropsAll))
	r := specguard(t, "check", "--policy-dir", p, m)
	lines(t, r.stdout, m+": Pod/web container app: not judged: no policy matches\n", "  policy a covers namespace team-*\n",
		"  policy b covers namespace x, y or z but y* and z\n", "  note: ", "  note: ", "  note: ")
	r = specguard(t, "check", "--policy-dir", p, "-o", "json", m)
	if want := `"elsewhere":[{"policy":"a","namespaces":["team-*"]},{"policy":"b","namespaces":["x","y","z"],"except":["y*","z"]}]`; !strings.Contains(r.stdout, want) {
		t.Errorf("%s\nlacks %s", r.stdout, want)
	}
}

// TestCheckNamespaceIgnored: a flag that does nothing says so.
func TestCheckNamespaceIgnored(t *testing.T) {
	p := policyFile(t, "capabilities: {drop: [NET_ADMIN]}")
	const note = "  note: --namespace other is ignored: the file says team-a\n"
	for name, c := range map[string]struct {
		file, namespace string
		want            bool
	}{
		"a manifest":        {podIn("team-a", "a", dropsAll), "other", true},
		"the same":          {podIn("team-a", "a", dropsAll), "team-a", false},
		"a manifest's none": {podText("a"), "other", false},
		"a spec":            {configJSON(noCaps, inAPod), "other", true},
		"a spec's none":     {configJSON(noCaps, ""), "other", false},
	} {
		if r := specguard(t, "check", "--policy-dir", p, "--namespace", c.namespace, file(t, "f", c.file)); strings.Contains(r.stdout, note) != c.want || r.code != 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
