package policy

import (
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

func TestAllowPrivilegeEscalation(t *testing.T) {
	tests := []struct {
		name            string
		spec            *specs.Spec
		rejected, fixed Outcome
	}{
		{"not set", newSpec(), Denied, Adjusted},
		{"set", newSpec(func(s *specs.Spec) { s.Process.NoNewPrivileges = true }), Allowed, Allowed},
		{"no process", &specs.Spec{}, Denied, Denied},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := decide(t, tt.spec, `allowPrivilegeEscalation: {}`).Outcome(); got != tt.rejected {
				t.Errorf("reject: outcome %s, want %s", got, tt.rejected)
			}
			d := decide(t, tt.spec, `allowPrivilegeEscalation: {onViolation: adjust}`)
			if got := d.Outcome(); got != tt.fixed {
				t.Errorf("adjust: outcome %s, want %s", got, tt.fixed)
			}
			if d.Outcome() != Denied && !d.Spec.Process.NoNewPrivileges {
				t.Error("noNewPrivileges is not set")
			}
		})
	}
}
