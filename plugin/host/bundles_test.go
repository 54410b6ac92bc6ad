package host

import (
	"errors"
	"strings"
	"testing"

	"github.com/specguard/specguard/policy"
)

func TestBundles(t *testing.T) {
	root := tree(t, map[string]string{
		"run/containerd/io.containerd.runtime.v2.task/k8s.io/c1/config.json": "containerd's",
		"run/containers/storage/overlay-containers/c2/userdata/config.json":  "CRI-O's",
		"run/containers/storage/overlay-containers/secret":                   "",
	})
	b := New(root, "").Bundles(DefaultBundles())
	for id, want := range map[string]string{"c1": "containerd's", "c2": "CRI-O's"} {
		if got, err := b.Spec(id); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", id, got, err)
		}
	}
	for id, want := range map[string]string{"c3": "none in /run/containerd", "*": "no id", "../c2": "no id", "..": "no id", "": "no id"} {
		if got, err := b.Spec(id); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q, %v", id, got, err)
		}
	}
	if _, err := New("", "").Bundles(DefaultBundles()).Spec("c1"); !errors.Is(err, policy.ErrNotVisible) {
		t.Errorf("without the host's files: %v", err)
	}
}
