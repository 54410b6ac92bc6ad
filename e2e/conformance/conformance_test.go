package conformance

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"k8s.io/pod-security-admission/api"

	"github.com/specguard/specguard/e2e/build"
)

// TestPodSecurityStandards: specguard and Kubernetes agree on every fixture,
// and what is denied is denied by the rule for it, but for the fixtures whose
// reason is known. It prints the table of all.
func TestPodSecurityStandards(t *testing.T) {
	cache, err := build.Open()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := cache.Agent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	unused := reasons()
	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FIXTURE\tEXPECTED\tGOT\t\tREASON")
	count := make(map[Kind]int)
	for _, level := range []api.Level{api.LevelBaseline, api.LevelRestricted} {
		all := Fixtures(t, level)
		files := make([]string, len(all))
		for i, f := range all {
			files[i] = f.File
		}
		got, err := Check(t.Context(), binary, string(level), files)
		if err != nil {
			t.Fatal(err)
		}
		s, err := NewStandard(level, api.LatestVersion())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range all {
			why := unused[f.Name]
			delete(unused, f.Name)
			result := compare(t, f, got[f.File], why)
			count[result]++
			compareControls(t, s, f, got[f.File], why)
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", f.Name, verdict(f.Allowed), got[f.File], result, why.text)
		}
	}
	w.Flush()
	t.Logf("%d agree, %d disagree, %d not visible\n%s", count[Agree], count[Disagree], count[NotVisible], table.String())
	for name, why := range unused {
		t.Errorf("%s: there is no such fixture; the reason is stale: %s", name, why.text)
	}
}

// compare tells how specguard's answer relates to what is expected.
func compare(t *testing.T, f Fixture, got Answer, why reason) Kind {
	t.Helper()
	agrees := got.Outcome == verdict(f.Allowed) && (f.Allowed || got.By(rulesFor(t, f)))
	switch {
	case agrees && why.text != "":
		t.Errorf("%s: both say %s; the reason for another answer is stale: %s", f.Name, verdict(f.Allowed), why.text)
		return Agree
	case agrees:
		return Agree
	case why.text == "":
		t.Errorf("%s: %s, want %s, for no known reason: %s", f.Name, got, verdict(f.Allowed), got.Message)
		return Disagree
	default:
		return why.kind
	}
}

// compareControls wants for each control what compare wants for the one that
// the fixture is about: no difference without a reason, and the one that is
// known.
func compareControls(t *testing.T, s *Standard, f Fixture, got Answer, why reason) {
	t.Helper()
	c := s.Compare(f.Pod, got)
	for _, d := range c.Differences {
		if d.Reason == "" {
			t.Errorf("%s: %s", f.Name, d)
		}
	}
	if why.text != "" && !slices.Contains(c.Reasons(), why.text) {
		t.Errorf("%s: the reasons are %q, want %q", f.Name, c.Reasons(), why.text)
	}
	if why.text == "" && c.Kind() != Agree {
		t.Errorf("%s: %s, for %q", f.Name, c.Kind(), c.Reasons())
	}
}

// rulesFor names the rules that are for the control that the fixture is about.
func rulesFor(t *testing.T, f Fixture) []string {
	t.Helper()
	fixture, _, _ := strings.Cut(f.Name, " ")
	control := strings.TrimRight(fixture[strings.LastIndex(fixture, "/")+1:], "0123456789")
	rules, known := map[string][]string{
		"allowprivilegeescalation":   {"allowPrivilegeEscalation"},
		"apparmorprofile":            {"appArmorProfile"},
		"capabilities_baseline":      {"capabilities"},
		"capabilities_restricted":    {"capabilities"},
		"hostnamespaces":             {"hostNamespaces"},
		"hostpathvolumes":            {"hostPaths", "volumeTypes"},
		"hostports":                  {"hostPorts"},
		"hostprobesandhostlifecycle": {},
		"privileged":                 {"privileged"},
		"procmount":                  {"procMount"},
		"procmount_restricted":       {"procMount"},
		"restrictedvolumes":          {"hostPaths", "volumeTypes"},
		"runasnonroot":               {"runAsNonRoot"},
		"runasuser":                  {"runAsNonRoot"},
		"seccompprofile_baseline":    {"seccompProfile"},
		"seccompprofile_restricted":  {"seccompProfile"},
		"selinuxoptions":             {"seLinuxOptions"},
		"sysctls":                    {"sysctls"},
		"windowshostprocess":         {},
	}[control]
	if !known {
		t.Errorf("%s: a control that is new: which rules are for it?", f.Name)
	}
	return rules
}

func verdict(allows bool) string {
	if allows {
		return allowed
	}
	return denied
}
