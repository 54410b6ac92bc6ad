package conformance

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	corev1 "k8s.io/api/core/v1"
)

const annotationPrefix = corev1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix

// eraseBadAnnotations removes profiles that are for no container of the pod,
// or that are written in no form that there is.
func eraseBadAnnotations(p *corev1.Pod) {
	known := make(map[string]bool)
	eachContainer(func(c *corev1.Container) { known[annotationPrefix+c.Name] = true })(p)
	for name, value := range p.Annotations {
		isProfile := value == "" || value == corev1.DeprecatedAppArmorBetaProfileRuntimeDefault ||
			value == corev1.DeprecatedAppArmorBetaProfileNameUnconfined ||
			strings.HasPrefix(value, corev1.DeprecatedAppArmorBetaProfileNamePrefix)
		if strings.HasPrefix(name, annotationPrefix) && (!known[name] || !isProfile) {
			delete(p.Annotations, name)
		}
	}
}

// moveSecurity gives each container what the pod says for those that say
// nothing, and takes it from the pod.
func moveSecurity(p *corev1.Pod) {
	s := security(p)
	eachContainer(func(c *corev1.Container) {
		own := c.SecurityContext
		own.SELinuxOptions = cmp.Or(own.SELinuxOptions, s.SELinuxOptions)
		own.SeccompProfile = cmp.Or(own.SeccompProfile, s.SeccompProfile)
		own.RunAsUser = cmp.Or(own.RunAsUser, s.RunAsUser)
		own.RunAsNonRoot = cmp.Or(own.RunAsNonRoot, s.RunAsNonRoot)
		switch _, annotated := p.Annotations[annotationPrefix+c.Name]; {
		case own.AppArmorProfile != nil: // before the annotation
			delete(p.Annotations, annotationPrefix+c.Name)
		case !annotated:
			own.AppArmorProfile = s.AppArmorProfile
		}
	})(p)
	s.SELinuxOptions, s.SeccompProfile, s.AppArmorProfile, s.RunAsUser, s.RunAsNonRoot = nil, nil, nil, nil, nil
}

// defaultCapabilities are containerd's.
func defaultCapabilities() []corev1.Capability {
	return []corev1.Capability{
		"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW",
		"SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
	}
}

// eraseDefaultCapabilities asks for no capability that the container has
// without asking.
func eraseDefaultCapabilities(s *corev1.SecurityContext) {
	if c := s.Capabilities; c != nil && !has(c.Drop, "ALL") {
		c.Add = slices.DeleteFunc(c.Add, func(n corev1.Capability) bool {
			return slices.ContainsFunc(defaultCapabilities(), func(d corev1.Capability) bool { return strings.EqualFold(string(d), string(n)) })
		})
	}
}

// holdCapabilities asks in the plainest words for the capabilities that the
// container holds: all of the defaults are dropped, or none.
func holdCapabilities(s *corev1.SecurityContext) {
	c := s.Capabilities
	if c == nil {
		return
	}
	var held []corev1.Capability
	if !has(c.Drop, "ALL") {
		held = defaultCapabilities()
	}
	for _, n := range c.Add {
		if n = corev1.Capability(strings.ToUpper(string(n))); !slices.Contains(held, n) && (n != "ALL" || !has(c.Drop, "ALL")) {
			held = append(held, n)
		}
	}
	held = slices.DeleteFunc(held, func(n corev1.Capability) bool { return n != "ALL" && has(c.Drop, n) })
	*c = corev1.Capabilities{Drop: []corev1.Capability{"ALL"}, Add: held}
	if slices.ContainsFunc(held, func(n corev1.Capability) bool {
		return n != "NET_BIND_SERVICE" && slices.Contains(defaultCapabilities(), n)
	}) {
		c.Drop = nil
		eraseDefaultCapabilities(s)
	}
}

func has(list []corev1.Capability, name corev1.Capability) bool {
	return slices.ContainsFunc(list, func(n corev1.Capability) bool { return strings.EqualFold(string(n), string(name)) })
}

func eraseRuntimesLabel(c *corev1.Container) {
	if c.SecurityContext.SELinuxOptions == nil {
		return
	}
	o := *c.SecurityContext.SELinuxOptions // the pod's may be shared by its containers
	if o.User == "system_u" {
		o.User = ""
	}
	if o.Role == "system_r" {
		o.Role = ""
	}
	c.SecurityContext.SELinuxOptions = &o
}

// hasObeyedAnnotation tells whether the pod has an annotation that an OCI
// runtime takes orders from: crun, youki, runc, Kata Containers, gVisor.
func hasObeyedAnnotation(p *corev1.Pod) bool {
	families := []string{
		"run.oci.", "module.wasm.", "krun.", "org.criu.", "org.systemd.property.", "io.containerd.runc.",
		"io.katacontainers.", "dev.gvisor.",
	}
	for name := range p.Annotations {
		if name == "bundle" || slices.ContainsFunc(families, func(f string) bool { return strings.HasPrefix(name, f) }) {
			return true
		}
	}
	return false
}

// hasOddSysctl tells whether the pod sets a sysctl to a value with a + or a
// control character in it.
func hasOddSysctl(p *corev1.Pod) bool {
	return p.Spec.SecurityContext != nil && slices.ContainsFunc(p.Spec.SecurityContext.Sysctls, func(s corev1.Sysctl) bool {
		return strings.ContainsFunc(s.Value, func(r rune) bool { return r == '+' || unicode.IsControl(r) })
	})
}
