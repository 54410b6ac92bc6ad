package reload

import (
	"github.com/sirupsen/logrus"

	"github.com/specguard/specguard/policy"
)

// profiles tells in the log, once, of each seccomp profile that a policy names
// and the node lacks: containers that need it are refused.
type profiles struct {
	host func() policy.Host // nil: no node is looked at
	told map[string]bool
}

// OnNode makes the Folder log which files that policies name are missing on the node. Call
// it before Watch.
func (f *Folder) OnNode(host func() policy.Host) { f.profiles.host = host }

func (p *profiles) report(set *policy.Set, log logrus.FieldLogger) {
	if p.host == nil {
		return
	}
	told := make(map[string]bool)
	for _, missing := range set.MissingProfiles(p.host()) {
		what := missing.String()
		if told[what] = true; !p.told[what] {
			log.Warn(what)
		}
	}
	p.told = told
}
