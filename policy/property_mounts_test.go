package policy

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// No container is refused for what adjusting has done to its mounts: a rule about
// mounts that found nothing in the spec finds nothing in the adjusted one.
func TestPropertyAdjustingBreaksNoMounts(t *testing.T) {
	about := []string{"privileged", "hostPaths", "volumeTypes", "readOnlyRootFilesystem", "procMount", "mountOptions"}
	rapid.Check(t, func(t *rapid.T) {
		set := compileFiles(t, drawFiles(t, drawDocs(t)))
		before := drawSubject(t).ready()
		d := set.Evaluate(before, Complete)
		after := before
		after.Spec, after.paths = d.Spec, nil
		for _, p := range set.matching(&before) {
			for _, r := range p.rules {
				if p.mode != ModeEnforce || r.Action() == Audit || !slices.Contains(about, r.name) || len(r.Check(&before)) > 0 || len(r.excuses) > 0 {
					continue
				}
				if found := r.Check(&after); len(found) > 0 {
					t.Errorf("%s of %s found nothing, and now: %v\nafter %v", r.name, p.name, found, changes(d))
				}
			}
		}
	})
}
