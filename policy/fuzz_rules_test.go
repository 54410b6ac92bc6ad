package policy

import (
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"github.com/specguard/specguard/internal/ocispec"
)

// FuzzRules judges and adjusts any spec by one rule after the other. It starts
// from specs that real runtimes made.
func FuzzRules(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for i := range kinds() {
			f.Add(raw, i)
		}
	}
	sets := make([]*Set, len(kinds()))
	for i, k := range kinds() {
		sets[i] = compileDocs(f, policyDoc("test", example(k)))
	}
	f.Fuzz(func(t *testing.T, raw []byte, rule int) {
		spec, err := ocispec.Decode(raw)
		if err != nil || rule < 0 || rule >= len(sets) {
			return
		}
		sub := subject(spec)
		sub.Host = node()
		before := asJSON(spec)
		d := sets[rule].Evaluate(sub, Complete)
		if asJSON(spec) != before {
			t.Fatal("the spec that was judged has been edited")
		}
		if g := grants(spec, d.Spec); len(g) > 0 {
			t.Fatalf("granted %v by %v", g, changes(d))
		}
		if d.Outcome() == Denied {
			return
		}
		sub.Spec = d.Spec
		if again := sets[rule].Evaluate(sub, Complete); again.Outcome() != Allowed {
			t.Fatalf("the second time: %s %v %v", again.Outcome(), findings(again), changes(again))
		}
		// A document that is no UTF-8 is not written: its container stays sealed.
		if _, err := ocispec.Patch(raw, spec, d.Spec); err != nil && utf8.Valid(raw) {
			t.Fatalf("not written: %v", err)
		}
	})
}
