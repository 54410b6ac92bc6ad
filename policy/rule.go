package policy

// Rule checks, and where it can edits, one aspect of a container's OCI spec.
// A rule is what its part of a policy document decodes into.
type Rule interface {
	// Check returns what in the subject breaks the rule.
	Check(s *Subject) []Finding

	// Adjust edits s.Spec so that Check finds nothing more, as far as it can,
	// and says in words what it did. It is called only when Check found
	// something. It takes away and never grants.
	Adjust(s *Subject) []string

	// Action is what to do about a violation.
	Action() Action
}

// Base is embedded by every rule.
type Base struct {
	// OnViolation is reject, adjust, audit or ignore; reject where not given.
	OnViolation Action `yaml:"onViolation"`
}

// Action is what to do about a violation.
func (b Base) Action() Action {
	if b.OnViolation == "" {
		return Reject
	}
	return b.OnViolation
}

// checkOnly is embedded by rules that cannot adjust.
type checkOnly struct{}

// Adjust changes nothing.
func (checkOnly) Adjust(*Subject) []string { return nil }

// kind is a row of the rule table.
type kind struct {
	name string
	make func() Rule

	// early: everything that the rule reads is shown by every version of NRI
	// when a container is created.
	early bool
}

// canAdjust tells whether rules of the kind can adjust.
func (k kind) canAdjust() bool {
	_, no := k.make().(interface{ checksOnly() })
	return !no
}

func (checkOnly) checksOnly() {}

// kinds is the rule table, in the order in which rules adjust: what makes a
// container privileged first, and the default seccomp profile, which depends
// on the capabilities that remain, last of all.
func kinds() []kind {
	return []kind{
		{name: "privileged", make: func() Rule { return &Privileged{} }},
		{name: "capabilities", make: func() Rule { return &Capabilities{} }},
		{name: "allowPrivilegeEscalation", make: func() Rule { return &AllowPrivilegeEscalation{} }},
		{name: "runAsNonRoot", make: func() Rule { return &RunAsNonRoot{} }},
		{name: "hostNamespaces", make: func() Rule { return &HostNamespaces{} }, early: true},
		{name: "hostPaths", make: func() Rule { return &HostPaths{} }, early: true},
		{name: "readOnlyRootFilesystem", make: func() Rule { return &ReadOnlyRootFilesystem{} }},
		{name: "procMount", make: func() Rule { return &ProcMount{} }},
		{name: "appArmorProfile", make: func() Rule { return &AppArmorProfile{} }},
		{name: "seLinuxOptions", make: func() Rule { return &SELinuxOptions{} }},
		{name: "resources", make: func() Rule { return &Resources{} }, early: true},
		{name: "seccompProfile", make: func() Rule { return &SeccompProfile{} }},
	}
}

// RuleNames returns the names of the rules, in the order in which they adjust.
func RuleNames() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return names
}
