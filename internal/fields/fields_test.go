package fields_test

import (
	"slices"
	"testing"

	"github.com/specguard/specguard/internal/fields"
	"github.com/specguard/specguard/policy"
)

// TestEveryFieldHasARow walks the types of the spec: each field has one row, each
// path of a row stands for a field, and each rule exists.
func TestEveryFieldHasARow(t *testing.T) {
	rows, err := fields.Table()
	if err != nil {
		t.Fatal(err)
	}
	all := fields.All()
	for _, field := range all {
		if n := len(slices.Collect(with(rows, field))); n != 1 {
			t.Errorf("%s has %d rows", field, n)
		}
	}
	for _, r := range rows {
		for _, path := range r.Fields {
			one := fields.Row{Fields: []fields.Path{path}, Whole: r.Whole}
			if !slices.ContainsFunc(all, one.Has) {
				t.Errorf("%s is no field of the spec", path)
			}
		}
		for _, rule := range r.Rules {
			if !slices.Contains(policy.RuleNames(), rule) {
				t.Errorf("%s: there is no rule %q", r.Fields, rule)
			}
		}
		if len(r.Fields) == 0 || len(r.Rules) == 0 && r.Why == "" || len(r.Rules) > 0 && r.Custom {
			t.Errorf("%s: needs fields, and rules or a reason", r.Fields)
		}
	}
}

// with gives the rows that are for the field.
func with(rows []fields.Row, field fields.Path) func(yield func(fields.Row) bool) {
	return func(yield func(fields.Row) bool) {
		for _, r := range rows {
			if r.Has(field) && !yield(r) {
				return
			}
		}
	}
}
