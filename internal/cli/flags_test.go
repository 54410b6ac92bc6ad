package cli

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// commands are those that users see, except the two that cobra makes.
func commands() []*cobra.Command {
	var out []*cobra.Command
	for _, c := range root("").Commands() {
		if c.IsAvailableCommand() && c.Name() != "completion" && c.Name() != "help" {
			out = append(out, c)
		}
	}
	return out
}

// visit calls each for the flags of all commands, except earlier names.
func visit(each func(cmd string, f *pflag.Flag)) {
	for _, c := range commands() {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Deprecated == "" {
				each(c.Name(), f)
			}
		})
	}
}

// subject are the first words of what is said of a flag.
func subject(f *pflag.Flag) string {
	usage, _, _ := strings.Cut(f.Usage, ",")
	return strings.Join(strings.Fields(usage)[:min(2, len(strings.Fields(usage)))], " ")
}

// TestOneFlagOneMeaning: a name means the same in all commands, and one thing has one name.
func TestOneFlagOneMeaning(t *testing.T) {
	first := make(map[string]*pflag.Flag)
	in := make(map[string]string)
	names := make(map[string]string) // by usage
	// these differ only in their words
	differ := []string{"output", "prefix", "runtime", "runtime-handler", "strict"}
	visit(func(cmd string, f *pflag.Flag) {
		if as, ok := first[f.Name]; !ok {
			first[f.Name], in[f.Name] = f, cmd
		} else if strings.TrimSuffix(as.Value.Type(), "Array") != strings.TrimSuffix(f.Value.Type(), "Array") || as.Shorthand != f.Shorthand {
			t.Errorf("--%s is %s -%s in %s, and %s -%s in %s", f.Name, as.Value.Type(), as.Shorthand, in[f.Name], f.Value.Type(), f.Shorthand, cmd)
		} else if as.Value.Type() == f.Value.Type() && as.DefValue != f.DefValue {
			t.Errorf("--%s is by default %q in %s, and %q in %s", f.Name, as.DefValue, in[f.Name], f.DefValue, cmd)
		}
		if as := first[f.Name]; subject(as) != subject(f) && !slices.Contains(differ, f.Name) {
			t.Errorf("--%s is %q in %s, and %q in %s", f.Name, as.Usage, in[f.Name], f.Usage, cmd)
		}
		what, _, _ := strings.Cut(f.Usage, ", if the file")
		if other, ok := names[what]; ok && other != f.Name && len(wordsOf(f)) == 0 {
			t.Errorf("--%s and --%s are both %q", other, f.Name, what)
		}
		names[what] = f.Name
	})
	// one word for each thing that a flag names
	for thing, name := range map[string]string{
		"handler": "runtime-handler", "namespaces": "namespace", "label": "pod-labels", "labels": "pod-labels", "socket": "", "crio": "crio-config",
		"format": "output", "policies": "policy-dir", "policy": "policy-dir",
	} {
		for _, n := range slices.Sorted(maps.Keys(first)) {
			parts := strings.Split(n, "-")
			if n != name && name != "" && slices.Contains(parts, thing) && !slices.Contains([]string{"log-format"}, n) {
				t.Errorf("--%s is another name for --%s", n, name)
			}
		}
	}
}

// TestEarlierNames: they set the flag, and say how it is called.
func TestEarlierNames(t *testing.T) {
	for cmd, args := range map[string][]string{
		"check":     {"--pod-label", "a=b", "pod-labels", "[a=b]"},
		"doctor":    {"--crio-socket", "/x", "cri-socket", "/x"},
		"install":   {"--handler", "runc", "runtime-handler", "[runc]"},
		"uninstall": {"--config", "/x", "runtime-config", "/x"},
		"run":       {"--audit-log", "/x", "decision-log", "/x"},
	} {
		c, _, err := root("").Find([]string{cmd})
		if err != nil {
			t.Fatal(err)
		}
		var said strings.Builder
		c.Flags().SetOutput(&said)
		if err := c.ParseFlags(args[:2]); err != nil {
			t.Fatal(err)
		}
		if got := c.Flags().Lookup(args[2]).Value.String(); got != args[3] || !strings.Contains(said.String(), "use --"+args[2]) {
			t.Errorf("%s %v: --%s is %s; %s", cmd, args[:2], args[2], got, said.String())
		}
	}
}

func TestFilename(t *testing.T) {
	p := policyFile(t, "hostPorts: {}")
	specguard(t, "validate", "-f", p).expect(t, 0, "valid: 1 policy, 1 rule\n", "")
	specguard(t, "validate", "--filename", p, p).expect(t, 1, "", p+": is given twice: it is the same file as "+p+"\n")
	specguard(t, "test", "-f", testsOf(t, "outcome: adjusted"), "--run", "none").expect(t, 1, "FAILED: no case has that name\n", "")
}

