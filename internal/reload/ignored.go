package reload

import (
	"github.com/sirupsen/logrus"

	"github.com/specguard/specguard/policy"
)

// ignored names in the log, once, each file of the folder that is not a policy file.
type ignored struct{ told map[string]bool }

func (i *ignored) report(folder string, log logrus.FieldLogger) {
	told := make(map[string]bool)
	for _, file := range policy.Ignored(folder) {
		if told[file] = true; !i.told[file] {
			log.WithField("file", file).Warn("the policy folder has a file that is not read: policy files end in .yaml, .yml or .json")
		}
	}
	i.told = told
}
