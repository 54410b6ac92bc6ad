package main

import (
	"bytes"
	"os"
	"testing"
)

// TestRenewed: the agent's list of fields is that of the Kubernetes API that the tests use.
func TestRenewed(t *testing.T) {
	const file = "../../../internal/manifest/kubernetes_fields.go"
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want, err := source()
	if err != nil {
		t.Fatal(err)
	}
	body := func(b []byte) []byte { _, after, _ := bytes.Cut(b, []byte("\n")); return after } // a test's build does not say the version
	if !bytes.Equal(body(have), body(want)) {
		t.Errorf("%s is not what is generated now: run make generate", file)
	}
}
