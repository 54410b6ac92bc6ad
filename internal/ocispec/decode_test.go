package ocispec

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// FuzzDecode compares Decode with the decoder that the runtimes are built
// with.
func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("../../policy/testdata/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no specs: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, text := range []string{
		`{"root":{"readonly":true},"ROOT":{"readonly":false}}`,
		`{"root":{"path":"a","readonly":true},"root":{"path":"b"}}`,
		`{"process":{"noNewPrivileges":true,"nonewprivileges":false,"no_new_privileges":true}}`,
		`{"process":{"user":{"uid":0,"UID":1},"capabilities":{"bounding":["A"],"Bounding":null}}}`,
		`{"mounts":[{"destination":"/a","options":["ro"]}],"mounts":[{"type":"b"}]}`,
		`{"annotations":{"a":"1","A":"2"},"annotations":{"b":"3"}}`,
		`{"linux":{"resources":{"memory":{"limit":1e3}}}}`,
		`{"linux":null}`, `null`, `[]`, `{"root":1}`, "{\"hostname\":\"\xff\"}", `{"process":{"user":{"uid":-1}}}`,
		`{"linux":{"seccomp":{"defaultErrnoRet":4294967296}}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		want := &specs.Spec{}
		wantErr := json.Unmarshal(raw, want)
		got, err := Decode(raw)
		if (err != nil) != (wantErr != nil) {
			t.Fatalf("Decode: %v, encoding/json: %v", err, wantErr)
		}
		if err == nil && !reflect.DeepEqual(got, want) {
			t.Errorf("Decode: %+v\nencoding/json: %+v", got, want)
		}
	})
}
