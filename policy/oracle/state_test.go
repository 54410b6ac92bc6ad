package oracle

import (
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// kind is what an ability is of.
type kind string

// The kinds of abilities.
const (
	capability     kind = "capability"
	root           kind = "root"              // to be the host's root or of its group
	escalate       kind = "escalate"          // to gain privileges by running a program
	hostNamespace  kind = "host namespace"    // the host's is shared
	otherNamespace kind = "other namespace"   // one that is not the pod's is joined
	hostFiles      kind = "host files"        // of the host, or of another pod
	filesystem     kind = "filesystem"        // of a device, of a server, or one that shows the kernel
	remount        kind = "remount"           // another mount's options are replaced
	volume         kind = "volume"            // of the pod
	token          kind = "token"             // of a service account
	runWritable    kind = "run what it wrote" // a file that it can write and run
	mountFlag      kind = "mount flag"        // that nothing takes away
	kernelFiles    kind = "kernel files"      // sysfs or cgroups, writable
	unmasked       kind = "unmasked"          // a path that Kubernetes hides or protects
	foreignIDs     kind = "foreign ids"       // files of ids that are not its own
	propagation    kind = "propagation"       // mounts spread to the host
	spread         kind = "spreading mounts"  // from a volume to where the host has it
	device         kind = "device"            // its use
	deviceNode     kind = "device node"
	sysctl         kind = "sysctl"
	appArmor       kind = "AppArmor" // none
	seLinux        kind = "SELinux"  // a label, by its parts
	seccomp        kind = "seccomp"  // a call that gets through
	writableRoot   kind = "writable root"
	noLimit        kind = "no limit"
	annotation     kind = "annotation" // that an OCI runtime obeys
	cgroup         kind = "cgroup"     // that is not in the pod's, or whose files reach further
	priority       kind = "priority"   // over other processes of the node
	netDevice      kind = "network device"
	rdt            kind = "RDT" // a class of cache and bandwidth is rewritten
	hook           kind = "hook"
	variable       kind = "environment"
)

// ability is something that a container can do because of its spec.
type ability struct {
	kind kind
	what string
}

func (a ability) String() string { return string(a.kind) + ": " + a.what }

// state is what a spec gives a container in the kernel.
type state struct {
	can    map[ability]bool
	limits limits

	// none says why no OCI runtime makes a container of the spec.
	none string
}

func (s *state) add(k kind, what string) { s.can[ability{k, what}] = true }

// list gives the abilities, sorted.
func (s *state) list(which func(ability) bool) []string {
	var out []string
	for a := range s.can {
		if which(a) {
			out = append(out, a.String())
		}
	}
	slices.Sort(out)
	return out
}

// has reports whether there is an ability of the kind.
func (s *state) has(k kind) bool {
	for a := range s.can {
		if a.kind == k {
			return true
		}
	}
	return false
}

// read finds out what the spec gives.
func (n node) read(spec *specs.Spec) *state {
	s := &state{can: make(map[ability]bool)}
	linux := spec.Linux
	if linux == nil {
		linux = &specs.Linux{}
	}
	resources := linux.Resources
	if resources == nil {
		resources = &specs.LinuxResources{}
	}
	mapped := ownIDs(linux)
	s.process(spec.Process, mapped)
	s.security(n, spec.Process)
	s.namespaces(n, linux)
	s.filesystem(n, spec, linux, mapped)
	s.devices(linux, resources, mapped)
	s.filter(linux.Seccomp)
	s.node(spec, linux)
	s.limits = limitsOf(resources)
	s.unlimited()
	if spec.Process == nil {
		s.none = "there is no process"
	} else if spec.Root == nil {
		s.none = "there is no root filesystem"
	}
	return s
}

// more lists what the container can do after an adjustment and could not before.
func more(before, after *state) []string {
	return append(after.list(func(a ability) bool {
		// What is written to a tmpfs could be written to what was there before, the root
		// filesystem or a mount that was removed.
		stood := a.kind == runWritable && memoryIn(a.what) && (before.has(writableRoot) || before.has(hostFiles) || before.has(filesystem))
		return !before.can[a] && !stood
	}), after.limits.above(before.limits)...)
}
