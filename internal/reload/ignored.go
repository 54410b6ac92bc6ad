package reload

import (
	"github.com/sirupsen/logrus"

	"github.com/specguard/specguard/policy"
)

// ignored names in the log, once, each file of the folder that is not a policy file.
type ignored struct{ told map[string]bool }

func (i *ignored) report(files []policy.Warning, log logrus.FieldLogger) {
	told := make(map[string]bool)
	for _, w := range files {
		if told[w.File] = true; !i.told[w.File] {
			log.WithField("file", w.File).Warn("a file of the policy folder " + w.Msg)
		}
	}
	i.told = told
}
