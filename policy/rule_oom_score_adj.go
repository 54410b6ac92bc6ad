package policy

import (
	"fmt"
	"strconv"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/strict"
)

// OOMScoreAdj limits how far a container's processes are protected when the node runs out of
// memory and the kernel kills processes. With -1000, the kernel never kills them and kills others
// instead.
//
// If the spec has no value, the process inherits the container runtime's value, which is lower
// than any value that a kubelet sets. That breaks the rule too.
//
// Reads: process.oomScoreAdj (OCI runtime spec, config.md, "Linux Process").
// Adjusts: raises it to the minimum; if it is missing, sets 1000, as a kubelet does for a pod
// that asks for nothing.
// Source: Kubernetes, pkg/kubelet/qos (GetContainerOOMScoreAdjust: -997 to 1000);
// proc_pid_oom_score_adj(5).
// Example: {onViolation: adjust, min: 2}
type OOMScoreAdj struct {
	Base `yaml:",inline"`

	// Min is the lowest value allowed, from -1000 to 1000.
	// Default: -997, the lowest that a kubelet gives.
	Min *OOMScore `yaml:"min"`
}

// OOMScore is a number from -1000 to 1000. The kernel adds it to the score by which it chooses
// the process to kill.
type OOMScore int

// The least of the kernel, and the kubelet's least and largest.
const (
	minOOMScore        OOMScore = -1000
	minKubeletOOMScore OOMScore = -997
	maxOOMScore        OOMScore = 1000
)

// UnmarshalText reads a score; anything but a whole number from -1000 to 1000 is
// an error.
func (o *OOMScore) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(string(text))
	if err != nil || n < -1000 || n > 1000 || strconv.Itoa(n) != string(text) {
		return fmt.Errorf("%q is not an OOM score (allowed: a whole number from -1000 to 1000)", text)
	}
	*o = OOMScore(n)
	return nil
}

// JSONSchema requires a number.
func (OOMScore) JSONSchema() map[string]any {
	s := strict.Pattern("^(0|-?[1-9][0-9]{0,3})$")
	s["type"], s["minimum"], s["maximum"] = []any{"integer", "string"}, -1000, 1000
	return strict.Named("OOM score", s)
}

func (o *OOMScoreAdj) min() OOMScore {
	if o.Min == nil {
		return minKubeletOOMScore
	}
	return *o.Min
}

// Warnings tells of a minimum that no score is below.
func (o *OOMScoreAdj) Warnings() []error {
	if o.min() > minOOMScore {
		return nil
	}
	return []error{strict.Field("min", "%d is the lowest score that there is: the rule only denies a container without a score", minOOMScore)}
}

// Check finds a score that is too low, or none.
func (o *OOMScoreAdj) Check(s *Subject) []Finding {
	switch score := oomScore(s.Spec); {
	case s.Spec.Process == nil:
		return nil
	case score == nil:
		return []Finding{{Found: "no OOM score: the container gets the container runtime's", Allowed: o.allowed()}}
	case *score < int(o.min()):
		return []Finding{{Found: fmt.Sprintf("OOM score %d too low", *score), Allowed: o.allowed()}}
	default:
		return nil
	}
}

func (o *OOMScoreAdj) allowed() string { return fmt.Sprintf("%d to %d", o.min(), maxOOMScore) }

// Adjust raises the score.
func (o *OOMScoreAdj) Adjust(s *Subject) []string {
	if len(o.Check(s)) == 0 {
		return nil
	}
	score := maxOOMScore
	if oomScore(s.Spec) != nil {
		score = o.min()
	}
	s.Spec.Process.OOMScoreAdj = new(int(score))
	return []string{fmt.Sprintf("set OOM score %d", score)}
}

func oomScore(spec *specs.Spec) *int {
	if spec.Process == nil {
		return nil
	}
	return spec.Process.OOMScoreAdj
}
