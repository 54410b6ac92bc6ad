package policy

import (
	"regexp"
	"strings"
)

// obeyedBy is a family of annotations that an OCI runtime, or what it starts,
// takes orders from.
type obeyedBy struct {
	// name is the annotation's, or what the names begin with where it ends in a
	// dot.
	name string

	// wholePod: the orders in the annotations of the sandbox are for all
	// containers of the pod.
	wholePod bool
}

// obeyedAnnotations are all that are known.
//
// Source: runc features and crun features (potentiallyUnsafeConfigAnnotations,
// OCI runtime spec, features-linux.md); crun(1), "Extensions to OCI"; Kata
// Containers, docs/how-to/how-to-set-sandbox-config-kata.md; gVisor, runsc/specutils
// and runsc/boot; containerd, cmd/containerd-shim-runc-v2/manager.
func obeyedAnnotations() [9]obeyedBy {
	return [...]obeyedBy{
		{name: "bundle"},
		{name: "org.criu."},
		{name: "org.systemd.property."},
		{name: "run.oci."},
		{name: "module.wasm."},
		{name: "krun."},
		{name: "io.containerd.runc."},
		{name: "io.katacontainers.", wholePod: true},
		{name: "dev.gvisor.", wholePod: true},
	}
}

func (o obeyedBy) is(key string) bool {
	return key == o.name || strings.HasSuffix(o.name, ".") && strings.HasPrefix(key, o.name)
}

// obeyedAnnotation reports whether an OCI runtime takes orders from the annotation,
// and whether they are for the whole pod.
func obeyedAnnotation(key string) (obeyed, wholePod bool) {
	for _, o := range obeyedAnnotations() {
		if o.is(key) {
			return true, o.wholePod
		}
	}
	return false, false
}

// ObeyedAnnotations returns those of the annotations that configure OCI runtimes.
func ObeyedAnnotations(annotations map[string]string) map[string]string {
	var out map[string]string
	for key, value := range annotations {
		if ok, _ := obeyedAnnotation(key); ok {
			if out == nil {
				out = make(map[string]string)
			}
			out[key] = value
		}
	}
	return out
}

// stopTimeout is how long systemd waits until it kills what is left of a scope.
var stopTimeout = regexp.MustCompile(`^uint64 [0-9]{1,19}$`)

// ownAnnotation reports whether CRI-O writes the annotation itself, with that value,
// on each container where cgroups are systemd's. They do no harm.
//
// Source: CRI-O 1.34, internal/factory/container (SpecAddAnnotations); CollectMode is
// on sandboxes (server/sandbox_run_linux.go), and in older releases on containers too.
func ownAnnotation(key, value string) bool {
	switch key {
	case "org.systemd.property.DefaultDependencies":
		return value == "true"
	case "org.systemd.property.After":
		return value == "['crio.service']"
	case "org.systemd.property.TimeoutStopUSec":
		return stopTimeout.MatchString(value)
	case "org.systemd.property.CollectMode":
		return value == "'inactive-or-failed'"
	default:
		return false
	}
}
