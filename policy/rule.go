package policy

// Rule checks one aspect of a container's OCI spec, and can edit it if it adjusts. A rule is
// decoded from its part of a policy document and does not change after that. Its methods are
// safe for concurrent use, each call with a Subject of its own.
type Rule interface {
	// Check returns what in the subject breaks the rule; nil if it complies. It edits
	// nothing. What it cannot see breaks the rule.
	Check(s *Subject) []Finding

	// Adjust edits s.Spec so that Check finds nothing more, as far as it can, and returns
	// what it did in words; nil if nothing. It is called only when Check has found
	// something. It takes away and never grants.
	Adjust(s *Subject) []string

	// Action returns what to do about a violation; never "".
	Action() Action
}

// Base is embedded by every rule.
type Base struct {
	// OnViolation says what happens to a container that breaks the rule.
	// Default: reject.
	OnViolation Action `yaml:"onViolation"`

	// On says which spec the rule is checked against: the one that came, or the one that will
	// run, which specguard may have adjusted. A rule on request cannot adjust.
	// Default: result.
	On Moment `yaml:"on"`
}

// requests reports whether the rule is checked against the spec as it came.
func (b Base) requests() bool { return b.On == OnRequest }

// Action returns what to do about a violation.
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

	// reads is what the rule reads besides what every version of NRI shows
	// when a container is created. A rule that reads nothing else decides then.
	reads input

	// early: the rule can adjust by what Subject.ShowsMore says is shown, too. It
	// decides nothing by that: other rules may edit the same in the end.
	early bool
}

// input is a set of sources that a rule reads.
type input uint8

const (
	fullSpec input = 1 << iota // the complete OCI spec
	image                      // the references of the container's image
	sandbox                    // the pod's sandbox
)

// readsMore is implemented by rules that read more where they are told to.
type readsMore interface{ readsMore() input }

// readBy is what the rule of the kind reads.
func (k kind) readBy(r Rule) input {
	if r, ok := r.(readsMore); ok {
		return k.reads | r.readsMore()
	}
	return k.reads
}

// canAdjust reports whether rules of the kind can adjust.
func (k kind) canAdjust() bool {
	r, ok := k.make().(interface{ adjusts() bool })
	return !ok || r.adjusts()
}

func (checkOnly) adjusts() bool { return false }

// kinds is the rule table, in the order in which rules adjust: what makes a
// container privileged first, and the default seccomp profile, which depends
// on the capabilities that remain, last of all.
func kinds() []kind {
	return []kind{
		{name: "privileged", make: func() Rule { return &Privileged{} }, reads: fullSpec},
		{name: "capabilities", make: func() Rule { return &Capabilities{} }, reads: fullSpec},
		{name: "allowPrivilegeEscalation", make: func() Rule { return &AllowPrivilegeEscalation{} }, reads: fullSpec},
		{name: "runAsNonRoot", make: func() Rule { return &RunAsNonRoot{} }, reads: fullSpec},
		{name: "annotations", make: func() Rule { return &Annotations{} }},
		{name: "oomScoreAdj", make: func() Rule { return &OOMScoreAdj{} }, reads: fullSpec},
		{name: "scheduler", make: func() Rule { return &Scheduler{} }, reads: fullSpec},
		{name: "cgroupsPath", make: func() Rule { return &CgroupsPath{} }},
		{name: "userNamespace", make: func() Rule { return &UserNamespace{} }, reads: fullSpec | sandbox},
		{name: "hostNamespaces", make: func() Rule { return &HostNamespaces{} }},
		{name: "hostPaths", make: func() Rule { return &HostPaths{} }},
		{name: "volumeTypes", make: func() Rule { return &VolumeTypes{} }},
		{name: "tokens", make: func() Rule { return &Tokens{} }},
		{name: "devices", make: func() Rule { return &Devices{} }, reads: fullSpec},
		{name: "netDevices", make: func() Rule { return &NetDevices{} }, reads: fullSpec},
		{name: "rootfsPropagation", make: func() Rule { return &RootfsPropagation{} }, reads: fullSpec},
		{name: "intelRdt", make: func() Rule { return &IntelRdt{} }, reads: fullSpec},
		{name: "hooks", make: func() Rule { return &Hooks{} }, reads: fullSpec},
		{name: "readOnlyRootFilesystem", make: func() Rule { return &ReadOnlyRootFilesystem{} }, reads: fullSpec},
		{name: "procMount", make: func() Rule { return &ProcMount{} }, reads: fullSpec},
		{name: "mountOptions", make: func() Rule { return &MountOptions{} }},
		{name: "sysctls", make: func() Rule { return &Sysctls{} }, reads: fullSpec | sandbox, early: true},
		{name: "rlimits", make: func() Rule { return &Rlimits{} }, reads: fullSpec},
		{name: "env", make: func() Rule { return &Env{} }, reads: fullSpec},
		{name: "images", make: func() Rule { return &Images{} }, reads: image},
		{name: "runtimeHandlers", make: func() Rule { return &RuntimeHandlers{} }},
		{name: "hostPorts", make: func() Rule { return &HostPorts{} }, reads: sandbox},
		{name: "appArmorProfile", make: func() Rule { return &AppArmorProfile{} }, reads: fullSpec},
		{name: "seLinuxOptions", make: func() Rule { return &SELinuxOptions{} }, reads: fullSpec},
		{name: "resources", make: func() Rule { return &Resources{} }},
		{name: "custom", make: func() Rule { return &Custom{} }, reads: fullSpec | image},
		{name: "seccompProfile", make: func() Rule { return &SeccompProfile{} }, reads: fullSpec, early: true},
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
