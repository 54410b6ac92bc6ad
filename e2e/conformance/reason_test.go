package conformance

import "fmt"

// reason is why specguard's answer is another than what is expected.
type reason struct {
	kind Kind
	text string
}

// reasons are those of all fixtures with another answer.
func reasons() map[string]reason {
	out := make(map[string]reason)
	both := func(kind Kind, text string, fixtures ...string) {
		for _, level := range []string{"baseline", "restricted"} {
			for _, f := range fixtures {
				out[level+"/"+f] = reason{kind, text}
			}
		}
	}
	only := func(kind Kind, text string, fixtures ...string) {
		for _, f := range fixtures {
			out[f] = reason{kind, text}
		}
	}
	numbered := func(name, variant string, numbers ...int) []string {
		names := make([]string, len(numbers))
		for i, n := range numbers {
			names[i] = fmt.Sprintf("%s%d%s", name, n, variant)
		}
		return names
	}

	both(NotVisible, noProbes,
		numbered("fail/hostprobesandhostlifecycle", "", 0, 1, 2, 3, 4)...)
	both(NotVisible, hostProcess,
		numbered("fail/windowshostprocess", "", 0, 1)...)
	both(NotVisible, notMounted,
		numbered("fail/hostpathvolumes", "", 0, 1)...)
	both(NotVisible, noInitPorts,
		"fail/hostports1")

	only(NotVisible, defaultCap,
		numbered("baseline/fail/capabilities_baseline", "", 0, 1, 2)...)
	only(NotVisible, noSeccomp,
		numbered("baseline/fail/seccompprofile_baseline", "", 0, 1, 2)...)

	only(NotVisible, forWindows, "restricted/pass/base_windows")
	only(NotVisible, notMounted,
		numbered("restricted/fail/restrictedvolumes", "", 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19)...)
	only(NotVisible, mountedByCSI,
		numbered("restricted/fail/restrictedvolumes", " mounted", 0, 1, 8, 12, 13, 15, 16)...)
	return out
}
