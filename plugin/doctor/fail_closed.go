package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/semver"
)

// nri is what a version of NRI brings.
type nri struct {
	version   string
	validates bool // plugins validate, and the default validator requires them: since NRI 0.10
}

// release is a first version of a runtime and its NRI, as in its go.mod.
type release struct {
	since string
	nri   nri
}

// nriReleases are the runtimes' versions that brought another NRI, newest first.
func nriReleases(component string) []release {
	if component == crio {
		return []release{{"v1.26.0", nri{version: "0.9 or older"}}}
	}
	return []release{
		{"v2.4.0", nri{version: "0.12.3", validates: true}},
		{"v2.3.0", nri{version: "0.12.0", validates: true}},
		{"v2.2.0", nri{version: "0.11", validates: true}},
		{"v1.7.0", nri{version: "0.8 or older"}},
	}
}

// nextRelease is the first version of a runtime whose NRI is not known here.
func nextRelease(component string) string {
	if component == crio {
		return "v1.34.1"
	}
	return "v2.5.0"
}

// nri is the NRI that the runtime brings; ok is false where that is not known.
func (r *containerRuntime) nri() (n nri, ok bool) {
	if r.err != nil || !r.before(nextRelease(r.component)) {
		return nri{}, false
	}
	all := nriReleases(r.component)
	i := slices.IndexFunc(all, func(x release) bool { return semver.Compare(x.since, r.version.semver) <= 0 })
	if i < 0 {
		return nri{}, false
	}
	return all[i].nri, true
}

// checkFailClosed tells what becomes of containers while the agent is away:
// docs/deployment.md has it by version.
func checkFailClosed(_ context.Context, n *Node) []Finding {
	var out []Finding
	for _, r := range n.runtimes {
		if r.err == nil {
			out = append(out, n.failsClosed(&r))
		}
	}
	return out
}

func (n *Node) failsClosed(r *containerRuntime) Finding {
	const away = "containers that are created while the agent is away run unjudged"
	v := r.config.validator
	brings, known := r.nri()
	wrapped := n.wrapper(r)
	switch {
	case wrapped.usable() && len(wrapped.without) == 0:
		return ok("%s: its OCI runtime is specguard-runtime, which refuses containers without a seal", r)
	case wrapped.usable():
		return warning("run specguard install for the handlers "+strings.Join(wrapped.without, ", ")+", too",
			"%s: by the handlers %s, which specguard-runtime does not stand before, %s", r, strings.Join(wrapped.without, ", "), away)
	case v.requires(n.Plugin) && v.tolerate != "":
		return warning(fmt.Sprintf("take out %s: every pod's author can write that annotation", r.config.terms.tolerate),
			"%s: the validator requires the agent, but not for pods with the annotation %q", r, v.tolerate)
	case !known:
		return warning("see Failing closed in docs/deployment.md", "%s: which NRI it brings is not known to this specguard", r)
	case !brings.validates:
		return warning("make specguard-runtime the OCI runtime, or update to a version whose NRI is 0.10 or later",
			"%s brings NRI %s: %s", r, brings.version, away)
	case v.requires(n.Plugin):
		return ok("%s: containers are refused while the agent is away (NRI %s, required_plugins)", r, brings.version)
	default:
		return warning("set "+fmt.Sprintf(r.config.terms.require, n.Plugin)+", and read Failing closed in docs/deployment.md first",
			"%s brings NRI %s: %s, but for the first after it died or hung", r, brings.version, away)
	}
}
