package conformance

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// A Difference is a control of the Standards about which Kubernetes and
// specguard say different things.
type Difference struct {
	Control    string
	Kubernetes string // why it denies; "" where it allows
	Specguard  string // why it denies; "" where it allows
	Reason     string // "" where there is none: a fault
}

func (d Difference) String() string {
	says := func(why string) string {
		if why == "" {
			return "allowed"
		}
		return "denied: " + why
	}
	return fmt.Sprintf("%s: Kubernetes: %s; specguard: %s", d.Control, says(d.Kubernetes), says(d.Specguard))
}

// A Comparison is what Kubernetes and specguard say of a pod.
type Comparison struct {
	Allowed     bool // by Kubernetes
	Answer      Answer
	Differences []Difference
}

// Kind tells how the two verdicts relate. Pods that both deny agree only if
// each control for which one of them denies is one of the other's too, or the
// reason why not is known.
func (c Comparison) Kind() Kind {
	switch {
	case slices.ContainsFunc(c.Differences, func(d Difference) bool { return d.Reason == "" }):
		return Disagree
	case c.Allowed == (c.Answer.Outcome == allowed):
		return Agree
	case c.Allowed && slices.ContainsFunc(c.Differences, func(d Difference) bool { return slices.Contains(attacks(), d.Reason) }):
		return Stricter
	default:
		return NotVisible
	}
}

// Reasons are the reasons of the differences, each once.
func (c Comparison) Reasons() []string {
	var out []string
	for _, d := range c.Differences {
		if !slices.Contains(out, d.Reason) {
			out = append(out, d.Reason)
		}
	}
	slices.Sort(out)
	return out
}

// Compare compares what specguard answered about the pod, with the profile of
// the standard's level in force, with what the standard says. A difference has
// a reason where there is none for the pod without what a node cannot see.
func (s *Standard) Compare(pod *corev1.Pod, got Answer) Comparison {
	c := Comparison{Allowed: s.Allows(pod), Answer: got}
	if got.Outcome == notJudged {
		d := Difference{Control: "all", Kubernetes: s.why(pod), Specguard: got.Message}
		if pod.Spec.OS != nil && pod.Spec.OS.Name == corev1.Windows {
			d.Reason = forWindows
		}
		c.Differences = []Difference{d}
		return c
	}
	steps := []step{{says: s.Denied(pod)}}
	seen := pod.DeepCopy()
	for _, u := range notSeen() {
		u.erase(seen)
		steps = append(steps, step{u.text, s.Denied(seen)})
	}
	for _, ctl := range controls() {
		want, mine := steps[0].says[ctl.name], got.words(ctl.rules)
		if (want != "") == (mine != "") {
			continue
		}
		d := Difference{Control: ctl.name, Kubernetes: sentence(want), Specguard: mine}
		switch _, privileged := steps[0].says["privileged"]; {
		case mine != "" && ctl.privileged && privileged:
			d.Reason = isPrivileged
		case ctl.name == "annotations" && hasObeyedAnnotation(pod):
			d.Reason = obeyedAnnotation
		case ctl.name == "sysctls" && hasOddSysctl(pod) && got.always(ctl.rules, "has a + or a control character in its value"):
			d.Reason = oddSysctl
		default:
			d.Reason = reasonOf(steps, ctl.name, mine != "")
		}
		c.Differences = append(c.Differences, d)
	}
	if rest := got.others(); len(rest) > 0 {
		c.Differences = append(c.Differences, Difference{Control: "none", Specguard: strings.Join(rest, ", ")})
	}
	return c
}

// A step is what the standard says of a pod when the text holds, and all before.
type step struct {
	text string
	says map[string]string
}

// reasonOf is the last step that made the standard say of the control what
// specguard does; "" where in the end it does not.
func reasonOf(steps []step, control string, denies bool) string {
	reason := ""
	for i, s := range steps {
		_, denied := s.says[control]
		switch {
		case denied != denies:
			reason = ""
		case i > 0 && reason == "":
			reason = s.text
		}
	}
	return reason
}

// why is all that the standard says against the pod.
func (s *Standard) why(pod *corev1.Pod) string {
	var out []string
	for _, text := range s.Denied(pod) {
		out = append(out, sentence(text))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}
