package e2e_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	nri "github.com/containerd/nri/pkg/api"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/node"
	"github.com/specguard/specguard/e2e/other"
)

// A rule is a row of the matrix: containers that break it, and others that
// comply.
type rule struct {
	name      string
	early     bool // denies when the container is created, others when it starts
	checkOnly bool // cannot adjust
	breaking  []breach
	compliant []container
}

// A container is what somebody asks for, and what the rule is told.
type container struct {
	name    string
	config  string // of the rule, in YAML's flow style, beside onViolation
	apply   string // more of it, where the rule adjusts
	handler string // the pod's runtime handler
	pod     []cri.PodOption
	options []cri.ContainerOption
	// other is what another NRI plugin does to the container.
	other *nri.ContainerAdjustment
	// late are options that depend on the pod.
	late func(t *testing.T, pod *cri.Sandbox, container string) cri.ContainerOption
}

// A breach is a container that breaks the rule.
type breach struct {
	container
	// found are the findings as a denial words them.
	found []string
	// stuck are the findings, if others, of a rule that adjusts.
	stuck []string
	// changes are the parts of the stored spec that adjusting changes; without
	// any, adjusting is no help.
	changes []string
	// truth is what adjusting changes of the kernel's word, for the main
	// process and for exec.
	truth func(*cri.Truth)
	// stops are shell commands that succeed in the same container without a
	// policy and fail in the adjusted one; works succeed in that.
	stops, works []string
	// notStarted: this kernel may be unable to start the adjusted container,
	// so only its spec is looked at, by check.
	notStarted bool
	check      func(t *testing.T, c running)
}

// running is a container and what the kernel says in it.
type running struct {
	*cri.Running
	pod        *cri.Sandbox
	spec       spec
	main, exec cri.Truth
}

// Containers of a pod by what policies select them.
const (
	ctrFree   = "c-free"   // no policy
	ctrReject = "c-reject" // the rule rejects
	ctrAdjust = "c-adjust" // the rule adjusts
	ctrAudit  = "c-audit"  // one policy in mode audit, one whose rule audits
	ctrSame   = "c-same"   // complies: one policy rejects, one adjusts
)

func (r rule) namespace(name string) string { return strings.ToLower(r.name) + "-" + name }

// policyName is the policy that rejects, adjusts, ... the containers in a row.
func (r rule) policyName(row, action string) string { return r.namespace(row) + "-" + action }

// policies are those of the rule's whole part of the matrix.
func (r rule) policies() string {
	var out strings.Builder
	for _, b := range r.breaking {
		out.WriteString(r.policy(b.container, ctrReject, "reject", "enforce", "reject"))
		out.WriteString(r.policy(b.container, ctrAudit, "mode", "audit", r.strongest()))
		out.WriteString(r.policy(b.container, ctrAudit, "audit", "enforce", "audit"))
		if !r.checkOnly {
			out.WriteString(r.policy(b.container, ctrAdjust, "adjust", "enforce", "adjust"))
		}
	}
	for _, c := range r.compliant {
		out.WriteString(r.policy(c, ctrSame, "reject", "enforce", "reject"))
		if !r.checkOnly {
			out.WriteString(r.policy(c, ctrSame, "adjust", "enforce", "adjust"))
		}
	}
	return out.String()
}

// strongest is the action that changes most.
func (r rule) strongest() string {
	if r.checkOnly {
		return "reject"
	}
	return "adjust"
}

func (r rule) policy(c container, container, name, mode, action string) string {
	config := c.config
	if c.apply != "" && action == "adjust" {
		config = c.apply
	}
	body := strings.TrimSuffix("onViolation: "+action+", "+config, ", ")
	return policyText(r.policyName(c.name, name), fmt.Sprintf("{namespaces: [%s], containers: [%s]}", r.namespace(c.name), container),
		mode, fmt.Sprintf("rules: {%s: {%s}}", r.name, body))
}

// policyText is a policy document; body holds profile and rules.
func policyText(name, match, mode, body string) string {
	return fmt.Sprintf("---\napiVersion: specguard.dev/v1beta1\nkind: Policy\nmetadata: {name: %s}\nspec:\n  match: %s\n  mode: %s\n  %s\n",
		name, match, mode, strings.ReplaceAll(body, "\n", "\n  "))
}

// unadjusted ends a denial where the spec cannot be adjusted.
const unadjusted = " (policy would adjust it; on this node specguard can only deny containers)"

// sentence is a denial of one policy by one rule.
func sentence(policy, rule string, found []string) string {
	return fmt.Sprintf("specguard: denied by policy %q: %s: ", policy, rule) + strings.Join(found, "; "+rule+": ")
}

// make gives the request for the container under a name. Its main process
// tells the truth and goes on.
func (c container) make(t *testing.T, pod *cri.Sandbox, name string) *request {
	t.Helper()
	options := c.options
	if c.late != nil {
		options = append(options[:len(options):len(options)], c.late(t, pod, name))
	}
	return &request{pod, cri.Container(name, node.AppImage, cri.TellTruth("sleep 600"), options...)}
}

