package breakage

import (
	"fmt"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

const capabilitiesField = "process.capabilities"

// lost are the capabilities that the process may use before and not after, sorted.
func (a *adjustment) lost() []string {
	left := usable(a.after)
	var out []string
	for _, c := range usable(a.before) {
		if !slices.Contains(left, c) {
			out = append(out, c)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// usable are the capabilities that the process has or can get, without CAP_.
func usable(spec *specs.Spec) []string {
	if spec.Process.Capabilities == nil {
		return nil // all, which no warning names
	}
	var out []string
	for _, set := range [][]string{spec.Process.Capabilities.Bounding, spec.Process.Capabilities.Permitted} {
		for _, c := range set {
			out = append(out, strings.TrimPrefix(strings.ToUpper(c), "CAP_"))
		}
	}
	return out
}

// givenByDefault are the capabilities that containerd and CRI-O give to every container.
//
// Source: containerd, pkg/oci (defaultUnixCaps); CRI-O, default_capabilities in crio.conf(5).
func givenByDefault() []string {
	return []string{
		"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW", "SETFCAP",
		"SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
	}
}

// addedCapability: the pod asks for a capability, and adjusting takes it away.
func addedCapability(a *adjustment) []found {
	added := slices.DeleteFunc(a.lost(), func(c string) bool { return slices.Contains(givenByDefault(), c) })
	if len(added) == 0 {
		return nil
	}
	return []found{{capabilitiesField, "takes away " + few(added) + ", which the pod adds: what needs it fails with " +
		`"operation not permitted"`}}
}

// rootWithoutCapability: the process stays root, and cannot change files' owners or its user any more.
func rootWithoutCapability(a *adjustment) []found {
	if a.after.Process.User.UID != 0 {
		return nil
	}
	needed := slices.DeleteFunc(a.lost(), func(c string) bool { return !slices.Contains([]string{"CHOWN", "SETGID", "SETUID"}, c) })
	if len(needed) == 0 {
		return nil
	}
	return []found{{capabilitiesField, "leaves the container root, but without " + few(needed) + ": a program that gives files to " +
		"another user, or becomes another user when it starts, fails"}}
}

// unusableCapability: the process keeps capabilities that the pod adds, but not root. When another user starts
// a program, only the ambient capabilities stay, or those of the program's file.
//
// Source: capabilities(7), "Transformation of capabilities during execve()".
func unusableCapability(a *adjustment) []found {
	set := a.after.Process.Capabilities
	if a.before.Process.User.UID != 0 || a.after.Process.User.UID == 0 || set == nil {
		return nil
	}
	var kept []string
	for _, c := range usable(a.after) {
		ambient := slices.ContainsFunc(set.Ambient, func(n string) bool { return strings.EqualFold(n, "CAP_"+c) })
		if !ambient && (!slices.Contains(givenByDefault(), c) || !hasDefaults(a.before)) {
			kept = append(kept, c)
		}
	}
	slices.Sort(kept)
	if kept = slices.Compact(kept); len(kept) == 0 {
		return nil
	}
	return []found{{userField, fmt.Sprintf("changes uid 0 to %d, which cannot use %s of the container: a user other than root gets a "+
		"capability only if it is ambient, or from the file of a program", a.after.Process.User.UID, few(kept))}}
}

// hasDefaults reports whether the container has what runtimes give to one that drops nothing. One that
// has less has asked for each.
func hasDefaults(spec *specs.Spec) bool {
	have := usable(spec)
	return slices.Contains(have, "CHOWN") && slices.Contains(have, "SETUID") && slices.Contains(have, "KILL")
}

// few are the first of the names.
func few(names []string) string {
	const most = 6
	if len(names) > most {
		return strings.Join(names[:most], ", ") + " and more"
	}
	return strings.Join(names, ", ")
}
