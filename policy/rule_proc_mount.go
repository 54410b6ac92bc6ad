package policy

import (
	"path"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/strict"
)

// ProcMount requires the masked and read-only paths of /proc and /sys that Kubernetes gives
// every container whose procMount is Default.
//
// A path counts as masked if it or a folder above it is masked. A masked path also counts as
// read-only. "/" and paths with ".." do not count: masking "/" hides nothing from the container's
// processes, and a path with ".." can lead elsewhere through a link in the image. If proc or
// sysfs is also mounted elsewhere, the same paths must be masked there: for a proc at /proc2,
// /proc2/kcore. Such a mount must not be inside a volume: another container with that volume
// could rename a folder just before the OCI runtime masks the path.
//
// Reads: linux.maskedPaths, linux.readonlyPaths (OCI runtime spec, config-linux.md, "Masked
// Paths" and "Readonly Paths"), mounts; with allowUserNamespace also linux.namespaces,
// linux.uidMappings, linux.gidMappings and those of the pod's sandbox.
// Adjusts: adds the missing paths, including those that only newer versions of Kubernetes mask
// (but not thermal_throttle of each CPU, because these paths differ between nodes).
// Source: Pod Security Standards, Baseline, "/proc Mount Type"; Kubernetes
// pkg/securitycontext/util.go. The rule requires what every version masks. /proc/asound was
// read-only before it was masked (1.31 and patch releases of 1.28 to 1.30,
// kubernetes/kubernetes pull request 125970, which also added /sys/devices/virtual/powercap);
// /proc/interrupts came with pull request 131018.
// Example: {onViolation: adjust, maskedPaths: [/proc/cmdline]}
type ProcMount struct {
	Base `yaml:",inline"`

	// MaskedPaths lists paths that must be masked besides the default ones.
	// Default: none.
	MaskedPaths []absPath `yaml:"maskedPaths"`

	// ReadonlyPaths lists paths that must be read-only besides the default ones.
	// Default: none.
	ReadonlyPaths []absPath `yaml:"readonlyPaths"`

	// AllowUserNamespace: the rule requires nothing in a user namespace in which no id is the
	// host's 0. Default: false.
	AllowUserNamespace bool `yaml:"allowUserNamespace"`

	masked, readonly []string // all that are required
}

// Validate puts the required paths together. It refuses "/", which cannot be
// masked.
func (p *ProcMount) Validate() error {
	const refused = "/ cannot be used (allowed: paths below it)"
	switch {
	case slices.Contains(p.MaskedPaths, "/"):
		return strict.Field("maskedPaths", refused)
	case slices.Contains(p.ReadonlyPaths, "/"):
		return strict.Field("readonlyPaths", refused)
	}
	p.masked = append(requiredMaskedPaths(), texts(p.MaskedPaths)...)
	p.readonly = append(append(defaultReadonlyPaths(), "/proc/asound"), texts(p.ReadonlyPaths)...)
	return nil
}

func (p *ProcMount) readsMore() input {
	if p.AllowUserNamespace {
		return sandbox
	}
	return 0
}

// Check finds required paths that are not masked or not read-only.
func (p *ProcMount) Check(s *Subject) []Finding {
	if p.AllowUserNamespace && s.userNamespace() {
		return nil
	}
	masked, readonly := procPaths(s.Spec)
	var findings []Finding
	mounts := s.Spec.Mounts
	if missing := uncovered(onEveryMount(p.masked, mounts), masked); len(missing) > 0 {
		findings = append(findings, Finding{Found: "not masked: " + strings.Join(missing, ", "), Fix: s.fixProcMount()})
	}
	if missing := uncovered(onEveryMount(p.readonly, mounts), readonly, masked); len(missing) > 0 {
		findings = append(findings, Finding{Found: "not read-only: " + strings.Join(missing, ", "), Fix: s.fixProcMount()})
	}
	for _, found := range s.movable() {
		findings = append(findings, Finding{Found: found, Allowed: "a place outside of volumes"})
	}
	return findings
}

// fixProcMount is what the pod's author writes: a privileged container has no masks
// either.
func (s *Subject) fixProcMount() string {
	if slices.ContainsFunc(capabilitySets(s.Spec), givesAll) && everyDevice(deviceRules(s.came)) {
		return fixPrivileged
	}
	return "set securityContext.procMount: Default"
}

// Adjust adds the paths that are missing.
func (p *ProcMount) Adjust(s *Subject) []string {
	l := s.linux()
	var changes []string
	every := func(paths ...string) []string { return onEveryMount(paths, s.Spec.Mounts) }
	if add := uncovered(every(append(defaultMaskedPaths(), p.masked...)...), l.MaskedPaths); len(add) > 0 {
		l.MaskedPaths = append(l.MaskedPaths, add...)
		changes = append(changes, "masked "+strings.Join(add, ", "))
	}
	if add := uncovered(every(append(defaultReadonlyPaths(), p.readonly...)...), l.ReadonlyPaths, l.MaskedPaths); len(add) > 0 {
		l.ReadonlyPaths = append(l.ReadonlyPaths, add...)
		changes = append(changes, "made read-only "+strings.Join(add, ", "))
	}
	return changes
}

func procPaths(spec *specs.Spec) (masked, readonly []string) {
	if spec.Linux == nil {
		return nil, nil
	}
	return spec.Linux.MaskedPaths, spec.Linux.ReadonlyPaths
}

// uncovered gives the paths that are not at or below one of those there, each
// once.
func uncovered(paths []string, there ...[]string) []string {
	var out []string
	for _, p := range paths {
		named := func(list []string) bool { return slices.Contains(list, p) }
		above := func(dir string) bool {
			_, in := under(path.Clean(dir), p)
			return in && !climbs(dir) && path.Clean(dir) != "/"
		}
		covers := func(list []string) bool { return slices.ContainsFunc(list, above) }
		if !slices.ContainsFunc(there, named) && !slices.ContainsFunc(there, covers) && !covers(out) {
			out = append(out, p)
		}
	}
	return out
}

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return out
}

// requiredMaskedPaths are masked by every version of Kubernetes.
func requiredMaskedPaths() []string {
	return []string{
		"/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
		"/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
	}
}

// defaultMaskedPaths are masked by new versions of Kubernetes.
func defaultMaskedPaths() []string {
	return append(requiredMaskedPaths(), "/proc/asound", "/proc/interrupts", "/sys/devices/virtual/powercap")
}

// defaultReadonlyPaths are read-only in new versions of Kubernetes.
func defaultReadonlyPaths() []string {
	return []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}
}
