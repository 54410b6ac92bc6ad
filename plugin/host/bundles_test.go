package host

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/specguard/specguard/policy"
)

func TestBundles(t *testing.T) {
	root := tree(t, map[string]string{
		"run/containerd/io.containerd.runtime.v2.task/k8s.io/c1/config.json": "containerd's",
		"run/containers/storage/overlay-containers/c2/userdata/config.json":  "CRI-O's",
		"run/containers/storage/overlay-containers/c4/userdata/config.json":  "-> /etc/shadow",
		"run/containers/storage/overlay-containers/c5/userdata/config.json/": "",
		"var/run":                         "-> /run", // as Debian has it
		"var/lib/cni/results/net-c2-eth0": `{"containerId": "c2", "capabilityArgs": {"portMappings": [{"hostPort": 80}]}}`,
	})
	b := New(root, "").Bundles(DefaultBundles())
	for id, want := range map[string]string{"c1": "containerd's", "c2": "CRI-O's"} {
		if got, err := b.Spec(id); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", id, got, err)
		}
	}
	if got, err := New(root, "").Bundles([]string{"/var/run/containers/storage/*-containers/{id}/userdata/config.json"}).Spec("c2"); err != nil || string(got) != "CRI-O's" {
		t.Errorf("by a symlink of the host's: %q, %v", got, err)
	}
	if got, ok := b.PortMappings("c2"); !ok || string(got) != `[{"hostPort":80}]` {
		t.Errorf("port mappings %s, %v", got, ok)
	}
	for _, id := range []string{"c3", "*", "c?", ".."} {
		if got, ok := b.PortMappings(id); ok {
			t.Errorf("port mappings of %q: %s", id, got)
		}
	}
	for id, want := range map[string]string{"c3": "none in /run/containerd", "*": "not an id", "../c2": "not an id", "..": "not an id", "": "not an id", "c4": "read the bundle", "c5": "is not a file"} {
		if got, err := b.Spec(id); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q, %v", id, got, err)
		}
	}
	if _, err := New("", "").Bundles(DefaultBundles()).Spec("c1"); !errors.Is(err, policy.ErrNotVisible) {
		t.Errorf("without the host's files: %v", err)
	}
}

func TestAllBundles(t *testing.T) {
	files := map[string]string{
		"run/containerd/io.containerd.runtime.v2.task/k8s.io/c1/config.json": "one",
		"run/containerd/io.containerd.runtime.v2.task/k8s.io/c2/config.json": "two",
		"run/containerd/io.containerd.runtime.v2.task/k8s.io/c3/other":       "",
		"run/containers/storage/overlay-containers/c4/userdata/config.json":  "four",
	}
	all := func(files map[string]string) (string, error) {
		found, err := New(tree(t, files), "").Bundles(DefaultBundles()).All()
		return string(bytes.Join(found, []byte(" "))), err
	}
	if got, err := all(files); err != nil || got != "one two four" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := all(nil); err != nil || got != "" {
		t.Errorf("%q, %v", got, err)
	}
	files["run/containers/storage/overlay-containers/c5/userdata/config.json"] = "-> /etc/shadow"
	if got, err := all(files); err == nil {
		t.Errorf("a link: %q", got)
	}
	if _, err := New("", "").Bundles(DefaultBundles()).All(); !errors.Is(err, policy.ErrNotVisible) {
		t.Errorf("without the host's files: %v", err)
	}
}
