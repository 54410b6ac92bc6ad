package ocispec

import (
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// TestNumbers: large numbers are shown to the last digit.
func TestNumbers(t *testing.T) {
	with := func(n uint64) *specs.Spec {
		return &specs.Spec{Process: &specs.Process{Rlimits: []specs.POSIXRlimit{{Type: "RLIMIT_NOFILE", Hard: n, Soft: n}}}}
	}
	before, after := with(18446744073709551615), with(9007199254740993)
	changes, err := Diff(before, after)
	if err != nil || len(changes) == 0 || !strings.Contains(changes[0].Removed, "18446744073709551615") ||
		!strings.Contains(changes[0].Added, "9007199254740993") {
		t.Errorf("%v, %v", changes, err)
	}
	edits := EditsOf(before).Next(after)
	if len(edits) == 0 || !strings.Contains(edits[0].Was+edits[0].Now, "9007199254740993") {
		t.Errorf("%v", edits)
	}
}

// TestPasswords: options that hold passwords are named, and their values are not shown.
func TestPasswords(t *testing.T) {
	const secret = "s3cret"
	before := &specs.Spec{Mounts: []specs.Mount{{Destination: "/share", Type: "cifs", Source: "//server/share",
		Options: []string{"username=u", "password=" + secret, "size=64m"}}}}
	for name, after := range map[string]*specs.Spec{
		"removed": {},
		"changed": {Mounts: []specs.Mount{{Destination: "/share", Type: "cifs", Source: "//server/share", Options: []string{"password2=" + secret + "2"}}}},
	} {
		changes, err := Diff(before, after)
		edits := EditsOf(before).Next(after)
		if err != nil || len(changes) == 0 || len(edits) == 0 {
			t.Fatalf("%s: %v, %v, %v", name, changes, edits, err)
		}
		shown := func(text string) bool { return strings.Contains(text, secret) }
		if slices.ContainsFunc(changes, func(c Change) bool { return shown(c.Path + c.Removed + c.Added) }) ||
			slices.ContainsFunc(edits, func(e Edit) bool { return shown(e.Field + e.Was + e.Now) }) {
			t.Errorf("%s: %v, %v", name, changes, edits)
		}
	}
}
