package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/moby/sys/capability"
	"github.com/opencontainers/runtime-spec/specs-go"
)

// capabilitySets gives the five sets of the spec's process; none where it has
// no capabilities at all.
func capabilitySets(spec *specs.Spec) []*[]string {
	if spec.Process == nil || spec.Process.Capabilities == nil {
		return nil
	}
	c := spec.Process.Capabilities
	return []*[]string{&c.Bounding, &c.Effective, &c.Permitted, &c.Inheritable, &c.Ambient}
}

// heldOf are the names in any of the five sets that are so, each once: a pod can add very many.
func heldOf(spec *specs.Spec, so func(name string) bool) []string {
	var out []string
	seen := make(map[string]bool)
	for _, set := range capabilitySets(spec) {
		for _, name := range *set {
			if !seen[name] && so(name) {
				out = append(out, name)
			}
			seen[name] = true
		}
	}
	return out
}

// short is the name as Kubernetes writes it, without CAP_.
func short(name string) string { return strings.TrimPrefix(strings.ToUpper(name), "CAP_") }

// isCapability reports whether a capability is called so, with CAP_ and in capitals.
func isCapability(name string) bool {
	short, ok := strings.CutPrefix(name, "CAP_")
	for c := capability.Cap(0); ok; c++ {
		switch known := c.String(); {
		case known == "unknown":
			return false
		case len(known) == len(short) && strings.EqualFold(known, short):
			return true
		}
	}
	return false
}

// mayGive reports whether an OCI runtime takes one of the names for the capability.
func mayGive(set []string, name string) bool {
	return slices.ContainsFunc(set, func(n string) bool { return meansCapability(n, name) })
}

// meansCapability reports whether an OCI runtime takes the name for the capability. runc
// wants it as it is. crun has libcap read it: in any case, as a number, and whatever
// comes behind it. Others do without CAP_.
//
// Source: runc 1.5.2, libcontainer/capabilities; libcap, cap_text.c (lookupname).
func meansCapability(name, wanted string) bool {
	if name != "" && unicode.IsDigit(rune(name[0])) {
		n, ok := leadingNumber(name)
		return ok && strings.EqualFold(capability.Cap(n).String(), short(wanted))
	}
	end := strings.IndexFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && r != '_' })
	if end >= 0 {
		name = name[:end]
	}
	return strings.EqualFold(name, wanted) || strings.EqualFold(name, short(wanted))
}

// leadingNumber reads the number with which a text begins, in any base that strtoul(3)
// tells by itself.
func leadingNumber(text string) (n uint64, ok bool) {
	for end := len(text); end > 0; end-- {
		if n, err := strconv.ParseUint(text[:end], 0, 8); err == nil {
			return n, true
		}
	}
	return 0, false
}

// displayed are the first names as messages have them, sorted: short where they are a
// capability's.
func displayed(names []string) []string {
	var out []string
	for _, name := range names {
		text := short(name)
		if !isCapability(strings.ToUpper(name)) {
			text = fmt.Sprintf("%q (not a known capability)", name)
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func joinShort(names []Capability) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = short(string(n))
	}
	return strings.Join(out, ", ")
}
