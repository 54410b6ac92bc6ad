package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/specguard/specguard/policy"
)

// unexpected are the warnings about policies that show how to write policies. A single one need not
// cover kube-system, and one exception never ends.
func unexpected(set *policy.Set) []policy.Warning {
	return slices.DeleteFunc(set.Warnings(), func(w policy.Warning) bool {
		return strings.Contains(w.Msg, "no policy covers kube-system") || strings.HasSuffix(w.Msg, "the exception never ends")
	})
}

// expectNoWarnings compiles a document.
func expectNoWarnings(t *testing.T, name, text string) {
	t.Helper()
	set, err := policy.Compile(policy.Source{Name: name, Data: []byte(text)})
	if err != nil {
		t.Error(err)
		return
	}
	for _, w := range unexpected(set) {
		t.Error(w)
	}
}

// TestShippedPoliciesHaveNoWarnings: policies that others copy do what they seem to say.
func TestShippedPoliciesHaveNoWarnings(t *testing.T) {
	found := 0
	for _, dir := range []string{"../../docs", "../../deploy", "../../e2e"} {
		err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".yaml" {
				return err
			}
			data, err := os.ReadFile(path)
			if err == nil && regexp.MustCompile("(?m)^kind: Policy$").Match(data) {
				found++
				expectNoWarnings(t, path, string(data))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found < 14 {
		t.Errorf("found %d files only", found)
	}
}

func TestProfilesHaveNoWarnings(t *testing.T) {
	for _, name := range policy.Profiles() {
		for _, action := range []string{"reject", "adjust", "audit"} {
			expectNoWarnings(t, name, "apiVersion: "+policy.APIVersion+"\nkind: Policy\nmetadata: {name: p}\n"+
				"spec: {profile: "+name+", onViolation: "+action+"}\n")
		}
	}
}
