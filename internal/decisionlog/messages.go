package decisionlog

import (
	"errors"
	"strings"

	"github.com/sirupsen/logrus"

	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/recordsize"
	"github.com/specguard/specguard/plugin/request"
	"github.com/specguard/specguard/policy"
)

// Messages is a judge.Recorder that logs decisions for people. It is safe for concurrent
// use.
type Messages struct{ Log logrus.FieldLogger }

// Decided logs a denial as a warning, an adjustment as information, and the
// rest for debugging.
func (m Messages) Decided(e judge.Record) {
	log := m.about(e.Event, e.Pod, e.Container)
	fate := "left alone"
	if e.Stopped {
		fate = "stopped"
	}
	for _, v := range e.Decision.Audit {
		log.WithFields(logrus.Fields{"policy": v.Policy, "rule": v.Rule}).Infof("audit: %s", v.Finding)
	}
	for _, x := range e.Decision.Excepted {
		log.WithFields(logrus.Fields{"policy": x.Policy, "rule": x.Rule, "exception": x.Exception}).Infof("excepted: %s", x.Finding)
	}
	if then := e.Decision.IfEnforced; then != nil {
		ifEnforced(log, then)
	}
	switch e.Decision.Outcome() {
	case policy.Denied:
		if e.Event == judge.EventExisting {
			log.Warnf("running container violates policy (%s): %s", fate, e.Decision.Message())
			return
		}
		log.Warn(e.Decision.Message())
	case policy.Adjusted:
		if e.Event == judge.EventExisting {
			log.Warnf("running container would be adjusted by policy (%s): %s", fate, changes(e.Decision))
			return
		}
		log.Infof("adjusted: %s", changes(e.Decision))
	default:
		log.Debug("allowed")
	}
}

// ifEnforced logs what the policies in mode audit would do.
func ifEnforced(log logrus.FieldLogger, then *policy.Decision) {
	switch then.Outcome() {
	case policy.Denied:
		log.Infof("audit: would be denied if enforced: %s", then.Message())
	case policy.Adjusted:
		log.Infof("audit: would be adjusted if enforced: %s", changes(then))
	default:
		log.Debug("audit: would be allowed if enforced")
	}
}

func changes(d *policy.Decision) string {
	out := make([]string, len(d.Adjustments))
	for i, a := range d.Adjustments {
		out[i] = a.Rule + ": " + a.Change
	}
	return strings.Join(out, "; ")
}

// Failed logs that a container could not be judged, or that its record is too large.
func (m Messages) Failed(s judge.Event, p policy.Pod, c policy.Container, err error) {
	if large, ok := errors.AsType[*recordsize.TooLarge](err); ok {
		m.about(s, p, c).Warn(large)
		return
	}
	log := m.about(s, p, c).WithError(err)
	var panicked *request.PanicError
	if errors.As(err, &panicked) {
		log = log.WithFields(logrus.Fields{"panic": panicked.Value, "stack": string(panicked.Stack)})
	}
	log.Error("not judged")
}

func (m Messages) about(s judge.Event, p policy.Pod, c policy.Container) logrus.FieldLogger {
	return m.Log.WithFields(logrus.Fields{
		"stage": string(s), "namespace": p.Namespace, "pod": p.Name, "container": c.Name, "id": c.ID,
	})
}
