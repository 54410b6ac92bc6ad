package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// TestJudgedMounts tells what has to be compared with the kernel's mounts, and
// when.
func TestJudgedMounts(t *testing.T) {
	const paths = "hostPaths: {allowed: [{path: /var/log, readOnly: true}, {path: /srv}]}"
	bind := func(source, at string, options ...string) specs.Mount {
		return specs.Mount{Destination: at, Type: "bind", Source: source, Options: append([]string{"rbind"}, options...)}
	}
	logs, data := bind("/var/log", "/logs", "ro"), bind("/srv/data", "/data")
	ipc := specs.Mount{Destination: "/one", Type: "bind", Source: "/srv/one", Options: []string{"bind"}}
	proc := specs.Mount{Destination: "/proc", Type: "proc", Source: "proc"}
	volume := bind("/var/lib/kubelet/pods/3f2a/volumes/kubernetes.io~empty-dir/v", "/cache")
	for name, c := range map[string]struct {
		docs    []string
		mounts  []specs.Mount
		change  func(*Subject)
		visible Visibility
		want    []string // nil: nothing is compared
	}{
		"host paths": {
			docs: []string{policyDoc("p", paths)}, mounts: []specs.Mount{proc, volume, logs, data, ipc},
			want: []string{"volume /cache rbind", "host /logs rbind p/hostPaths:ro", "host /data rbind", "host /one", "kernel /proc"},
		},
		"with options": {
			docs:   []string{policyDoc("p", paths, "mountOptions: {onViolation: adjust, require: [{paths: [/cache, /logs], options: [nosuid]}]}")},
			mounts: []specs.Mount{volume, logs},
			want:   []string{"volume /cache rbind p/mountOptions:nosuid", "host /logs rbind p/hostPaths:ro p/mountOptions:nosuid"},
		},
		"adjusted": {
			docs:   []string{policyDoc("p", "hostPaths: {onViolation: adjust, remove: writable, allowed: [{path: /var/log, readOnly: true}]}")},
			mounts: []specs.Mount{bind("/var/log", "/logs"), data}, want: []string{"host /logs rbind p/hostPaths:ro"},
		},
		"only what is forbidden": {
			docs: []string{policyDoc("p", "hostPaths: {forbidden: [RuntimeSockets]}")}, mounts: []specs.Mount{proc, volume, logs, data},
			want: []string{"volume /cache rbind", "host /logs rbind", "host /data rbind", "kernel /proc"},
		},
		"a forbidden one removed": {
			docs:   []string{policyDoc("p", "hostPaths: {onViolation: adjust, forbidden: [/srv]}")},
			mounts: []specs.Mount{logs, bind("/srv/data", "/data", "ro")}, want: []string{"host /logs rbind"},
		},
		"no path of the host":    {docs: []string{policyDoc("p", paths)}, mounts: []specs.Mount{proc, volume}},
		"no rule hostPaths":      {docs: []string{policyDoc("p", "volumeTypes: {allowed: [hostPath]}")}, mounts: []specs.Mount{logs}},
		"a rule that audits":     {docs: []string{policyDoc("p", "hostPaths: {onViolation: audit}")}, mounts: []specs.Mount{logs}},
		"a policy in mode audit": {docs: []string{strings.Replace(policyDoc("p", paths), "spec:", "spec:\n  mode: audit", 1)}, mounts: []specs.Mount{logs}},
		"what the kernel mounts is out of sight": {
			docs: []string{policyDoc("p", "hostPaths: {allowed: [{path: /var/log, readOnly: true}]}")}, mounts: []specs.Mount{logs},
			change: func(s *Subject) { s.MountsUnverified = "why" },
		},
		"early": {docs: []string{policyDoc("p", paths)}, mounts: []specs.Mount{logs}, visible: Partial},
		"fixed": {docs: []string{policyDoc("p", paths)}, mounts: []specs.Mount{logs}, visible: Fixed, want: []string{"host /logs rbind p/hostPaths:ro"}},
	} {
		t.Run(name, func(t *testing.T) {
			sub := subject(&specs.Spec{Mounts: c.mounts})
			if c.change != nil {
				c.change(&sub)
			}
			d := compileDocs(t, c.docs...).Evaluate(sub, c.visible)
			if d.Outcome() == Denied {
				t.Fatal(d.Message())
			}
			if got := judgedText(d.Mounts); !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func judgedText(j *JudgedMounts) []string {
	if j == nil {
		return nil
	}
	var out []string
	for _, b := range j.Binds {
		line := "volume " + b.Destination
		if b.Host {
			line = "host " + b.Destination
		}
		if b.Recursive {
			line += " rbind"
		}
		for _, o := range b.Options {
			line += fmt.Sprintf(" %s/%s:%s", o.Policy, o.Rule, o.Option)
		}
		out = append(out, line)
	}
	for _, k := range j.Kernel {
		out = append(out, "kernel "+k.Destination)
	}
	return out
}
