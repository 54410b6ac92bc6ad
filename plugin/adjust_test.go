package plugin

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/containerd/nri/pkg/api"
	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/plugin/containerruntime"
	"github.com/specguard/specguard/plugin/judge"
)

// TestCarryLeavesAlone does not carry what NRI would bring in another form.
func TestCarryLeavesAlone(t *testing.T) {
	mount := func(destination string, options ...string) specs.Mount {
		return specs.Mount{Destination: destination, Source: "/srv", Type: "bind", Options: options}
	}
	carried := func(from, to *specs.Spec) []*api.Mount {
		adjust := &api.ContainerAdjustment{}
		adjustSpec(adjust, from, to)
		return adjust.GetMounts()
	}
	from := &specs.Spec{Mounts: []specs.Mount{mount("/a", "rw"), mount("/b", "rw"), mount("/b", "ro")}, Linux: &specs.Linux{}}
	to := &specs.Spec{Mounts: []specs.Mount{mount("/a", "ro"), mount("/b", "ro"), mount("/b", "ro")}, Linux: &specs.Linux{}}
	if got := carried(from, to); len(got) != 2 || got[0].GetDestination() != "-/a" || got[1].GetDestination() != "/a" {
		t.Errorf("carried %v", got)
	}
	from.Linux.Namespaces = []specs.LinuxNamespace{{Type: specs.UserNamespace}}
	if got := carried(from, to); len(got) != 0 {
		t.Errorf("in a user namespace carried %v", got)
	}
}

// TestCarryKernel gives the seccomp profile and takes sysctls out by NRI, where
// NRI shows what there is.
func TestCarryKernel(t *testing.T) {
	const (
		rules = "rules: {seccompProfile: {onViolation: adjust}, sysctls: {onViolation: adjust}}"
		shown = "v0.12.0"
	)
	hook := judge.ByHook{Program: "/opt/specguard-runtime"}
	blocking := &api.LinuxSeccomp{DefaultAction: string(specs.ActErrno)}
	for name, c := range map[string]struct {
		opener          judge.Opener
		runtime, nri    string
		rules           string
		seccomp         *api.LinuxSeccomp
		profile, sysctl bool // carried
	}{
		"both":                     {hook, containerruntime.Containerd, shown, rules, nil, true, true},
		"unconfined by name":       {hook, containerruntime.Containerd, shown, rules, &api.LinuxSeccomp{DefaultAction: string(specs.ActAllow)}, true, true},
		"has a profile":            {hook, containerruntime.Containerd, shown, rules, blocking, false, true},
		"reject":                   {hook, containerruntime.Containerd, shown, "rules: {seccompProfile: {}, sysctls: {}}", nil, false, false},
		"audit":                    {hook, containerruntime.Containerd, shown, "rules: {seccompProfile: {onViolation: audit}}", nil, false, false},
		"a rule sees what came":    {hook, containerruntime.Containerd, shown, strings.Replace(rules, "rules: {", "rules: {custom: {on: request, validations: [{name: a, message: m, expression: 'spec.process.cwd == \"/\"'}]}, ", 1), nil, false, false},
		"the image is not known":   {hook, containerruntime.Containerd, shown, "match: {images: [a]}\n  " + rules, nil, false, false},
		"an opener that adjusts":   {judge.ByWrapper{Program: "/opt/specguard-runtime"}, containerruntime.Containerd, shown, rules, nil, false, false},
		"an NRI that shows none":   {hook, containerruntime.Containerd, "v0.11.0", rules, nil, false, false},
		"a runtime not looked at":  {hook, containerruntime.CRIO, shown, rules, nil, false, false},
		"an NRI without a version": {hook, containerruntime.Containerd, "", rules, nil, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			n := offline(t, doc("p", c.rules))
			n.plugin.conn.configured(containerruntime.Runtime{Name: c.runtime}, c.opener)
			n.plugin.conn.begin(t.Context(), fakeStub{version: c.nri}, nil)
			ctr := container()
			ctr.Linux.SeccompPolicy = c.seccomp
			ctr.Linux.Sysctl = map[string]string{"kernel.core_pattern": "x", "net.ipv4.tcp_syncookies": "1"}
			adjust, _, err := nriEvents{n.plugin}.CreateContainer(t.Context(), pod(), ctr)
			if err != nil {
				t.Fatal(err)
			}
			linux := adjust.GetLinux()
			if got := linux.GetSeccompPolicy() != nil; got != c.profile {
				t.Errorf("seccomp %v", linux.GetSeccompPolicy())
			}
			want := map[string]string{}
			if c.sysctl {
				want["-kernel.core_pattern"] = ""
			}
			if !maps.Equal(linux.GetSysctl(), want) {
				t.Errorf("sysctls %q", linux.GetSysctl())
			}
		})
	}
}

// TestCarryOwnMounts carries what comes back in the place of a host path, with what
// belongs in it.
func TestCarryOwnMounts(t *testing.T) {
	host := specs.Mount{Destination: "/dev", Source: "/dev", Type: "bind", Options: []string{"rbind"}}
	own := func(destination string) specs.Mount {
		return specs.Mount{Destination: destination, Source: "tmpfs", Type: "tmpfs"}
	}
	adjust := &api.ContainerAdjustment{}
	adjustSpec(adjust, &specs.Spec{Mounts: []specs.Mount{host}}, &specs.Spec{Mounts: []specs.Mount{own("/dev"), own("/dev/pts")}})
	var got []string
	for _, m := range adjust.GetMounts() {
		got = append(got, m.GetDestination())
	}
	if want := []string{"-/dev", "/dev", "/dev/pts"}; !slices.Equal(got, want) {
		t.Errorf("carried %q, want %q", got, want)
	}
}
