// Package doctor checks whether a node is ready for specguard: what it found, and what to
// do about it. It changes nothing on the node, except that the kernel may load the modules
// of socket families that it tries.
package doctor

import (
	"context"
	"fmt"
)

// Status is how serious a finding is.
type Status string

// The statuses. With a problem, specguard cannot work, or others can undo its work. A
// warning is something that an operator should know and may accept.
const (
	OK      Status = "ok"
	Warning Status = "warning"
	Problem Status = "problem"
)

// Finding is what a check has found. Each text is one line.
type Finding struct {
	Check   string   `json:"check"`
	Status  Status   `json:"status"`
	Found   string   `json:"found"`
	Advice  string   `json:"advice,omitempty"`  // what to do; none if all is well
	Details []string `json:"details,omitempty"` // the parts that the finding summarizes
}

// check looks at one thing. Its findings are without the check's name.
type check struct {
	name string
	run  func(context.Context, *Node) []Finding
}

// checks returns all checks, in the order of the output.
func checks() []check {
	return []check{
		{"host", checkHost},
		{"kernel", checkKernel},
		{"cgroups", checkCgroups},
		{"lsm", checkLSM},
		{"selinux", checkSELinux},
		{"seccomp", checkSeccomp},
		{"socket-families", checkSocketFamilies},
		{"runtime", checkRuntime},
		{"runtime-dirs", checkRuntimeDirs},
		{"oci-runtime", checkOCIRuntime},
		{"nri", checkNRI},
		{"nri-socket", checkNRISocket},
		{"nri-config", checkNRIConfig},
		{"fail-closed", checkFailClosed},
		{"synchronize", checkSynchronize},
		{"opener", checkOpener},
		{"wrapper", checkWrapperVersion},
		{"handlers", checkHandlers},
		{"checkpoints", checkCheckpoints},
		{"files", checkFiles},
		{"policies", checkPolicies},
		{"agent", checkAgent},
		{"vulnerabilities", checkVulnerabilities},
	}
}

// Examine runs every check on the node.
func Examine(ctx context.Context, n *Node) []Finding {
	var out []Finding
	for _, c := range checks() {
		for _, f := range c.run(ctx, n) {
			f.Check = c.name
			out = append(out, f)
		}
	}
	return out
}

// Ready reports whether none of the findings is a problem.
func Ready(findings []Finding) bool {
	for _, f := range findings {
		if f.Status == Problem {
			return false
		}
	}
	return true
}

func ok(format string, args ...any) Finding {
	return Finding{Status: OK, Found: fmt.Sprintf(format, args...)}
}

func warning(advice, format string, args ...any) Finding {
	return Finding{Status: Warning, Found: fmt.Sprintf(format, args...), Advice: advice}
}

func problem(advice, format string, args ...any) Finding {
	return Finding{Status: Problem, Found: fmt.Sprintf(format, args...), Advice: advice}
}
