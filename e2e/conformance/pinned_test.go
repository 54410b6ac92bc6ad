package conformance

import (
	"testing"

	"k8s.io/pod-security-admission/api"

	"github.com/specguard/specguard/e2e/build"
)

// TestPinnedStandards: a profile that is pinned to a version and Kubernetes' implementation of
// that version agree on every fixture of that version, but for those whose reason is known.
func TestPinnedStandards(t *testing.T) {
	cache, err := build.Open()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := cache.Agent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	oldest := api.MajorMinorVersion(1, 25)
	known := reasons()
	for _, level := range []api.Level{api.LevelBaseline, api.LevelRestricted} {
		for _, version := range Versions(t, level) {
			if version.Older(oldest) {
				continue
			}
			t.Run(string(level)+"@"+version.String(), func(t *testing.T) {
				all := FixturesOf(t, level, version)
				files := make([]string, len(all))
				for i, f := range all {
					files[i] = f.File
				}
				got, err := Check(t.Context(), binary, string(level)+"@"+version.String(), files)
				if err != nil {
					t.Fatal(err)
				}
				agree := 0
				for _, f := range all {
					answer := got[f.File]
					switch {
					case answer.Outcome == verdict(f.Allowed) && (f.Allowed || answer.By(rulesFor(t, f))):
						agree++
					case known[f.Name].text == "":
						t.Errorf("%s: %s, want %s: %s", f.Name, answer, verdict(f.Allowed), answer.Message)
					}
				}
				t.Logf("%d of %d agree", agree, len(all))
			})
		}
	}
}
