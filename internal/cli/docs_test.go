package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/internal/app"
	"github.com/specguard/specguard/internal/breakage"
	"github.com/specguard/specguard/internal/input"
	"github.com/specguard/specguard/internal/strict"
	"github.com/specguard/specguard/policy"
)

// block is a fenced block of a document.
type block struct{ file, language, text string }

// docs gives the fenced blocks of the README and of docs/.
func docs(t *testing.T) []block {
	t.Helper()
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	var out []block
	for _, file := range append(files, "../../README.md") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile("(?s)```([a-z]*)\n(.*?)```").FindAllStringSubmatch(string(data), -1) {
			out = append(out, block{file: filepath.Base(file), language: m[1], text: m[2]})
		}
	}
	return out
}

func TestPoliciesInDocsAreValid(t *testing.T) {
	found := 0
	first := make(map[string]string) // policy of each file: what an exception is from
	for _, b := range docs(t) {
		text := b.text
		switch {
		case b.language != "yaml":
			continue
		case strings.Contains(text, "kind: Policy\n"):
			if first[b.file] == "" {
				first[b.file] = text
			}
		case strings.Contains(text, "kind: Exception\n"):
			text = first[b.file] + "---\n" + text
		default:
			continue
		}
		found++
		set, err := policy.Compile(policy.Source{Name: b.file, Data: []byte(text)})
		if err != nil {
			t.Errorf("%v in\n%s", err, text)
			continue
		}
		for _, w := range unexpected(set) {
			t.Errorf("%s in\n%s", w, text)
		}
	}
	if found < 2 {
		t.Errorf("found %d policies, want those of README.md and docs/policy.md", found)
	}
}

// TestMeshException: with the exception in docs/policy.md, the mesh's init container runs as it needs to.
func TestMeshException(t *testing.T) {
	var documents []string
	for _, b := range docs(t) {
		if b.file == "policy.md" && (strings.Contains(b.text, "metadata: {name: mesh}") || strings.Contains(b.text, "metadata: {name: tenants}")) {
			documents = append(documents, b.text)
		}
	}
	set, err := policy.Compile(policy.Source{Name: "p", Data: []byte(strings.Join(documents, "---\n"))})
	if err != nil {
		t.Fatal(err)
	}
	containers, err := input.Read("f", []byte("apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: team-web, labels: {tier: web}}\nspec:\n"+
		"  initContainers: [{name: istio-init, image: 'registry.example.com/mesh/proxyv2:1', securityContext: {runAsUser: 0, runAsGroup: 0, "+
		"capabilities: {drop: [ALL], add: [NET_ADMIN, NET_RAW]}}}]\n  containers: [{name: app, image: app}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	c := &containers[0]
	d := set.Evaluate(c.Subject, policy.Complete)
	process := d.Spec.Process
	if d.Outcome() == policy.Denied || process.User.UID != 0 || len(process.Capabilities.Effective) != 2 || len(d.Excepted) < 2 {
		t.Errorf("%s %q, uid %d with %q", d.Outcome(), d.Message(), process.User.UID, process.Capabilities.Effective)
	}
	for _, w := range breakage.Warnings(&c.Subject, c.Facts, d) {
		if w.Kind != breakage.NoWritablePath {
			t.Errorf("%+v", w)
		}
	}
}

func TestReadmeShowsTheDemosPolicy(t *testing.T) {
	data, err := os.ReadFile("../../e2e/cmd/demo/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, demo, _ := strings.Cut(string(data), "apiVersion:")
	for _, b := range docs(t) {
		if b.file == "README.md" && b.language == "yaml" && strings.HasSuffix(b.text, "apiVersion:"+demo) {
			return
		}
	}
	t.Error("README.md does not show e2e/cmd/demo/policy.yaml")
}

func TestConfigurationInDocsIsTheDefault(t *testing.T) {
	found := 0
	for _, b := range docs(t) {
		if b.language != "yaml" || !strings.HasPrefix(b.text, "policyDir:") {
			continue
		}
		found++
		var node yaml.Node
		if err := yaml.Unmarshal([]byte(b.text), &node); err != nil {
			t.Fatal(err)
		}
		got, want := app.Config{}, app.DefaultConfig()
		for _, e := range strict.Decode(node.Content[0], &got, "") {
			t.Errorf("%s: %v", b.file, e)
		}
		want.DecisionLog, want.Log.Format = got.DecisionLog, got.Log.Format // shown, and off by default
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s shows %+v, the defaults are %+v", b.file, got, want)
		}
	}
	if found == 0 {
		t.Error("no configuration found")
	}
}

// TestCommandsInDocsExist parses every call of specguard in a shell block, and
// looks for every target of make.
func TestCommandsInDocsExist(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, b := range docs(t) {
		if b.language != "sh" {
			continue
		}
		for line := range strings.Lines(b.text) {
			line, _, _ = strings.Cut(line, " #")
			words := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "exec "))
			switch {
			case len(words) < 2:
			case words[0] == "make":
				found++
				if !strings.Contains(string(makefile), "\n"+words[1]+":") {
					t.Errorf("%s: no target for %q", b.file, line)
				}
			case filepath.Base(words[0]) == "specguard":
				found++
				cmd, args, err := root("").Find(words[1:])
				if err == nil {
					err = cmd.ParseFlags(args)
				}
				if err == nil {
					err = cmd.ValidateArgs(cmd.Flags().Args())
				}
				if err != nil {
					t.Errorf("%s: %q: %v", b.file, line, err)
				}
			}
		}
	}
	if found < 5 {
		t.Errorf("found %d commands only", found)
	}
}

