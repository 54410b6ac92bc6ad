package conformance

import "fmt"

// kind is how specguard's answer relates to what is expected.
type kind string

const (
	agree kind = "agree"

	// notVisible is about what a container runtime is not told, or what has no
	// effect that it could see.
	notVisible kind = "not visible"

	// disagree is a decision that is another. There is none.
	disagree kind = "disagree"
)

// reason is why specguard's answer is another than what is expected.
type reason struct {
	kind kind
	text string
}

// reasons are those of all fixtures with another answer.
func reasons() map[string]reason {
	out := make(map[string]reason)
	both := func(kind kind, text string, fixtures ...string) {
		for _, level := range []string{"baseline", "restricted"} {
			for _, f := range fixtures {
				out[level+"/"+f] = reason{kind, text}
			}
		}
	}
	only := func(kind kind, text string, fixtures ...string) {
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

	both(notVisible, "the kubelet's probes and hooks are not told to a container runtime",
		numbered("fail/hostprobesandhostlifecycle", "", 0, 1, 2, 3, 4)...)
	both(notVisible, "HostProcess is for Windows; what is denied is hostNetwork",
		numbered("fail/windowshostprocess", "", 0, 1)...)
	both(notVisible, "no container mounts the volume",
		numbered("fail/hostpathvolumes", "", 0, 1)...)
	both(notVisible, "the kubelet asks for no ports of init containers, so that they lead nowhere",
		"fail/hostports1")

	only(notVisible, "the capability is one of the runtime's defaults, which each container has",
		numbered("baseline/fail/capabilities_baseline", "", 0, 1, 2)...)
	only(notVisible, "Unconfined and no profile at all are the same to a container runtime",
		numbered("baseline/fail/seccompprofile_baseline", "", 0, 1, 2)...)

	only(notVisible, "for Windows", "restricted/pass/base_windows")
	only(notVisible, "no container mounts the volume",
		numbered("restricted/fail/restrictedvolumes", "", 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19)...)
	only(notVisible, "the kubelet has the volume mounted by its CSI driver: it is a csi volume, which is allowed",
		numbered("restricted/fail/restrictedvolumes", " mounted", 0, 1, 8, 12, 13, 15, 16)...)
	return out
}
