package oracle

import (
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// mutation is an edit of one part of a spec that has all parts.
type mutation struct {
	name string
	do   func(c *choice, s *specs.Spec)
}

func mutations() []mutation {
	return slices.Concat(processMutations(), mountMutations(), linuxMutations(), resourceMutations())
}

// maxMutations bounds how many edits are made of a spec.
const maxMutations = 6

// mutate edits the spec as the choice says, and tells what it edited.
func mutate(c *choice, s *specs.Spec) []string {
	all := mutations()
	var done []string
	for len(done) < maxMutations && c.more() {
		m := all[c.n(len(all))]
		if s.Process == nil || s.Root == nil || s.Linux == nil { // gone: it is the last edit
			break
		}
		if s.Linux.Resources == nil {
			s.Linux.Resources = &specs.LinuxResources{}
		}
		m.do(c, s)
		done = append(done, m.name)
	}
	return done
}
