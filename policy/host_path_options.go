package policy

import "slices"

// isReadOnly tells whether a mount with the options is read-only. Of ro and rw
// the last counts, and so of their recursive forms, which the runtimes apply
// on top (mount_setattr(2)).
func isReadOnly(options []string) bool {
	plain, recursive := "", ""
	for _, o := range options {
		switch o {
		case "ro", "rw":
			plain = o
		case "rro", "rrw":
			recursive = o
		}
	}
	return recursive == "rro" || (plain == "ro" && recursive == "")
}

// readOnly gives the options with what makes a mount read-only.
func readOnly(options []string) []string {
	out := slices.DeleteFunc(slices.Clone(options), func(o string) bool { return o == "ro" || o == "rw" || o == "rrw" })
	return append(out, "ro")
}

// propagation gives the strongest mount propagation among the options. Where
// there is none a runtime makes the mount private or a slave of the host's;
// the runtimes' CRI services always say which.
func propagation(options []string) Propagation {
	strongest := PropagationNone
	for _, o := range options {
		p := PropagationNone
		switch o {
		case "shared", "rshared":
			p = PropagationBidirectional
		case "slave", "rslave":
			p = PropagationHostToContainer
		}
		if p.strength() > strongest.strength() {
			strongest = p
		}
	}
	return strongest
}

// propagate gives the options with that propagation and no other.
func propagate(options []string, p Propagation) []string {
	all := []string{"private", "rprivate", "slave", "rslave", "shared", "rshared", "unbindable", "runbindable"}
	out := slices.DeleteFunc(slices.Clone(options), func(o string) bool { return slices.Contains(all, o) })
	if p == PropagationHostToContainer {
		return append(out, "rslave")
	}
	return append(out, "rprivate")
}
