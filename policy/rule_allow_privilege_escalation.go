package policy

// AllowPrivilegeEscalation requires no_new_privs. With it, no program in the container can gain
// privileges by a set-user-ID bit or file capabilities.
//
// Reads: process.noNewPrivileges (OCI runtime spec, config.md, "Linux Process").
// Adjusts: sets it.
// Source: PR_SET_NO_NEW_PRIVS(2const); Pod Security Standards, Restricted, "Privilege
// Escalation".
// Example: {onViolation: adjust}
type AllowPrivilegeEscalation struct {
	Base `yaml:",inline"`
}

// Check finds a process without no_new_privs.
func (*AllowPrivilegeEscalation) Check(s *Subject) []Finding {
	if s.Spec.Process != nil && s.Spec.Process.NoNewPrivileges {
		return nil
	}
	return []Finding{{Found: "privilege escalation is possible (noNewPrivileges is not set)",
		Fix: "set securityContext.allowPrivilegeEscalation: false"}}
}

// Adjust sets no_new_privs.
func (*AllowPrivilegeEscalation) Adjust(s *Subject) []string {
	if s.Spec.Process == nil {
		return nil
	}
	s.Spec.Process.NoNewPrivileges = true
	return []string{"set noNewPrivileges"}
}
