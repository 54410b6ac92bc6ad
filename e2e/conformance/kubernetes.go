package conformance

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// A Standard is a level of the Pod Security Standards as Kubernetes' own
// implementation judges it, one control at a time.
type Standard struct {
	level      api.LevelVersion
	evaluators map[string]policy.Evaluator // by control
}

// NewStandard makes the standard of a level and a version of Kubernetes.
func NewStandard(level api.Level, version api.Version) (*Standard, error) {
	s := &Standard{
		level:      api.LevelVersion{Level: level, Version: version},
		evaluators: make(map[string]policy.Evaluator),
	}
	checks := make(map[string][]policy.Check)
	for _, c := range policy.DefaultChecks() {
		name, err := controlOf(c.ID)
		if err != nil {
			return nil, err
		}
		checks[name] = append(checks[name], c)
	}
	for name, list := range checks {
		e, err := policy.NewEvaluator(list, nil)
		if err != nil {
			return nil, err
		}
		s.evaluators[name] = e
	}
	return s, nil
}

// Denied says for each control that denies the pod why it does.
func (s *Standard) Denied(pod *corev1.Pod) map[string]string {
	out := make(map[string]string)
	for name, e := range s.evaluators {
		r := policy.AggregateCheckResults(e.EvaluatePod(s.level, &pod.ObjectMeta, &pod.Spec))
		if !r.Allowed {
			out[name] = r.ForbiddenDetail()
		}
	}
	return out
}

// Allows tells whether no control denies the pod.
func (s *Standard) Allows(pod *corev1.Pod) bool { return len(s.Denied(pod)) == 0 }

// Complete completes a pod as the API server does before it judges it: a
// volume without a type is an emptyDir, and a port of a pod on the host's
// network is the host's.
func Complete(pod *corev1.Pod) {
	for i := range pod.Spec.Volumes {
		if v := &pod.Spec.Volumes[i].VolumeSource; *v == (corev1.VolumeSource{}) {
			v.EmptyDir = &corev1.EmptyDirVolumeSource{}
		}
	}
	if !pod.Spec.HostNetwork {
		return
	}
	for _, c := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		for i := range c.Ports {
			if c.Ports[i].HostPort == 0 {
				c.Ports[i].HostPort = c.Ports[i].ContainerPort
			}
		}
	}
}

// sentence is the text in one line.
func sentence(text string) string { return strings.Join(strings.Fields(text), " ") }
