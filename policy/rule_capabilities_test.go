package policy

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/ocispec"
)

func TestCapabilitiesCheck(t *testing.T) {
	tests := []struct {
		name string
		rule string
		spec *specs.Spec
		want string // the only finding; "" for none
	}{
		{"default set, dropped one held", `capabilities: {drop: [NET_RAW]}`, newSpec(), "NET_RAW not allowed (allowed: all but NET_RAW)"},
		{"default set, dropped one not held", `capabilities: {drop: [SYS_ADMIN]}`, newSpec(), ""},
		{"added", `capabilities: {drop: [sys_time, CAP_NET_ADMIN]}`, newSpec(withCaps("CAP_SYS_TIME", "CAP_NET_ADMIN")), "NET_ADMIN, SYS_TIME not allowed (allowed: all but SYS_TIME, NET_ADMIN)"},
		{"drop all", `capabilities: {drop: [ALL]}`, newSpec(noCaps, withCaps("CAP_KILL")), "KILL not allowed (allowed: none)"},
		{"drop all but", `capabilities: {drop: [ALL], allow: [NET_BIND_SERVICE]}`, newSpec(noCaps, withCaps("CAP_NET_BIND_SERVICE")), ""},
		{"drop wins over allow", `capabilities: {drop: [KILL], allow: [KILL, CHOWN]}`, newSpec(noCaps, withCaps("CAP_KILL", "CAP_CHOWN")), "KILL not allowed (allowed: CHOWN)"},
		{"lower case", `capabilities: {drop: [SYS_TIME]}`, newSpec(withCaps("cap_sys_time")), "SYS_TIME not allowed (allowed: all but SYS_TIME)"},
		{"ambient only", `capabilities: {drop: [ALL]}`, newSpec(noCaps, func(s *specs.Spec) { s.Process.Capabilities.Ambient = []string{"CAP_KILL"} }), "KILL not allowed (allowed: none)"},
		{"inheritable only", `capabilities: {drop: [ALL]}`, newSpec(noCaps, func(s *specs.Spec) { s.Process.Capabilities.Inheritable = []string{"CAP_KILL"} }), "KILL not allowed (allowed: none)"},
		{"a number", `capabilities: {drop: [SYS_ADMIN]}`, newSpec(withCaps("21")), `"21" (not a known capability) not allowed (allowed: all but SYS_ADMIN)`},
		{"a number of another", `capabilities: {drop: [SYS_ADMIN]}`, newSpec(withCaps("0x5")), `"0x5" (not a known capability) not allowed (allowed: all but SYS_ADMIN)`},
		{"a name with more behind it", `capabilities: {drop: [SYS_ADMIN]}`, newSpec(withCaps("CAP_SYS_ADMIN+ep")), `"CAP_SYS_ADMIN+ep" (not a known capability) not allowed (allowed: all but SYS_ADMIN)`},
		{"without CAP_", `capabilities: {drop: [SYS_ADMIN]}`, newSpec(withCaps("SYS_ADMIN")), `"SYS_ADMIN" (not a known capability) not allowed (allowed: all but SYS_ADMIN)`},
		{"unheard of", `capabilities: {drop: [SYS_ADMIN]}`, newSpec(withCaps("CAP_NEW")), `"CAP_NEW" (not a known capability) not allowed (allowed: all but SYS_ADMIN)`},
		{"no capabilities at all", `capabilities: {drop: [ALL]}`, newSpec(allCaps), "all capabilities not allowed: the spec has no process.capabilities (allowed: none)"},
		{"no capabilities at all, most allowed", `capabilities: {drop: [MKNOD]}`, newSpec(allCaps), "all capabilities not allowed: the spec has no process.capabilities (allowed: all but MKNOD)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := strings.Join(findings(decide(t, tt.spec, tt.rule)), "; ")
			if tt.want != "" {
				tt.want = "capabilities: " + tt.want
			}
			if got != tt.want {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
}

// What is called like no capability goes, whatever is dropped. For rule privileged it is
// what an OCI runtime may take it for.
func TestCapabilitiesUnknown(t *testing.T) {
	for name, admin := range map[string]bool{
		"21": true, "0x15": true, "025": true, "21-": true, "21x": true, "CAP_SYS_ADMIN=": true, "cap_sys_admin,": true, "SYS_ADMIN": true,
		"0": false, "08": false, "210": false, "CAP_ALL": false, "ALL": false, "": false, "CAP_": false, "CAP_CAP_SYS_ADMIN": false,
	} {
		before := newSpec(withCaps(name))
		d := decide(t, before, "capabilities: {onViolation: adjust, drop: [SYS_TIME]}")
		if d.Outcome() != Adjusted || !reflect.DeepEqual(d.Spec, newSpec()) {
			t.Errorf("%q: %s %v", name, d.Outcome(), d.Spec.Process.Capabilities)
		}
		if d := decide(t, newSpec(withCaps("CAP_SYS_MODULE", "cap_sys_rawio", name)), "privileged: {}"); (d.Outcome() == Denied) != admin {
			t.Errorf("%q with two signs of a privileged container: %s", name, d.Outcome())
		}
	}
}

func TestCapabilitiesAdjust(t *testing.T) {
	spec := newSpec(withCaps("CAP_SYS_ADMIN"), func(s *specs.Spec) { s.Process.Capabilities.Ambient = []string{"CAP_KILL"} })
	d := decide(t, spec, `capabilities: {onViolation: adjust, drop: [ALL], allow: [CHOWN, SYS_TIME]}`)
	if d.Outcome() != Adjusted {
		t.Fatalf("outcome %s: %v", d.Outcome(), findings(d))
	}
	for i, set := range capabilitySets(d.Spec) {
		var want []string // SYS_TIME is allowed but was not held
		if i < 3 {
			want = []string{"CAP_CHOWN"}
		}
		if !slices.Equal(*set, want) {
			t.Errorf("set %d is %v, want %v", i, *set, want)
		}
	}
	if !slices.Contains(spec.Process.Capabilities.Bounding, "CAP_SYS_ADMIN") {
		t.Error("the spec that was judged has been edited")
	}
}

// Without sets a runtime gives all: adjusting writes empty ones, and gives nothing
// that is allowed.
func TestCapabilitiesMissing(t *testing.T) {
	for _, rule := range []string{
		"capabilities: {onViolation: adjust, drop: [ALL]}",
		"capabilities: {onViolation: adjust, drop: [MKNOD]}",
		"capabilities: {onViolation: adjust, allow: [CHOWN, KILL]}",
		"privileged: {onViolation: adjust}",
	} {
		before := newSpec(allCaps)
		d := decide(t, before, rule)
		if d.Outcome() != Adjusted || !reflect.DeepEqual(d.Spec.Process.Capabilities, &specs.LinuxCapabilities{}) {
			t.Errorf("%s: %s, %+v", rule, d.Outcome(), d.Spec.Process.Capabilities)
		}
		raw := []byte(asJSON(before))
		patched, err := ocispec.Patch(raw, before, d.Spec)
		if err != nil || !strings.Contains(string(patched), `"capabilities":{}`) {
			t.Errorf("%s: %v, written as\n%s", rule, err, patched)
		}
	}
}

// allCaps gives all capabilities, for want of sets.
func allCaps(s *specs.Spec) { s.Process.Capabilities = nil }

func TestCapabilitiesLoad(t *testing.T) {
	for rule, want := range map[string]string{
		`capabilities: {drop: [SYS_ADMNI]}`:       `unknown capability "SYS_ADMNI"`,
		`capabilities: {}`:                        "needs drop, allow or refuse",
		`capabilities: {allow: [ALL]}`:            "ALL cannot be allowed",
		`capabilities: {allow: []}`:               "allow: is an empty list; drop: [ALL] allows none",
		`capabilities: {drop: [KILL], allow: []}`: "allow: is an empty list; drop: [ALL] allows none",
	} {
		if got := loadError(rule); !strings.Contains(got, want) {
			t.Errorf("%s: error %q, want %q", rule, got, want)
		}
	}
}

// noCaps empties every capability set.
func noCaps(s *specs.Spec) { s.Process.Capabilities = &specs.LinuxCapabilities{} }
