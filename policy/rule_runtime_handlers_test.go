package policy

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestRuntimeHandlers(t *testing.T) {
	for name, tt := range map[string]struct {
		allowed, handler string
		want             []string
	}{
		"the one":         {`[gvisor]`, "gvisor", nil},
		"pattern":         {`["kata-*"]`, "kata-qemu", nil},
		"other":           {`[gvisor, "kata-*"]`, "runc", []string{"runtimeHandlers: runtime handler runc not allowed (allowed: gvisor, kata-*)"}},
		"default":         {`[gvisor]`, "", []string{"runtimeHandlers: the default runtime handler is not allowed (allowed: gvisor)"}},
		"default allowed": {`["", gvisor]`, "", nil},
		"not the default": {`[""]`, "gvisor", []string{`runtimeHandlers: runtime handler gvisor not allowed (allowed: "")`}},
		"any but default": {`["?*"]`, "", []string{"runtimeHandlers: the default runtime handler is not allowed (allowed: ?*)"}},
	} {
		t.Run(name, func(t *testing.T) {
			sub := subject(newSpec())
			sub.Pod.RuntimeHandler = tt.handler
			set := compileDocs(t, policyDoc("test", "runtimeHandlers: {allowed: "+tt.allowed+"}"))
			for _, visible := range []Visibility{Partial, Complete} {
				if got := findings(set.Evaluate(sub, visible)); !slices.Equal(got, tt.want) {
					t.Errorf("visible %d: %q, want %q", visible, got, tt.want)
				}
			}
		})
	}
}

func TestRuntimeHandlersErrors(t *testing.T) {
	for rule, want := range map[string]string{
		"runtimeHandlers: {}":                    "0.yaml:6:22: spec.rules.runtimeHandlers.allowed: is missing or empty",
		"runtimeHandlers: {allowed: []}":         "0.yaml:6:32: spec.rules.runtimeHandlers.allowed: is missing or empty",
		"runtimeHandlers: {onViolation: ignore}": "",
	} {
		if got := loadError(rule, "allowPrivilegeEscalation: {}"); got != want {
			t.Errorf("%s: %s, want %s", rule, got, want)
		}
	}
}

func drawRuntimeHandlers(t *rapid.T, _ Action) []string {
	return []string{"allowed: " + pick(t, "allowed", `[""]`, `["?*"]`, "[gvisor]")}
}
