package ocispec

import (
	"hash/maphash"
	"reflect"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// TestDigest: equal values have the same digest, whatever order a map has, and others another one.
func TestDigest(t *testing.T) {
	seed := maphash.MakeSeed()
	of := func(spec *specs.Spec) uint64 { return digest(seed, reflect.ValueOf(spec)) }
	full := func() *specs.Spec {
		return &specs.Spec{
			Process:     &specs.Process{User: specs.User{UID: 1, AdditionalGids: []uint32{1, 2}}, Args: []string{"a", "bc"}, NoNewPrivileges: true},
			Mounts:      []specs.Mount{{Destination: "/a", Options: []string{"ro"}}},
			Annotations: map[string]string{"a": "1", "b": "2", "c": "3"},
		}
	}
	first := of(full())
	for range 20 {
		if again := of(full()); again != first {
			t.Fatal("equal specs differ")
		}
	}
	seen := map[uint64]string{first: "the spec"}
	for name, edit := range map[string]func(*specs.Spec){
		"a user":         func(s *specs.Spec) { s.Process.User.UID = 2 },
		"a group":        func(s *specs.Spec) { s.Process.User.AdditionalGids[0] = 3 },
		"no groups":      func(s *specs.Spec) { s.Process.User.AdditionalGids = nil },
		"empty groups":   func(s *specs.Spec) { s.Process.User.AdditionalGids = []uint32{} },
		"a flag":         func(s *specs.Spec) { s.Process.NoNewPrivileges = false },
		"other words":    func(s *specs.Spec) { s.Process.Args = []string{"ab", "c"} },
		"no process":     func(s *specs.Spec) { s.Process = nil },
		"another value":  func(s *specs.Spec) { s.Annotations["a"] = "4" },
		"swapped values": func(s *specs.Spec) { s.Annotations["a"], s.Annotations["b"] = "2", "1" },
		"no annotations": func(s *specs.Spec) { s.Annotations = nil },
		"empty ones":     func(s *specs.Spec) { s.Annotations = map[string]string{} },
		"an option":      func(s *specs.Spec) { s.Mounts[0].Options = []string{"ro", ""} },
	} {
		spec := full()
		edit(spec)
		if other, taken := seen[of(spec)]; taken {
			t.Errorf("%s: the same as %s", name, other)
		}
		seen[of(spec)] = name
	}
}
