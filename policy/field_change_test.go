package policy

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"pgregory.net/rapid"

	"github.com/specguard/specguard/internal/ocispec"
)

// TestPropertyFields: the changes of fields lead from the spec that came to the one that may
// run, and are all that leads there.
func TestPropertyFields(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := compileFiles(t, drawFiles(t, drawDocs(t)))
		sub := drawSubject(t)
		d := set.Evaluate(sub, Complete)
		if n := len(d.Fields); n > maxFields {
			t.Fatalf("%d and %d more", n, d.MoreFields)
		}
		for _, f := range d.Fields {
			if max(len(f.Field), len(f.Was), len(f.Now)) > maxFieldText || strings.ContainsAny(f.Field+f.Was+f.Now, "\n\x1b") {
				t.Errorf("not brief: %+v", f)
			}
		}
		if d.Outcome() == Denied || d.MoreFields > 0 {
			return
		}
		first, last := make(map[string]string), make(map[string]string)
		for _, f := range d.Fields {
			if was, again := last[f.Field]; again && was != f.Now && was != f.Was {
				t.Errorf("%+v after %s", f, was)
			} else if !again {
				first[f.Field] = f.Was
			}
			last[f.Field] = f.Now
		}
		edits := ocispec.EditsOf(sub.Spec).Next(d.Spec)
		if was, now := profileIn(sub.Spec), profileIn(d.Spec); !reflect.DeepEqual(was, now) {
			edits = append(edits, ocispec.Edit{Field: "linux.seccomp", Was: profileText(was), Now: profileText(now)})
		}
		for _, e := range edits {
			field := brief(e.Field)
			if was, ok := first[field]; !ok || was != brief(e.Was) || last[field] != brief(e.Now) {
				t.Errorf("%+v\nnoted %t, from %q to %q", e, ok, was, last[field])
			}
			delete(first, field)
		}
		for field := range first { // but for parts of what was removed later
			if !slices.ContainsFunc(edits, func(e ocispec.Edit) bool { return strings.HasPrefix(field, brief(e.Field)+".") }) {
				t.Errorf("%s is not edited in the end: %v", field, d.Fields)
			}
		}
	})
}

func TestFieldChanges(t *testing.T) {
	user := func(s *specs.Spec) { s.Process.User.UID, s.Process.User.GID = 0, 0 }
	for name, c := range map[string]struct {
		rules []string
		edit  option
		want  []string
	}{
		"user": {
			[]string{"runAsNonRoot: {onViolation: adjust, runAsUser: 10001, runAsGroup: 10002}"}, user,
			[]string{"runAsNonRoot process.user.uid: 0 -> 10001", "runAsNonRoot process.user.gid: 0 -> 10002"},
		},
		"capabilities": {
			[]string{"capabilities: {onViolation: adjust, drop: [ALL]}"},
			func(s *specs.Spec) {
				s.Process.Capabilities = &specs.LinuxCapabilities{Bounding: []string{"CAP_CHOWN", "CAP_NET_ADMIN"}}
			},
			[]string{"capabilities process.capabilities.bounding: CAP_CHOWN, CAP_NET_ADMIN -> []"},
		},
		"no capabilities": {
			[]string{"capabilities: {onViolation: adjust, drop: [ALL]}"},
			func(s *specs.Spec) { s.Process.Capabilities = nil },
			[]string{"capabilities process.capabilities:  -> {}"},
		},
		"two rules": {
			[]string{"privileged: {onViolation: adjust}", "capabilities: {onViolation: adjust, drop: [ALL]}"},
			func(s *specs.Spec) {
				s.Process.Capabilities = &specs.LinuxCapabilities{Bounding: []string{"CAP_CHOWN", "CAP_SYS_ADMIN"}}
				s.Linux.Resources = &specs.LinuxResources{Devices: []specs.LinuxDeviceCgroup{{Allow: true, Access: "rwm"}}}
			},
			[]string{
				`privileged linux.resources.devices.{"access":"rwm","allow":true}: {"access":"rwm","allow":true} -> `,
				`privileged linux.resources.devices.{"access":"rwm","allow":false}:  -> {"access":"rwm","allow":false}`,
				"privileged process.capabilities.bounding: CAP_CHOWN, CAP_SYS_ADMIN -> CAP_CHOWN",
				"capabilities process.capabilities.bounding: CAP_CHOWN -> []",
			},
		},
		"environment": {
			[]string{"env: {onViolation: adjust, forbid: [LD_PRELOAD]}"},
			func(s *specs.Spec) { s.Process.Env = []string{"LD_PRELOAD=secret", "A=secret"} },
			[]string{"env process.env.LD_PRELOAD: (not shown) -> "},
		},
		"hooks": {
			[]string{"hooks: {onViolation: adjust}"},
			func(s *specs.Spec) {
				s.Hooks = &specs.Hooks{CreateRuntime: []specs.Hook{{Path: "/bin/x", Args: []string{"secret"}, Env: []string{"A=secret"}}}}
			},
			[]string{`hooks hooks.createRuntime./bin/x: {"path":"/bin/x"} -> `},
		},
		"text of others": {
			[]string{"annotations: {onViolation: adjust}"},
			func(s *specs.Spec) {
				s.Annotations = map[string]string{"run.oci.a\nb": "c\x1b[2J\n" + strings.Repeat("x", 9000)}
			},
			[]string{"annotations annotations.run.oci.a b: c [2J " + strings.Repeat("x", maxFieldText-len("c [2J ...")) + "... -> "},
		},
	} {
		t.Run(name, func(t *testing.T) {
			set := compileDocs(t, policyDoc("p", c.rules...))
			d := set.Evaluate(subject(newSpec(restricted, c.edit)), Complete)
			var got []string
			for _, f := range d.Fields {
				got = append(got, fmt.Sprintf("%s %s: %s -> %s", f.Rule, f.Field, f.Was, f.Now))
			}
			slices.Sort(got)
			slices.Sort(c.want)
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			if strings.Contains(fmt.Sprint(d.Fields), "secret") {
				t.Errorf("a value is shown: %v", d.Fields)
			}
			if again := set.Evaluate(subject(d.Spec), Complete); len(again.Fields) > 0 {
				t.Errorf("the second time: %v", again.Fields)
			}
		})
	}
}

func TestFieldChangesAreBounded(t *testing.T) {
	set := compileDocs(t, policyDoc("p", "netDevices: {onViolation: adjust}"))
	spec := newSpec(restricted, func(s *specs.Spec) {
		s.Linux.NetDevices = make(map[string]specs.LinuxNetDevice)
		for i := range 1000 {
			s.Linux.NetDevices[fmt.Sprintf("eth%d", i)] = specs.LinuxNetDevice{Name: "e"}
		}
	})
	if d := set.Evaluate(subject(spec), Complete); len(d.Fields) != maxFields || d.MoreFields != 1000-maxFields {
		t.Errorf("%d and %d more", len(d.Fields), d.MoreFields)
	}
}
