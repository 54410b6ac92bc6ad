package policy

// lint gathers warnings that need all policies.
func (c *compiler) lint(s *Set) {
	c.warnOfNested(s)
	c.warnOfKubeSystem(s)
	c.warnOfConflicts(s)
	c.warnOfUnused()
	c.warnOfAllowances()
}
