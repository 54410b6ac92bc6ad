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

// TestPortMappingsLinks reads the folder that the host would, not the same name in the agent's own
// file system.
func TestPortMappingsLinks(t *testing.T) {
	network := func(port string) string {
		return `{"containerId": "c2", "capabilityArgs": {"portMappings": [{"hostPort": ` + port + `}]}}`
	}
	elsewhere := tree(t, map[string]string{"results/net-c2-eth0": network("81")}) // in the agent's own file system
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"absolute":           {map[string]string{"var/lib/cni": "-> /data/cni", "data/cni/results/net-c2-eth0": network("80")}, `[{"hostPort":80}]`},
		"relative":           {map[string]string{"var/lib/cni/results": "-> ../../../data", "data/net-c2-eth0": network("80")}, `[{"hostPort":80}]`},
		"above the root":     {map[string]string{"var/lib/cni/results": "-> " + strings.Repeat("../", 40) + "data", "data/net-c2-eth0": network("80")}, `[{"hostPort":80}]`},
		"nothing":            {map[string]string{"var/lib/cni": "-> " + elsewhere}, ""},
		"a link, not a file": {map[string]string{"var/lib/cni/results/net-c2-eth0": "-> " + elsewhere + "/results/net-c2-eth0"}, ""},
	} {
		got, ok := New(tree(t, c.files), "").Bundles(nil).PortMappings("c2")
		if ok != (c.want != "") || ok && string(got) != c.want {
			t.Errorf("%s: %s, %v", name, got, ok)
		}
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
