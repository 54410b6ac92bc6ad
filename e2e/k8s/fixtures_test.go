package k8s_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/specguard/specguard/e2e/cluster"
	"github.com/specguard/specguard/e2e/conformance"
)

// Kinds of outcomes.
const (
	allowed = "allowed" // it runs
	denied  = "denied"  // by specguard
	refused = "refused" // by somebody else
)

// An outcome is what became of a pod; text says why it does not run.
type outcome struct{ kind, text string }

// runFixtures creates the pods of fixtures and waits for the outcome of each.
func (g guarded) runFixtures(t *testing.T, namespace string, fixtures []conformance.Fixture) []outcome {
	t.Helper()
	live := make([]outcome, len(fixtures))
	list := corev1.List{}
	list.APIVersion, list.Kind = "v1", "List"
	for i, f := range fixtures {
		data, err := json.Marshal(runnable(f.Pod, namespace, i))
		if err != nil {
			t.Fatal(err)
		}
		list.Items = append(list.Items, runtime.RawExtension{Raw: data})
	}
	data, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Apply(t.Context(), string(data)); err != nil { // some pods are not valid
		for i := range fixtures {
			if strings.Contains(err.Error(), fmt.Sprintf("Pod %q is invalid", name(i))) {
				live[i] = outcome{refused, "not valid"}
			}
		}
	}
	eventually(t, func() error {
		g.look(t, namespace, live)
		for i, o := range live {
			if o.kind == "" {
				return fmt.Errorf("%s: no outcome", fixtures[i].Name)
			}
		}
		return nil
	})
	return live
}

// name is that of the pod of a fixture.
func name(fixture int) string { return fmt.Sprintf("fixture-%d", fixture) }

// runnable is a fixture's pod with what is not judged changed: images of the
// node, something to do, and host ports that no other fixture has.
func runnable(pod *corev1.Pod, namespace string, number int) *corev1.Pod {
	pod = pod.DeepCopy()
	pod.APIVersion, pod.Kind = "v1", "Pod"
	pod.Namespace, pod.Name = namespace, name(number)
	pod.Spec.TerminationGracePeriodSeconds = new(int64(0))
	change := func(c *corev1.Container, command string) {
		c.Image, c.ImagePullPolicy, c.Command = cluster.AppImage, corev1.PullNever, []string{"/bin/sh", "-c", command}
		if runsAsNonRoot(pod, c) {
			c.Image = cluster.UserImage
		}
		for i := range c.Ports {
			if c.Ports[i].HostPort != 0 {
				c.Ports[i].HostPort += int32(number)*10 + int32(i)
			}
		}
	}
	for i := range pod.Spec.InitContainers {
		command := "exit 0"
		if pod.Spec.InitContainers[i].RestartPolicy != nil { // a sidecar
			command = "sleep 600"
		}
		change(&pod.Spec.InitContainers[i], command)
	}
	for i := range pod.Spec.Containers {
		change(&pod.Spec.Containers[i], "sleep 600")
	}
	return pod
}

func runsAsNonRoot(pod *corev1.Pod, c *corev1.Container) bool {
	if c.SecurityContext != nil && c.SecurityContext.RunAsNonRoot != nil {
		return *c.SecurityContext.RunAsNonRoot
	}
	s := pod.Spec.SecurityContext
	return s != nil && s.RunAsNonRoot != nil && *s.RunAsNonRoot
}

// look tells the outcomes that there are by now.
func (g guarded) look(t *testing.T, namespace string, live []outcome) {
	t.Helper()
	var pods corev1.PodList
	var events corev1.EventList
	for kind, into := range map[string]any{"pods": &pods, "events": &events} {
		if err := g.Get(t.Context(), into, kind, "--namespace="+namespace); err != nil {
			t.Fatal(err)
		}
	}
	found := map[string]outcome{}
	for _, pod := range pods.Items {
		switch pod.Status.Phase {
		case corev1.PodRunning:
			found[pod.Name] = outcome{kind: allowed}
		case corev1.PodFailed:
			found[pod.Name] = outcome{refused, pod.Status.Reason}
		}
	}
	for _, event := range events.Items {
		pod := event.InvolvedObject.Name
		switch {
		case strings.Contains(event.Message, "specguard: denied by policy "):
			found[pod] = outcome{denied, event.Message}
		case found[pod].kind != "":
		case event.Reason == "Failed" && strings.Contains(event.Message, "specguard: not judged"):
			// All the pods start at once: one that was not judged in time has no verdict yet, and the
			// kubelet starts it again.
		case event.Reason == "Failed":
			found[pod] = outcome{refused, event.Message}
		case event.Reason == "Started" && strings.HasPrefix(event.InvolvedObject.FieldPath, "spec.containers{"):
			found[pod] = outcome{kind: allowed} // whatever becomes of its lifecycle hooks
		}
	}
	for i := range live {
		if o := found[name(i)]; o.kind != "" {
			live[i] = o
		}
	}
}
