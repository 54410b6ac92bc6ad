package oracle

import (
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// security reads what AppArmor and SELinux make of the container.
func (s *state) security(n node, p *specs.Process) {
	if p == nil {
		return
	}
	if n.appArmor && !confined(p.ApparmorProfile) {
		s.add(appArmor, "none")
	}
	parts := strings.SplitN(p.SelinuxLabel, ":", 4)
	if len(parts) < 3 {
		return // the kernel takes no such label: nothing is started with it
	}
	s.add(seLinux, "user "+parts[0])
	s.add(seLinux, "role "+parts[1])
	s.add(seLinux, "type "+parts[2])
}

// confined reports whether the AppArmor profile of that name, one or several that
// are stacked, confines a process. Each may have an AppArmor namespace before it.
func confined(name string) bool {
	for part := range strings.SplitSeq(name, "//&") {
		part = strings.Trim(part, `"' &`)
		if at := strings.LastIndex(part, ":"); at >= 0 {
			part = strings.TrimPrefix(part[at+1:], "//")
		}
		if confines, there := loaded()[part]; there && !confines || part == "" || part == "unconfined" {
			return false
		}
	}
	return true
}

// oddAppArmor reports whether the name is more than that of one profile that is
// loaded.
func oddAppArmor(name string) bool {
	_, there := loaded()[name]
	return name != "" && name != "unconfined" && !there
}
