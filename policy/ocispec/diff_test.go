package ocispec

import (
	"reflect"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// TestDiffShowsNoSecrets: of variables and hooks only names are told.
func TestDiffShowsNoSecrets(t *testing.T) {
	const secret = "hunter2"
	hook := specs.Hook{Path: "/opt/x", Args: []string{"x", secret}, Env: []string{"TOKEN=" + secret}}
	full := &specs.Spec{
		Process: &specs.Process{Args: []string{"sh", secret}, Env: []string{"A=" + secret, "B=1", "C=1", secret}},
		Hooks:   &specs.Hooks{CreateRuntime: []specs.Hook{hook}, Poststop: []specs.Hook{hook}},
	}
	part := &specs.Spec{
		Process: &specs.Process{Args: []string{"sh"}, Env: []string{"B=1", "C=2"}},
		Hooks:   &specs.Hooks{CreateRuntime: []specs.Hook{{Path: "/opt/x", Args: []string{"y"}}}},
	}
	want := []Change{
		{Path: "hooks.createRuntime./opt/x.args", Removed: notShown, Added: notShown},
		{Path: "hooks.createRuntime./opt/x.env", Removed: notShown, Added: notShown},
		{Path: "hooks.poststop", Removed: `[{"path":"/opt/x"}]`},
		{Path: "process.args", Removed: notShown, Added: notShown},
		{Path: "process.env.(without a name)", Removed: notShown},
		{Path: "process.env.A", Removed: notShown},
		{Path: "process.env.C", Removed: notShown, Added: notShown},
	}
	got, err := Diff(full, part)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v, %v\nwant %+v", got, err, want)
	}
	for _, pair := range [][2]*specs.Spec{{full, {}}, {{}, full}, {part, full}, {full, {Process: &specs.Process{}, Hooks: &specs.Hooks{}}}} {
		changes, err := Diff(pair[0], pair[1])
		if err != nil || len(changes) == 0 {
			t.Fatal(changes, err)
		}
		for _, c := range changes {
			if strings.Contains(c.Path+c.Removed+c.Added, secret) {
				t.Errorf("%+v", c)
			}
		}
	}
}
