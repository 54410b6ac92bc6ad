package cli

import (
	"slices"
	"strings"

	"github.com/specguard/specguard/policy/policytest"
)

// printCoverage prints which rules of the policies no test reaches.
func printCoverage(p *printer, files []policytest.File) {
	all := reached(files)
	both := 0
	var policies []string
	for _, r := range all {
		if r.Broken && r.Kept {
			both++
		}
		if !slices.Contains(policies, r.Policy) {
			policies = append(policies, r.Policy)
		}
	}
	style := green
	if both < len(all) {
		style = yellow
	}
	p.line(style, "coverage: of %s, %d are broken by one test and kept by another", count(len(all), "rule"), both)
	for _, policy := range policies {
		rules := func(is func(r policytest.Reach) bool) string {
			var names []string
			for _, r := range all {
				if r.Policy == policy && is(r) {
					names = append(names, r.Rule)
				}
			}
			return strings.Join(names, ", ")
		}
		for _, l := range []struct{ what, rules string }{
			{"no test reaches", rules(func(r policytest.Reach) bool { return !r.Broken && !r.Kept })},
			{"no test breaks", rules(func(r policytest.Reach) bool { return !r.Broken && r.Kept })},
			{"no test keeps", rules(func(r policytest.Reach) bool { return r.Broken && !r.Kept })},
		} {
			if l.rules != "" {
				p.line(plain, "  %s: %s %s", policy, l.what, l.rules)
			}
		}
	}
}

// reached sums up the files; rules of policies of one name are the same.
func reached(files []policytest.File) []policytest.Reach {
	var out []policytest.Reach
	for i := range files {
		for _, r := range files[i].Reached {
			at := slices.IndexFunc(out, func(o policytest.Reach) bool { return o.Policy == r.Policy && o.Rule == r.Rule })
			if at < 0 {
				out = append(out, r)
				continue
			}
			out[at].Broken = out[at].Broken || r.Broken
			out[at].Kept = out[at].Kept || r.Kept
		}
	}
	return out
}
