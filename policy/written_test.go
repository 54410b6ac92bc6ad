package policy

import (
	"reflect"
	"testing"

	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"
)

// TestWrittenRulesMeanTheSame: a policy with the rules as they are written has the same rules.
func TestWrittenRulesMeanTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set, err := Compile(Source{Name: "p", Data: []byte(drawPolicy(t, 0, false))})
		if err != nil {
			t.Skip(err) // of rules that do not go together
		}
		rules := mapping()
		for i := range set.policies[0].rules {
			r := set.policies[0].rules[i].written()
			addMember(rules, r.Rule, r.Parameters)
		}
		text, err := yaml.Marshal(rules)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Compile(Source{Name: "q", Data: []byte(policyDocument(string(text)))})
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		for i, r := range again.policies[0].rules {
			if a, b := set.policies[0].rules[i].written(), r.written(); !reflect.DeepEqual(a, b) || a.Rule == "" {
				t.Errorf("%s: %+v, then %+v", r.name, a.Parameters, b.Parameters)
			}
		}
	})
}

func policyDocument(rules string) string {
	return "apiVersion: specguard.dev/v1beta1\nkind: Policy\nmetadata: {name: p}\nspec: {rules: " + rules + "}\n"
}