// TestRulesAreInTheReference looks for a section of each rule, which has a valid
// example.
func TestRulesAreInTheReference(t *testing.T) {
	data, err := os.ReadFile("../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	var examples []string
	for _, b := range docs(t) {
		if b.file == "rules.md" && b.language == "yaml" {
			examples = append(examples, b.text)
		}
	}
	for _, name := range policy.RuleNames() {
		if !strings.Contains(string(data), "\n## "+name+"\n") {
			t.Errorf("docs/rules.md has no section for %s", name)
		}
		i := slices.IndexFunc(examples, func(e string) bool { return strings.HasPrefix(e, name+":") })
		if i < 0 {
			t.Errorf("docs/rules.md has no example for %s", name)
			continue
		}
		text := policyText(strings.Split(strings.TrimSpace(examples[i]), "\n")...)
		if _, err := policy.Compile(policy.Source{Name: name, Data: []byte(text)}); err != nil {
			t.Error(err)
		}
	}
}

// TestThreatModelNamesTests: what a row of the threat model is shown by is there.
func TestThreatModelNamesTests(t *testing.T) {
	text, err := os.ReadFile("../../docs/threat-model.md")
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	for _, pattern := range []string{"../../e2e/*_test.go", "../../plugin/*_test.go", "../../plugin/mounts/*_test.go", "../../policy/*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", pattern, files, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			tests.Write(data)
		}
	}
	names := regexp.MustCompile("`(Test[A-Za-z]+)`").FindAllStringSubmatch(string(text), -1)
	for _, name := range names {
		if !strings.Contains(tests.String(), "\nfunc "+name[1]+"(t *testing.T) {") {
			t.Errorf("there is no %s", name[1])
		}
	}
	if len(names) < 10 {
		t.Errorf("only %d tests are named", len(names))
	}
}

// TestReadmeCountsRules: a new rule is counted.
func TestReadmeCountsRules(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("There are %d rules", len(policy.RuleNames())); !strings.Contains(string(text), want) {
		t.Errorf("README.md does not say %q", want)
	}
}

// TestLinksInDocs: what documents of the repository link to in it is there.
func TestLinksInDocs(t *testing.T) {
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	top, err := filepath.Glob("../../*.md")
	if err != nil {
		t.Fatal(err)
	}
	links := 0
	headings := make(map[string]map[string]bool)
	for _, file := range append(files, append(top, "../../e2e/README.md")...) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\]\(([^)#]*)(#[^)]*)?\)`).FindAllStringSubmatch(string(data), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			links++
			to := file
			if m[1] != "" {
				to = filepath.Join(filepath.Dir(file), m[1])
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s links to %s: %v", file, m[1], err)
				continue
			}
			if m[2] == "" || filepath.Ext(to) != ".md" {
				continue
			}
			if headings[to] == nil {
				headings[to] = anchors(t, to)
			}
			if !headings[to][strings.TrimPrefix(m[2], "#")] {
				t.Errorf("%s links to %s%s, which has no such heading", file, m[1], m[2])
			}
		}
	}
	if links < 100 {
		t.Errorf("%d links", links)
	}
}

// anchors are those of the headings of a document, as forges make them.
func anchors(t *testing.T, file string) map[string]bool {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]bool)
	for _, m := range regexp.MustCompile("(?m)^#+ (.*)$").FindAllStringSubmatch(string(data), -1) {
		kept := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			default:
				return -1
			}
		}, m[1])
		out[kept] = true
	}
	return out
}
