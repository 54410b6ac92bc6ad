package ocispec

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/opencontainers/runtime-spec/specs-go"
)

func TestPatch(t *testing.T) {
	noNewPrivileges := func(s *specs.Spec) { s.Process.NoNewPrivileges = true }
	tests := []struct {
		name string
		raw  string
		edit func(*specs.Spec)
		want string
	}{
		{"no edit keeps every byte", ` { "x" : 1.50e1 , "process":null }` + "\n", func(*specs.Spec) {}, ` { "x" : 1.50e1 , "process":null }` + "\n"},
		{"set a scalar", `{"process":{"cwd":"/","noNewPrivileges":false}}`, noNewPrivileges, `{"process":{"cwd":"/","noNewPrivileges":true}}`},
		{"add a scalar", `{"process":{"cwd":"/"}}`, noNewPrivileges, `{"process":{"cwd":"/","noNewPrivileges":true}}`},
		{"take a scalar away", `{"process":{"cwd":"/","noNewPrivileges":true}}`, func(s *specs.Spec) { s.Process.NoNewPrivileges = false }, `{"process":{"cwd":"/"}}`},
		{"add an object", `{"ociVersion":"1"}`, func(s *specs.Spec) { s.Root = &specs.Root{Path: "r"} }, `{"ociVersion":"1","root":{"path":"r"}}`},
		{"take an object away", `{"root":{"path":"r","new":1},"ociVersion":"1"}`, func(s *specs.Spec) { s.Root = nil }, `{"ociVersion":"1"}`},
		{"null becomes an object", `{"ociVersion":"1","root":null}`, func(s *specs.Spec) { s.Root = &specs.Root{Path: "r"} }, `{"ociVersion":"1","root":{"path":"r"}}`},
		{"unknown members keep place and bytes", `{"a":[1, 2],"process":{"new":{"n": 1e3},"cwd":"/"},"z":"é<"}`, noNewPrivileges,
			`{"a":[1, 2],"process":{"new":{"n": 1e3},"cwd":"/","noNewPrivileges":true},"z":"é<"}`},
		{"numbers that a float cannot hold survive", `{"new":12345678901234567890123,"process":{"cwd":"/"}}`, noNewPrivileges,
			`{"new":12345678901234567890123,"process":{"cwd":"/","noNewPrivileges":true}}`},
		{"another spelling of a name", `{"Process":{"NoNewPrivileges":false}}`, noNewPrivileges, `{"Process":{"NoNewPrivileges":true}}`},
		{"a list of strings", `{"linux":{"maskedPaths":["/a"],"new":1}}`, func(s *specs.Spec) { s.Linux.MaskedPaths = append(s.Linux.MaskedPaths, "/b") },
			`{"linux":{"maskedPaths":["/a","/b"],"new":1}}`},
		{"an edited mount keeps what is unknown", `{"mounts":[{"destination":"/a","new":1},{"destination":"/b","options":["rw"],"new":2}]}`,
			func(s *specs.Spec) { s.Mounts[1].Options = []string{"ro"} },
			`{"mounts":[{"destination":"/a","new":1},{"destination":"/b","options":["ro"],"new":2}]}`},
		{"a mount taken out", `{"mounts":[{"destination":"/a","new":1},{"destination":"/b","new": 2}]}`,
			func(s *specs.Spec) { s.Mounts = slices.Delete(s.Mounts, 0, 1) },
			`{"mounts":[{"destination":"/b","new": 2}]}`},
		{"a mount put in between", `{"mounts":[{"destination":"/a","new":1},{"destination":"/b","new": 2}]}`,
			func(s *specs.Spec) { s.Mounts = slices.Insert(s.Mounts, 1, specs.Mount{Destination: "/c"}) },
			`{"mounts":[{"destination":"/a","new":1},{"destination":"/c"},{"destination":"/b","new": 2}]}`},
		{"mounts that change places", `{"mounts":[{"destination":"/a","new":1},{"destination":"/b","new":2}]}`,
			func(s *specs.Spec) { slices.Reverse(s.Mounts) },
			`{"mounts":[{"destination":"/b","new":2},{"destination":"/a","new":1}]}`},
		{"two mounts at one place", `{"mounts":[{"destination":"/a","source":"1","new":1},{"destination":"/a","source":"2","new":2}]}`,
			func(s *specs.Spec) { s.Mounts = s.Mounts[1:]; s.Mounts[0].Options = []string{"ro"} },
			`{"mounts":[{"destination":"/a","source":"2","new":2,"options":["ro"]}]}`},
		{"a mount with another source is another mount", `{"mounts":[{"destination":"/a","source":"1","new":1}]}`,
			func(s *specs.Spec) { s.Mounts[0].Source = "2" },
			`{"mounts":[{"destination":"/a","source":"2"}]}`},
		{"a list emptied", `{"linux":{"devices":[{"path":"/dev/a","type":"c","major":1,"minor":1}]}}`, func(s *specs.Spec) { s.Linux.Devices = nil }, `{"linux":{}}`},
		{"a map", `{"annotations":{"a":"1","b":"2","A":"3"}}`, func(s *specs.Spec) {
			delete(s.Annotations, "a")
			s.Annotations["b"], s.Annotations["c"] = "4", "5"
		}, `{"annotations":{"b":"4","A":"3","c":"5"}}`},
		{"an escaped name", `{"annotations":{"\u0061":"1","b":"2"}}`, func(s *specs.Spec) { s.Annotations["a"] = "9" }, `{"annotations":{"\u0061":"9","b":"2"}}`},
		{"a pointer to a number", `{"linux":{"resources":{"pids":{"limit":5,"new":1}}}}`, func(s *specs.Spec) { *s.Linux.Resources.Pids.Limit = 3 },
			`{"linux":{"resources":{"pids":{"limit":3,"new":1}}}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before, err := Decode([]byte(tt.raw))
			if err != nil {
				t.Fatal(err)
			}
			after := Clone(before)
			tt.edit(after)
			if got := checkPatch(t, []byte(tt.raw), before, after); string(got) != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestPatchRefuses(t *testing.T) {
	for _, raw := range []string{
		`{"process":{"noNewPrivileges":false},"Process":{"cwd":"/"}}`,
		`{"process":{"noNewPrivileges":false,"NONEWPRIVILEGES":false}}`,
		`{"process":{},"process":{}}`,
		`{"process":{"x":1,"x":2}}`,
	} {
		before, err := Decode([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		after := Clone(before)
		after.Process.NoNewPrivileges = true
		if out, err := Patch([]byte(raw), before, after); err == nil {
			t.Errorf("%s was patched into %s", raw, out)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, raw := range []string{``, `[]`, `{"process":[]}`, `{} {}`, `{"process":{"user":{"uid":-1}}}`} {
		if _, err := Decode([]byte(raw)); err == nil {
			t.Errorf("%s was decoded", raw)
		}
	}
}

// FuzzPatch patches one document into another: the result decodes to the
// other. Only a document that is no strict JSON, or is ambiguous, is refused.
func FuzzPatch(f *testing.F) {
	f.Add([]byte(`{"process":{"cwd":"/","new":1}}`), []byte(`{"process":{"noNewPrivileges":true}}`))
	f.Add([]byte(`{"mounts":[{"destination":"/a","new":1},null],"annotations":null}`), []byte(`{"mounts":[{},{"destination":"/a","options":["ro"]}]}`))
	f.Add([]byte(`{"linux":{"resources":{"devices":[{"allow":true}]}},"root":null}`), []byte(`{"Linux":{"sysctl":{"a":"b"}}}`))
	f.Add([]byte(`{"linux":{"seccomp":{"syscalls":[{"names":["a"],"args":[]}]}}}`), []byte(`null`))
	docs := make([][]byte, 2)
	for i, name := range []string{"unprivileged", "privileged"} {
		raw, err := os.ReadFile("../../policy/testdata/containerd-2.4.2-" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		docs[i] = raw
	}
	f.Add(docs[0], docs[1])
	f.Add(docs[1], docs[0])
	f.Fuzz(func(t *testing.T, raw, other []byte) {
		before, err := Decode(raw)
		if err != nil {
			t.Skip()
		}
		after, err := Decode(other)
		if err != nil {
			t.Skip()
		}
		kept := bytes.Clone(raw)
		if _, err := Patch(raw, before, after); err != nil {
			if !errors.Is(err, ErrAmbiguous) && jsontext.Value(raw).IsValid() {
				t.Fatalf("Patch(%s): %v", raw, err)
			}
			t.Skip()
		}
		checkPatch(t, raw, before, after)
		if !bytes.Equal(kept, raw) {
			t.Fatal("the original was edited")
		}
	})
}

// The members of an embedded struct stand in the object that embeds it.
func TestPatchEmbedded(t *testing.T) {
	raw := []byte(`{"major":1,"minor":2,"new":3,"weight":10}`)
	before := specs.LinuxWeightDevice{Weight: new(uint16(10))}
	before.Major, before.Minor = 1, 2
	after := before
	after.Major = 5
	got, err := patchValue(raw, reflect.ValueOf(before), reflect.ValueOf(after))
	if want := `{"major":5,"minor":2,"new":3,"weight":10}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}