func TestVersionFlag(t *testing.T) {
	if a, b := specguard(t, "--version"), specguard(t, "version"); a != b || a.code != 0 || !strings.HasPrefix(a.stdout, "specguard ") {
		t.Errorf("%+v, %+v", a, b)
	}
}

// TestCompletion asks as a shell does.
func TestCompletion(t *testing.T) {
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"audit", "--output", ""}, []string{"text", "json"}},
		{[]string{"check", "--output", ""}, []string{"json"}},
		{[]string{"audit", "--opener", ""}, []string{"auto", "containerd", "runtime", "verify"}},
		{[]string{"run", "--log-level", "w"}, []string{"warning"}},
		{[]string{"effective", "--color", ""}, []string{"auto", "always", "never"}},
		{[]string{"install", "--runtime", ""}, []string{"auto", "containerd", "crio"}},
		{[]string{"uninstall", "--runtime", ""}, []string{"auto", "containerd", "crio"}},
		{[]string{"explain", "hostPa"}, []string{"hostPaths"}},
		{[]string{"explain", "hostPaths.a"}, []string{"hostPaths.allowed"}},
		{[]string{"explain", "profile", "r"}, []string{"restricted"}},
		{[]string{"ex"}, []string{"explain", "exceptions"}},
	} {
		r := specguard(t, append([]string{"__completeNoDesc"}, c.args...)...)
		got := strings.Split(r.stdout, "\n")
		for _, w := range c.want {
			if !slices.Contains(got, w) {
				t.Errorf("%v: no %s in %q", c.args, w, got)
			}
		}
	}
}

// TestWordsInUsage: a flag whose usage is a list of words is completed.
func TestWordsInUsage(t *testing.T) {
	for usage, want := range map[string]string{
		"text or json": "text json", "text, json, sarif or junit": "text json sarif junit",
		"one of text, json, sarif":                                   "text json sarif",
		"how: auto, runtime (the wrapper) or verify (can only deny)": "auto runtime verify",
		"a folder, a file, or -":                                     "", "containerd's socket": "", "regular expression": "",
	} {
		if got := strings.Join(wordsOf(&pflag.Flag{Name: "x", Usage: usage}), " "); got != want {
			t.Errorf("%q: %q, want %q", usage, got, want)
		}
	}
}

// TestExamplesInHelp: each command has examples, which are what its users type.
func TestExamplesInHelp(t *testing.T) {
	dir := fixtures(t)
	for _, c := range append(commands(), root("")) {
		found := 0
		for line := range strings.Lines(c.Example) {
			for _, part := range strings.Split(line, "|") {
				words := shellWords(part)
				if len(words) == 0 || words[0] != "specguard" {
					continue
				}
				found++
				example(t, dir, words[1:], line)
			}
		}
		if found == 0 {
			t.Errorf("%s has no examples", c.CommandPath())
		}
	}
}

// shellWords are the words of a shell's line, without what is a comment or goes to a file.
func shellWords(line string) []string {
	line, _, _ = strings.Cut(line, " #")
	line, _, _ = strings.Cut(line, " > ")
	words := strings.Fields(line)
	for i, w := range words {
		words[i] = strings.Trim(w, `"'`)
	}
	return words
}

// example parses the call, and makes it where it needs nothing of a node.
func example(t *testing.T, dir string, args []string, line string) {
	t.Helper()
	cmd, rest, err := root("").Find(args)
	if err == nil {
		err = cmd.ParseFlags(rest)
	}
	if err == nil {
		err = cmd.ValidateArgs(cmd.Flags().Args())
	}
	if err != nil {
		t.Errorf("%q: %v", line, err)
		return
	}
	if slices.Contains([]string{"run", "audit", "doctor", "apparmor", "install", "uninstall"}, cmd.Name()) || slices.Contains(args, "--watch") {
		return
	}
	run, stdout, stderr := command(t.Context(), nil, args...)
	run.Dir = dir
	data, err := os.ReadFile(filepath.Join(dir, "policies/tenants.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	run.Stdin = strings.NewReader(string(data))
	_ = run.Run() // the exit status tells
	if code := run.ProcessState.ExitCode(); code != 0 && (cmd.Name() != "check" || code != 2) {
		t.Errorf("%q: exit status %d\n%s%s", line, code, stdout, stderr)
	}
}

// fixtures is a folder with the files that examples name.
func fixtures(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"policies/tenants.yaml": strings.Replace(policyText("runAsNonRoot: {onViolation: adjust}"), "name: p", "name: tenants", 1),
		"pod.yaml":              "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: team-a}\nspec: {containers: [{name: app, image: nginx}]}\n",
		"tests/tenants_test.yaml": "apiVersion: specguard.dev/v1beta1\nkind: PolicyTest\nmetadata: {name: tenants}\nspec:\n  policies: [../policies]\n" +
			"  cases: [{name: root, given: {pod: {spec: {containers: [{name: app, image: nginx}]}}}, expect: {outcome: adjusted}}]\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
