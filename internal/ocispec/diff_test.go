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
		{Path: "hooks.createRuntime./opt/x.args", Removed: NotShown, Added: NotShown},
		{Path: "hooks.createRuntime./opt/x.env", Removed: NotShown, Added: NotShown},
		{Path: "hooks.poststop./opt/x", Removed: `{"path":"/opt/x"}`},
		{Path: "process.args", Removed: NotShown, Added: NotShown},
		{Path: "process.env.(without a name)", Removed: NotShown},
		{Path: "process.env.A", Removed: NotShown},
		{Path: "process.env.C", Removed: NotShown, Added: NotShown},
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

// TestDiffLists: elements are told by what they are, not by their place.
func TestDiffLists(t *testing.T) {
	number := func(n int64) *int64 { return &n }
	devices := func(minors ...int64) *specs.Spec {
		r := &specs.LinuxResources{Devices: []specs.LinuxDeviceCgroup{{Access: "rwm"}}}
		for _, m := range minors {
			r.Devices = append(r.Devices, specs.LinuxDeviceCgroup{Allow: true, Type: "c", Major: number(1), Minor: number(m), Access: "r"})
		}
		return &specs.Spec{Linux: &specs.Linux{Resources: r}}
	}
	mounts := func(m ...specs.Mount) *specs.Spec { return &specs.Spec{Mounts: m} }
	hooks := func(h ...specs.Hook) *specs.Spec { return &specs.Spec{Hooks: &specs.Hooks{Poststart: h}} }
	groups := func(ids ...uint32) *specs.Spec {
		return &specs.Spec{Process: &specs.Process{User: specs.User{AdditionalGids: ids}}}
	}
	const device = `{"access":"r","allow":true,"major":1,"minor":3,"type":"c"}`
	tmp, proc := specs.Mount{Destination: "/tmp", Type: "tmpfs"}, specs.Mount{Destination: "/proc", Type: "proc"}
	bound := specs.Mount{Destination: "/tmp", Type: "bind"}
	for name, c := range map[string]struct {
		before, after *specs.Spec
		want          []Change
	}{
		"the same":             {before: devices(3, 5), after: devices(5, 3)},
		"without a name":       {before: devices(3, 5), after: devices(5), want: []Change{{Path: "linux.resources.devices." + device, Removed: device}}},
		"twice":                {before: devices(3, 3), after: devices(3), want: []Change{{Path: "linux.resources.devices." + device + "#2", Removed: device}}},
		"numbers":              {before: groups(0, 5), after: groups(5), want: []Change{{Path: "process.user.additionalGids.0", Removed: "0"}}},
		"by destination":       {before: mounts(proc, tmp), after: mounts(bound, proc), want: []Change{{Path: "mounts./tmp.type", Removed: `"tmpfs"`, Added: `"bind"`}}},
		"one destination":      {before: mounts(tmp, bound), after: mounts(bound), want: []Change{{Path: `mounts.{"destination":"/tmp","type":"tmpfs"}`, Removed: `{"destination":"/tmp","type":"tmpfs"}`}}},
		"hooks with arguments": {before: hooks(specs.Hook{Path: "/x", Args: []string{"hunter2"}}, specs.Hook{Path: "/x"}), after: hooks(specs.Hook{Path: "/x"}, specs.Hook{Path: "/x"}), want: []Change{{Path: `hooks.poststart.{"path":"/x"}.args`, Removed: NotShown, Added: NotShown}}},
	} {
		got, err := Diff(c.before, c.after)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", name, got, err, c.want)
		}
	}
}
