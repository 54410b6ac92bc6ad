package audit

import (
	"errors"
	"strings"

	"github.com/sirupsen/logrus"

	"github.com/specguard/specguard/plugin"
	"github.com/specguard/specguard/policy"
)

// Messages is a plugin.Recorder that tells people what was decided.
type Messages struct{ Log logrus.FieldLogger }

// Decided logs a denial as a warning, an adjustment as information, and the
// rest for debugging.
func (m Messages) Decided(e plugin.Event) {
	log := m.about(e.Stage, e.Pod, e.Container)
	for _, v := range e.Decision.Audit {
		log.WithFields(logrus.Fields{"policy": v.Policy, "rule": v.Rule}).Infof("audit: %s", v.Finding)
	}
	switch e.Decision.Outcome() {
	case policy.Denied:
		if e.Stage == plugin.StageExisting {
			log.Warnf("runs against policy (left alone): %s", e.Decision.Message())
			return
		}
		log.Warn(e.Decision.Message())
	case policy.Adjusted:
		changes := make([]string, len(e.Decision.Adjustments))
		for i, a := range e.Decision.Adjustments {
			changes[i] = a.Rule + ": " + a.Change
		}
		if e.Stage == plugin.StageExisting {
			log.Warnf("runs without what policy would adjust (left alone): %s", strings.Join(changes, "; "))
			return
		}
		log.Infof("adjusted: %s", strings.Join(changes, "; "))
	default:
		log.Debug("allowed")
	}
}

// Failed logs that a container could not be judged.
func (m Messages) Failed(s plugin.Stage, p policy.Pod, c policy.Container, err error) {
	log := m.about(s, p, c).WithError(err)
	var panicked *plugin.PanicError
	if errors.As(err, &panicked) {
		log = log.WithFields(logrus.Fields{"panic": panicked.Value, "stack": string(panicked.Stack)})
	}
	log.Error("not judged")
}

func (m Messages) about(s plugin.Stage, p policy.Pod, c policy.Container) logrus.FieldLogger {
	return m.Log.WithFields(logrus.Fields{
		"stage": string(s), "namespace": p.Namespace, "pod": p.Name, "container": c.Name, "id": c.ID,
	})
}
