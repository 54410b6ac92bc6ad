package policy

// checksNothing is said of a rule that no container can break.
const checksNothing = "the rule checks nothing (to turn it off, write onViolation: ignore)"
