package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

func withPaths(masked, readonly []string) option {
	return func(s *specs.Spec) { s.Linux.MaskedPaths, s.Linux.ReadonlyPaths = masked, readonly }
}

// unmasked are the findings where nothing is masked.
func unmasked() []string {
	return []string{
		"not masked: /proc/acpi, /proc/kcore, /proc/keys, /proc/latency_stats, /proc/timer_list, /proc/timer_stats, /proc/sched_debug, /proc/scsi, /sys/firmware",
		"not read-only: /proc/bus, /proc/fs, /proc/irq, /proc/sys, /proc/sysrq-trigger, /proc/asound",
	}
}

func TestProcMountCheck(t *testing.T) {
	// Kubernetes before pull request 125970.
	oldMasked := []string{"/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"}
	oldReadonly := []string{"/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}
	less := func(list []string, without string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == without })
	}
	tests := []struct {
		name string
		rule string
		spec *specs.Spec
		want []string
	}{
		{"default of new versions", `procMount: {}`, newSpec(), nil},
		{"default of old versions", `procMount: {}`, newSpec(withPaths(oldMasked, oldReadonly)), nil},
		{"kcore shows", `procMount: {}`, newSpec(withPaths(less(oldMasked, "/proc/kcore"), oldReadonly)), []string{"not masked: /proc/kcore"}},
		{"sysrq writable", `procMount: {}`, newSpec(withPaths(oldMasked, less(oldReadonly, "/proc/sysrq-trigger"))), []string{"not read-only: /proc/sysrq-trigger"}},
		{"asound neither", `procMount: {}`, newSpec(withPaths(oldMasked, less(oldReadonly, "/proc/asound"))), []string{"not read-only: /proc/asound"}},
		{"folder above is masked", `procMount: {}`, newSpec(withPaths([]string{"/proc/", "/sys"}, nil)), nil},
		{"folder of similar name is masked", `procMount: {}`, newSpec(withPaths(append(less(oldMasked, "/proc/keys"), "/proc/key"), oldReadonly)), []string{"not masked: /proc/keys"}},
		{"unmasked in a user namespace", `procMount: {allowUserNamespace: true}`, newSpec(withPaths(nil, nil), withUserNamespace(1000, 1000)), nil},
		{"user namespace, not allowed", `procMount: {}`, newSpec(withPaths(nil, nil), withUserNamespace(1000, 1000)), unmasked()},
		{"no user namespace", `procMount: {allowUserNamespace: true}`, newSpec(withPaths(nil, nil)), unmasked()},
		{"user namespace with the host's root", `procMount: {allowUserNamespace: true}`, newSpec(withPaths(nil, nil), withUserNamespace(0, 1000)), unmasked()},
		{"unmasked", `procMount: {}`, newSpec(withPaths(nil, nil)), unmasked()},
		{"root is masked", `procMount: {}`, newSpec(withPaths([]string{"/", "//."}, []string{"/"})), unmasked()},
		{"masked by way of a link", `procMount: {}`, newSpec(withPaths([]string{"/link/../proc", "/link/../sys"}, nil)), unmasked()},
		{"more required", `procMount: {maskedPaths: [/proc/cmdline], readonlyPaths: [/sys/kernel, /proc/acpi/x]}`, newSpec(), []string{"not masked: /proc/cmdline", "not read-only: /sys/kernel"}},
		{"no linux", `procMount: {}`, &specs.Spec{}, unmasked()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := findings(decide(t, tt.spec, tt.rule))
			for i := range tt.want {
				tt.want[i] = "procMount: " + tt.want[i]
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
}

func TestProcMountAdjust(t *testing.T) {
	spec := newSpec(withPaths([]string{"/proc/acpi", "/proc/own"}, []string{"/proc/sys"}))
	d := decide(t, spec, `procMount: {onViolation: adjust, maskedPaths: [/proc/cmdline]}`)
	if d.Outcome() != Adjusted {
		t.Fatalf("outcome %s: %v", d.Outcome(), findings(d))
	}
	wantMasked := []string{
		"/proc/acpi", "/proc/own", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
		"/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/proc/asound", "/proc/interrupts", "/sys/devices/virtual/powercap", "/proc/cmdline",
	}
	if got := d.Spec.Linux.MaskedPaths; !slices.Equal(got, wantMasked) {
		t.Errorf("masked %v, want %v", got, wantMasked)
	}
	wantReadonly := []string{"/proc/sys", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sysrq-trigger"}
	if got := d.Spec.Linux.ReadonlyPaths; !slices.Equal(got, wantReadonly) {
		t.Errorf("read-only %v, want %v", got, wantReadonly)
	}
	if d := decide(t, &specs.Spec{}, `procMount: {onViolation: adjust}`); d.Outcome() != Adjusted {
		t.Errorf("empty spec: outcome %s: %v", d.Outcome(), findings(d))
	}
}

func TestProcMountLoad(t *testing.T) {
	for _, p := range []string{"proc/x", "/proc/../x", "/proc/x/", "//proc"} {
		if got := loadError(`procMount: {maskedPaths: ["` + p + `"]}`); !strings.Contains(got, "maskedPaths[0]") {
			t.Errorf("%s: error %q", p, got)
		}
	}
	for _, key := range []string{"maskedPaths", "readonlyPaths"} {
		if got := loadError(`procMount: {` + key + `: [/]}`); !strings.Contains(got, key+": / cannot be used") {
			t.Errorf("%s: error %q", key, got)
		}
	}
}
