package oracle

import (
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// kernelCapabilities are those of Linux 6.12 (capabilities(7)).
func kernelCapabilities() []string {
	return strings.Fields(`AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE
		DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN
		NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT
		SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM`)
}

// capabilitySets are the five of a spec.
func capabilitySets(c *specs.LinuxCapabilities) [][]string {
	return [][]string{c.Bounding, c.Effective, c.Permitted, c.Inheritable, c.Ambient}
}

// keepsID is (uid_t)-1. setresuid(2), with which crun changes users, leaves an id
// as it is then: root's.
const keepsID = 1<<32 - 1

// process reads what the process is given.
func (s *state) process(p *specs.Process, mapped bool) {
	if p == nil {
		return
	}
	if p.Capabilities == nil { // the runtime's own stay
		for _, name := range kernelCapabilities() {
			s.add(capability, name)
		}
	} else {
		for _, set := range capabilitySets(p.Capabilities) {
			for _, name := range set {
				s.add(capability, strings.TrimPrefix(strings.ToUpper(name), "CAP_"))
			}
		}
	}
	if !p.NoNewPrivileges {
		s.add(escalate, "")
	}
	if u := p.User; !mapped && (u.UID == 0 || u.UID == keepsID) {
		s.add(root, "user")
	}
	for _, e := range p.Env {
		name, _, _ := strings.Cut(e, "=")
		s.add(variable, name)
	}
}

// ownIDs reports whether the container has a user namespace in which nobody is the
// host's root. crun maps the host's root where a spec has no mappings, and does not
// compare them with those of a namespace that is joined.
func ownIDs(l *specs.Linux) bool {
	apart := func(mappings []specs.LinuxIDMapping) bool {
		for _, m := range mappings {
			if m.HostID == 0 && m.Size > 0 {
				return false
			}
		}
		return len(mappings) > 0
	}
	return ownUsers(l) && apart(l.UIDMappings) && apart(l.GIDMappings)
}