// testRule tests one rule on every release. make is called once for each node,
// and may prepare its files.
func testRule(t *testing.T, make func(t *testing.T, n *node.Node) rule) {
	eachNode(t, func(t *testing.T, n *node.Node) {
		r := make(t, n)
		r.startOther(t, n)
		g := startRig(t, n, rigOptions{policies: r.policies()})
		g.test(t, r)
	})
	t.Run(build.CRIO.String()+" verified", func(t *testing.T) {
		t.Parallel()
		n := shared.Node(t, build.CRIO)
		r := make(t, n)
		r.startOther(t, n)
		g := startRig(t, n, rigOptions{policies: r.policies(), verify: true})
		g.test(t, r)
	})
}

// startOther starts the other NRI plugin, if a row has work for it.
func (r rule) startOther(t *testing.T, n *node.Node) {
	t.Helper()
	wanted := map[string]*nri.ContainerAdjustment{}
	for _, b := range r.breaking {
		wanted[r.namespace(b.name)] = b.other
	}
	for _, c := range r.compliant {
		wanted[r.namespace(c.name)] = c.other
	}
	maps.DeleteFunc(wanted, func(_ string, a *nri.ContainerAdjustment) bool { return a == nil })
	if len(wanted) == 0 {
		return
	}
	stop, err := other.Start(t.Context(), n.NRISocket(), func(pod *nri.PodSandbox, _ *nri.Container) *nri.ContainerAdjustment {
		return wanted[pod.GetNamespace()]
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
}

func (g *rig) test(t *testing.T, r rule) {
	for _, b := range r.breaking {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			g.breach(t, r, b)
		})
	}
	for _, c := range r.compliant {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g.compliant(t, r, c)
		})
	}
}

// breach runs one container four times: without a policy, rejected, audited
// and adjusted.
func (g *rig) breach(t *testing.T, r rule, b breach) {
	pod := g.runPodUnder(t, b.handler, r.namespace(b.name), b.pod...)
	free := g.run(t, b.make(t, pod, ctrFree), "")
	if left := attempt(t, free, b.stops); len(left) > 0 {
		t.Errorf("without a policy these do not work either: %q", left)
	}

	reject := r.policyName(b.name, "reject")
	g.refused(t, b.make(t, pod, ctrReject), refusal{sentence: sentence(reject, r.name, b.found), early: r.early})
	g.judged(t, reject, r.name, "denied", b.found)

	audited := g.run(t, b.make(t, pod, ctrAudit), "allowed")
	sameSpec(t, audited.spec, free.spec)
	g.judged(t, r.policyName(b.name, "audit"), r.name, "audited", b.found)
	if b.stuck == nil {
		b.stuck = b.found
	}
	g.judged(t, r.policyName(b.name, "mode"), r.name, "audited", b.stuck)

	adjust := r.policyName(b.name, "adjust")
	switch {
	case r.checkOnly:
	case b.notStarted && (g.Wrapped() || g.verify): // there is no spec to look at before it starts
	case g.verify && !r.early:
		g.refused(t, b.make(t, pod, ctrAdjust), refusal{sentence: sentence(adjust, r.name, b.found) + unadjusted})
	case g.verify && b.changes != nil: // NRI carries it, but for the root's propagation
		if others := without(b.changes, "linux.rootfsPropagation"); len(others) < len(b.changes) {
			b.changes, b.works = others, nil
		}
		b.compare(t, g.run(t, b.make(t, pod, ctrAdjust), "adjusted"), free)
	case b.changes == nil:
		g.refused(t, b.make(t, pod, ctrAdjust), refusal{sentence: sentence(adjust, r.name, b.stuck), early: r.early})
	default:
		bring := g.run
		if b.notStarted {
			bring = g.create
		}
		b.compare(t, bring(t, b.make(t, pod, ctrAdjust), "adjusted"), free)
		g.judged(t, adjust, r.name, "adjusted", nil)
	}
}

func without(list []string, item string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == item })
}

// compare compares the adjusted container with the same one without a policy.
func (b breach) compare(t *testing.T, c, free running) {
	t.Helper()
	sameList(t, "changed parts of the spec", c.spec.changes(free.spec), b.changes)
	sameList(t, "parts that the spec says to be changed", c.spec.note.parts(), b.changes)
	if !b.notStarted {
		want := free.main
		if b.truth != nil {
			b.truth(&want)
		}
		sameKernel(t, "main process", c.main, want)
		sameKernel(t, "exec", c.exec, want)
		stream, err := c.StreamTruth(t.Context()) // as kubectl exec
		if err != nil {
			t.Fatal(err)
		}
		sameKernel(t, "exec over a stream", stream, want)
		if left := attempt(t, c, b.works); len(left) > 0 {
			t.Errorf("does not work when adjusted: %q", left)
		}
	}
	if b.check != nil {
		b.check(t, c)
	}
	if b.notStarted {
		return
	}
	// The last: what it leaves behind, such as processes up to the limit, can
	// keep another exec from starting.
	if left := attempt(t, c, b.stops); len(left) != len(b.stops) {
		t.Errorf("of %q only %q fail when adjusted", b.stops, left)
	}
}

// compliant runs a container that complies with and without policies.
func (g *rig) compliant(t *testing.T, r rule, c container) {
	pod := g.runPodUnder(t, c.handler, r.namespace(c.name), c.pod...)
	free := g.run(t, c.make(t, pod, ctrFree), "")
	same := g.run(t, c.make(t, pod, ctrSame), "allowed")
	sameSpec(t, same.spec, free.spec)
	sameKernel(t, "main process", same.main, free.main)
	sameKernel(t, "exec", same.exec, free.exec)
	g.judged(t, r.policyName(c.name, "reject"), r.name, "allowed", nil)
}
