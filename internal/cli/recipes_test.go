package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRecipes tests the policies of docs/recipes, alone and all together, and that docs/recipes.md
// shows them.
func TestRecipes(t *testing.T) {
	r := specguard(t, "test", "../../docs/recipes")
	if r.code != 0 {
		t.Errorf("%s%s", r.stdout, r.stderr)
	}
	shown := make(map[string]string)
	for _, b := range docs(t) {
		if b.file == "recipes.md" && b.language == "yaml" {
			name, text, _ := strings.Cut(b.text, "\n")
			shown[strings.TrimPrefix(name, "# ")] = text
		}
	}
	policies, _ := filepath.Glob("../../docs/recipes/policies/*.yaml")
	for _, p := range policies {
		name := filepath.Base(p)
		text, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		if shown["recipes/policies/"+name] != string(text) {
			t.Errorf("docs/recipes.md does not show %s", name)
		}
		test := filepath.Join("../../docs/recipes/tests", strings.TrimSuffix(name, ".yaml")+"_test.yaml")
		if _, err := os.Stat(test); err != nil {
			t.Error(err)
		}
	}
	if len(policies) != 10 || len(shown) != len(policies) {
		t.Errorf("%d recipes, %d shown", len(policies), len(shown))
	}
	if r := specguard(t, "validate", "../../docs/recipes/policies"); r.code != 0 {
		t.Errorf("%+v", r)
	}
}
