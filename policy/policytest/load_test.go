package policytest

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestFaults: one line for each, with its place.
func TestFaults(t *testing.T) {
	ok := caseText("ok", "pod: "+pod(""), "outcome: adjusted")
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"nothing":    {"", []string{"a_test.yaml: no tests"}},
		"no YAML":    {"a: [", []string{"a_test.yaml:1:5: invalid YAML: did not find expected node content"}},
		"no mapping": {"[]", []string{"a_test.yaml:1:1: must be a mapping, not a list"}},
		"a policy":   {policies, []string{`a_test.yaml:3:7: kind: is "Policy" (allowed: PolicyTest)`, `a_test.yaml:14:7: kind: is "Policy"`, `a_test.yaml:24:7: kind: is "Exception"`}},
		"kind":       {strings.Replace(suiteText(ok), "PolicyTest", "Test", 1), []string{`a_test.yaml:2:7: kind: is "Test" (allowed: PolicyTest)`}},
		"version":    {strings.Replace(suiteText(ok), "v1beta1", "v1", 1), []string{`a_test.yaml:1:13: apiVersion: is "specguard.dev/v1" (allowed: specguard.dev/v1beta1)`}},
		"no name":    {strings.Replace(suiteText(ok), "{name: s}", "{}", 1), []string{"a_test.yaml:3:11: metadata: name is missing"}},
		"no spec":    {"apiVersion: specguard.dev/v1beta1\nkind: PolicyTest\nmetadata: {name: s}\n", []string{"a_test.yaml:1:1: spec: is missing: a test needs policies and cases"}},
		"no cases":   {strings.Replace(suiteText(), "cases:", "cases: []", 1), []string{"a_test.yaml:7:10: spec.cases: is missing"}},
		"no policies": {strings.Replace(suiteText(ok), "[policies]", "[]", 1), []string{
			"a_test.yaml:5:13: spec.policies: is missing: name policy files, or folders of them"}},
		"no such policies": {strings.Replace(suiteText(ok), "[policies]", "[none]", 1), []string{"none: no such file or directory"}},
		"empty policies":   {strings.Replace(suiteText(ok), "[policies]", "[empty]", 1), []string{"a_test.yaml:5:3: spec.policies: there is no policy"}},
		"faulty policies":  {strings.Replace(suiteText(ok), "[policies]", "[bad.yaml]", 1), []string{`bad.yaml:5:11: spec.rules: unknown rule "a"`, `bad.yaml:5:18: spec.rules: unknown rule "b"`}},
		"at":               {strings.Replace(suiteText(ok), "2019-11-01", "soon", 1), []string{`a_test.yaml:6:7: spec.at: "soon" is not a date (allowed: a day such as 2027-01-31, or a time such as 2027-01-31T12:00:00Z)`}},
		"unknown field":    {suiteText(caseText("c", "pods: x", "outcome: allowed")), []string{`a_test.yaml:9:15: spec.cases[0].given: unknown field "pods" (allowed: pod, file, container, patch, `}},
		"no given":         {suiteText("    - {name: c, expect: {outcome: denied}}\n"), []string{"a_test.yaml:8:7: spec.cases[0].given: is missing: a container, as pod or file"}},
		"no expect":        {suiteText("    - {name: c, given: {file: x}}\n"), []string{"a_test.yaml:8:7: spec.cases[0].expect: is missing: the outcome, at least"}},
		"no case name":     {suiteText("    - {given: {file: x}, expect: {outcome: denied}}\n"), []string{"a_test.yaml:8:7: spec.cases[0].name: is missing"}},
		"blank case name":  {suiteText(caseText("' '", "file: web.yaml", "outcome: allowed")), []string{`a_test.yaml:8:13: spec.cases[0].name: " " is not a valid name`}},
		"two of a name":    {suiteText(ok, ok), []string{`a_test.yaml:11:13: spec.cases[1].name: "ok" is the name of another case`}},
		"pod and file":     {suiteText(caseText("c", "file: x, pod: "+pod(""), "outcome: allowed")), []string{"a_test.yaml:9:29: spec.cases[0].given.pod: either pod or file is needed"}},
		"pod of nothing":   {suiteText(caseText("c", "pod: x", "outcome: allowed")), []string{"a_test.yaml:9:20: spec.cases[0].given.pod: must be a manifest"}},
		"faulty pod":       {suiteText(caseText("c", "pod: {spec: {containers: []}}", "outcome: allowed")), []string{"a_test.yaml:8:13: spec.cases[0].given: pod: spec: has no containers"}},
		"no such file":     {suiteText(caseText("c", "file: none.yaml", "outcome: allowed")), []string{"a_test.yaml:8:13: spec.cases[0].given: none.yaml: no such file or directory"}},
		"faulty file":      {suiteText(caseText("c", "file: bad.yaml", "outcome: allowed")), []string{"a_test.yaml:8:13: spec.cases[0].given: bad.yaml:1:1: "}},
		"which container":  {suiteText(caseText("c", "file: web.yaml", "outcome: allowed")), []string{"a_test.yaml:8:13: spec.cases[0].given: container: is missing: there are app, side"}},
		"no such container": {suiteText(caseText("c", "file: web.yaml, container: x", "outcome: allowed")), []string{
			`a_test.yaml:8:13: spec.cases[0].given: container: there is no "x" (there are app, side)`}},
		"unknown member in patch": {suiteText(caseText("c", "patch: {procezz: {}}, pod: "+pod(""), "outcome: allowed")), []string{"a_test.yaml:8:13: spec.cases[0].given: patch: an OCI spec has no /procezz"}},
		"wrong type in patch":     {suiteText(caseText("c", "patch: {process: {args: "+secret+"}}, pod: "+pod(""), "outcome: allowed")), []string{"a_test.yaml:8:13: spec.cases[0].given: patch: /process/args: an OCI spec has no string there"}},
		"patch of nothing":        {suiteText(caseText("c", "patch: x, pod: "+pod(""), "outcome: allowed")), []string{"a_test.yaml:9:22: spec.cases[0].given.patch: must be a part of an OCI spec"}},
		"unknown member in spec":  {suiteText(caseText("c", "pod: "+pod(""), "outcome: allowed, spec: {process: {user: {Uid: 1}}}")), []string{"a_test.yaml:8:13: spec.cases[0].expect: spec: an OCI spec has no /process/user/Uid"}},
		"wrong type in spec":      {suiteText(caseText("c", "pod: "+pod(""), "outcome: allowed, ifEnforced: {outcome: allowed, spec: {process: {user: {uid: '1'}}}}")), []string{"a_test.yaml:8:13: spec.cases[0].expect: ifEnforced: spec: /process/user/uid: an OCI spec has no string there"}},
		"spec of nothing":         {suiteText(caseText("c", "pod: "+pod(""), "outcome: allowed, spec: [x]")), []string{"a_test.yaml:8:13: spec.cases[0].expect: spec: must be a part of an OCI spec"}},
		"keys that are no text":   {suiteText(caseText("c", "pod: "+pod(""), "outcome: allowed, spec: {process: {1: 2}}")), []string{"a_test.yaml:8:13: spec.cases[0].expect: spec: must be a part of an OCI spec"}},
		"no outcome":              {suiteText(caseText("c", "pod: "+pod(""), "violations: []")), []string{"a_test.yaml:10:15: spec.cases[0].expect.outcome: is missing (allowed: allowed, adjusted, denied)"}},
		"no outcome if enforced":  {suiteText(caseText("c", "pod: "+pod(""), "outcome: allowed, ifEnforced: {}")), []string{"a_test.yaml:10:46: spec.cases[0].expect.ifEnforced.outcome: is missing"}},
		"unknown outcome":         {suiteText(caseText("c", "pod: "+pod(""), "outcome: fine")), []string{`a_test.yaml:10:25: spec.cases[0].expect.outcome: "fine" is not one of allowed, adjusted, denied`}},
		"unknown kind":            {suiteText(caseText("c", "pod: "+pod(""), "outcome: adjusted, warnings: [{kind: x}]")), []string{`a_test.yaml:10:53: spec.cases[0].expect.warnings[0].kind: unknown kind of warnings "x" (allowed: addedCapability, `}},
		"unknown rule":            {suiteText(caseText("c", "pod: "+pod(""), "outcome: denied, violations: [{rule: x}]")), []string{`a_test.yaml:10:53: spec.cases[0].expect.violations[0].rule: unknown rule "x" (allowed: `}},
		"change is no violation":  {suiteText(caseText("c", "pod: "+pod(""), "outcome: denied, violations: [{change: x}]")), []string{`a_test.yaml:10:47: spec.cases[0].expect.violations[0]: unknown field "change" (allowed: policy, rule, found, allowed)`}},
		"spec of what is denied":  {suiteText(caseText("c", "pod: "+pod(""), "outcome: denied, spec: {}")), []string{"a_test.yaml:10:39: spec.cases[0].expect.spec: a denied container does not run, so it has no spec"}},
		"message of no denial":    {suiteText(caseText("c", "pod: "+pod(""), "outcome: allowed, message: x")), []string{"a_test.yaml:10:43: spec.cases[0].expect.message: only a denied container has a message"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folderOf(t, map[string]string{
				"policies/p.yaml": policies, "a_test.yaml": c.text, "empty/x": "",
				"bad.yaml": "apiVersion: specguard.dev/v1beta1\nkind: Policy\nmetadata: {name: x}\nspec:\n  rules: {a: {}, b: {}}\n",
				"web.yaml": "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: app, image: web}, {name: side, image: web}]}\n",
			})
			f := Run(filepath.Join(dir, "a_test.yaml"), nil)
			var all []error
			for _, r := range f.Results {
				all = append(all, r.Err)
			}
			err := errors.Join(append(all, f.Err)...)
			if err == nil {
				t.Fatalf("%+v", f)
			}
			got := strings.Split(strings.ReplaceAll(err.Error(), dir+"/", ""), "\n")
			if !slices.EqualFunc(got, c.want, strings.HasPrefix) || strings.Contains(err.Error(), secret) {
				t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// TestFaultyCasesStopNoOthers: what can be run is run.
func TestFaultyCasesStopNoOthers(t *testing.T) {
	good := func(name string) string { return caseText(name, "pod: "+pod(""), "outcome: adjusted") }
	cases := suiteText(good("first"), caseText("bad file", "file: none", "outcome: denied"), caseText("bad field", "pods: x", "outcome: denied"),
		"    - {given: {file: x}, expect: {outcome: denied}}\n", good("first"), good("last"))
	other := strings.Replace(suiteText(good("other")), "{name: s}", "{name: t}", 1)
	dir := folderOf(t, map[string]string{
		"policies/p.yaml": policies, "a_test.yaml": cases + "---\n" + strings.Replace(suiteText(good("x")), "[policies]", "[none]", 1) + "---\n" + other,
	})
	f := Run(filepath.Join(dir, "a_test.yaml"), nil)
	var got []string
	for _, r := range f.Results {
		state := "runs"
		if r.Err != nil {
			state = "does not"
		}
		got = append(got, r.Suite+"/"+r.Case+" "+state)
	}
	want := []string{"s/first runs", "s/bad file does not", "s/bad field does not", "s/#4 does not", "s/first does not", "s/last runs", "t/other runs"}
	if !slices.Equal(got, want) || f.Err == nil || !strings.HasSuffix(f.Err.Error(), "/none: no such file or directory") || f.Failed() != 4 {
		t.Errorf("%q, %v, %d failed", got, f.Err, f.Failed())
	}
	for _, r := range f.Results {
		if r.Err != nil && r.Line == 0 {
			t.Errorf("%s has no line", r.Case)
		}
	}
}

// TestReached: which rules a test breaks, and which it keeps.
func TestReached(t *testing.T) {
	dir := folderOf(t, map[string]string{
		"policies/p.yaml": policies,
		"a_test.yaml":     suiteText(caseText("a", "pod: "+pod(""), "outcome: adjusted"), caseText("b", "pod: "+strings.Replace(pod(""), "team-a", "other", 1), "outcome: allowed")),
	})
	f := Run(filepath.Join(dir, "a_test.yaml"), nil)
	got := make(map[string]Reach)
	for _, r := range f.Reached {
		got[r.Policy+" "+r.Rule] = r
	}
	for rule, want := range map[string][2]bool{
		"tenants capabilities": {true, false}, "tenants runAsNonRoot": {true, false}, "tenants env": {false, true},
		"watch hostPorts": {false, true}, "watch readOnlyRootFilesystem": {true, false},
	} {
		if r, ok := got[rule]; !ok || r.Broken != want[0] || r.Kept != want[1] {
			t.Errorf("%s: %+v, want %v", rule, got[rule], want)
		}
	}
	if len(f.Inputs) != 1 || f.Inputs[0] != filepath.Join(dir, "policies") {
		t.Errorf("inputs %q", f.Inputs)
	}
}

func TestFiles(t *testing.T) {
	dir := folderOf(t, map[string]string{
		"b_test.yaml": "", "a/c_test.yml": "", "a/policy.yaml": "", ".git/d_test.yaml": "", ".e_test.yaml": "", "x_test.json": "", "none/y.yaml": "",
	})
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, c := range map[string]struct {
		paths, want []string
		err         string
	}{
		"a folder":        {paths: []string{dir}, want: []string{at("a/c_test.yml"), at("b_test.yaml")}},
		"a file":          {paths: []string{at("a/policy.yaml")}, want: []string{at("a/policy.yaml")}},
		"several":         {paths: []string{at("b_test.yaml"), at("a")}, want: []string{at("b_test.yaml"), at("a/c_test.yml")}},
		"a hidden folder": {paths: []string{at(".git")}, want: []string{at(".git/d_test.yaml")}},
		"without tests":   {paths: []string{dir, at("none")}, err: at("none") + ": no tests: no file ends in _test.yaml or _test.yml"},
		"not there":       {paths: []string{at("gone")}, err: at("gone") + ": no such file or directory"},
	} {
		got, err := Files(c.paths...)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if !slices.Equal(got, c.want) || text != c.err {
			t.Errorf("%s: %q, error %v", name, got, err)
		}
	}
}
