package policy

import (
	"slices"
	"strings"

	"github.com/specguard/specguard/internal/strict"
)

// Annotations limits the annotations that configure OCI runtimes. Such annotations can override
// the spec. For example, crun loads the seccomp filter of run.oci.seccomp_bpf_data instead of
// the spec's, writes to files of the host (run.oci.hooks.stdout) and loads libraries
// (run.oci.seccomp.plugins). The rule does not judge other annotations.
//
// It judges run.oci.* and module.wasm.* (crun, youki), org.criu.* and org.systemd.property.*
// (runc, crun), krun.* (crun), bundle (runc), io.containerd.runc.* (containerd's shim),
// io.katacontainers.* (Kata Containers) and dev.gvisor.* (gVisor).
//
// It judges the pod's annotations too, because runtimes copy them to each container. CRI-O copies
// all, but of run.oci.*, module.wasm.*, org.criu.* and org.systemd.property.* only those in its
// setting allowed_annotations. containerd copies those in its setting pod_annotations. The
// annotations of org.systemd.property.* that CRI-O writes itself are allowed.
//
// Reads: annotations (OCI runtime spec, config.md, "Annotations"), and those of the pod.
// Adjusts: removes these annotations from the container's spec. A pod's annotation for Kata
// Containers or gVisor already applies to the whole pod, so the container is denied. The pod's
// other annotations have no effect once they are removed from the container.
// Source: OCI runtime spec, features-linux.md, "Unsafe annotations in config.json"; crun(1),
// "Extensions to OCI"; runc, docs/systemd-properties.md.
// Example: {allowed: ["io.katacontainers.config.hypervisor.default_vcpus"]}
type Annotations struct {
	Base `yaml:",inline"`

	// Allowed lists patterns for the names of annotations that are allowed.
	// Default: none.
	Allowed []Glob `yaml:"allowed"`
}

// Validate rejects a rule that checks nothing.
func (a *Annotations) Validate() error {
	if slices.Contains(a.Allowed, "**") && a.Action() != Ignore {
		return strict.Field("allowed", "covers every annotation: %s", checksNothing)
	}
	return nil
}

// Warnings tells of patterns that cover none of the annotations that the rule judges, or all of them.
func (a *Annotations) Warnings() []error {
	var names, families []string
	covered := true
	for _, o := range obeyedAnnotations() {
		if names = append(names, o.name); strings.HasSuffix(o.name, ".") {
			families = append(families, o.name)
		}
		covered = covered && matchAny(a.Allowed, o.name) && (o.name == "bundle" || matchAny(a.Allowed, o.name+"a.b"))
	}
	if covered {
		return []error{strict.Field("allowed", "covers every annotation that an OCI runtime obeys: %s", checksNothing)}
	}
	var out []error
	for i, g := range a.Allowed {
		if !slices.ContainsFunc(names, g.Match) && !anyShare([]string{string(g)}, families, func(s string) string { return s }) {
			out = append(out, strict.Entry("allowed", i, "%q covers no annotation that an OCI runtime obeys; others are not judged (judged: %s)",
				g, strings.Join(names, ", ")))
		}
	}
	return out
}

const fixAnnotations = "remove these annotations from metadata.annotations"

// Check finds annotations that are not allowed.
func (a *Annotations) Check(s *Subject) []Finding {
	var out []Finding
	if names := a.refused(s.Spec.Annotations); len(names) > 0 {
		out = append(out, listing("annotations ", names, " not allowed").with(listOrNone(a.Allowed), fixAnnotations))
	}
	names := slices.DeleteFunc(a.refused(s.Pod.Annotations), func(key string) bool {
		_, there := s.Spec.Annotations[key]
		_, wholePod := obeyedAnnotation(key)
		return !wholePod && (there || a.Action() == Adjust)
	})
	if len(names) > 0 {
		out = append(out, listing("pod's annotations ", names, " not allowed").with(listOrNone(a.Allowed), fixAnnotations))
	}
	return out
}

// Adjust removes them from the container.
func (a *Annotations) Adjust(s *Subject) []string {
	var done []string
	for _, key := range a.refused(s.Spec.Annotations) {
		delete(s.Spec.Annotations, key)
		done = append(done, "removed annotation "+key)
	}
	return done
}

// refused are the names of the annotations that are not allowed, sorted.
func (a *Annotations) refused(annotations map[string]string) []string {
	var out []string
	for key, value := range annotations {
		obeyed, _ := obeyedAnnotation(key)
		if obeyed && !ownAnnotation(key, value) && !matchAny(a.Allowed, key) {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}
