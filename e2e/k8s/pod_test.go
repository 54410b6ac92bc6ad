package k8s_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/specguard/specguard/e2e/cluster"
	"github.com/specguard/specguard/e2e/cri"
)

// newPod is a pod with one container, which tells the truth and stays.
func newPod(namespace, name string, change ...func(*corev1.PodSpec)) *corev1.Pod {
	grace := int64(0)
	pod := &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: corev1.PodSpec{
			TerminationGracePeriodSeconds: &grace,
			Containers:                    []corev1.Container{container("main", "sleep 600")},
		},
	}
	for _, change := range change {
		change(&pod.Spec)
	}
	return pod
}

// container tells the truth and then runs a shell command.
func container(name string, then ...string) corev1.Container {
	command := cri.TellTruth(then...)
	for i := range command {
		command[i] = strings.ReplaceAll(command[i], "$$", "$$$$") // Kubernetes makes one of two
	}
	return corev1.Container{Name: name, Image: cluster.AppImage, ImagePullPolicy: corev1.PullNever, Command: command}
}

// hostPath mounts a path of the host in the first container.
func hostPath(path string) func(*corev1.PodSpec) {
	return func(spec *corev1.PodSpec) {
		spec.Volumes = append(spec.Volumes, corev1.Volume{Name: "host",
			VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: path}}})
		spec.Containers[0].VolumeMounts = append(spec.Containers[0].VolumeMounts, corev1.VolumeMount{Name: "host", MountPath: "/mnt"})
	}
}

// create makes any object.
func (g guarded) create(t *testing.T, object any) {
	t.Helper()
	data, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	g.apply(t, string(data))
}

// told waits until a container of a pod has told the truth to its log.
func (g guarded) told(t *testing.T, namespace, pod, container string) cri.Truth {
	t.Helper()
	var truth cri.Truth
	eventually(t, func() error {
		log, err := g.Kubectl(t.Context(), "--namespace="+namespace, "logs", pod, "--container="+container)
		if err != nil {
			return err
		}
		truth, err = cri.ParseTruth(log)
		return err
	})
	return truth
}

// described waits until `kubectl describe` says something about an object.
func (g guarded) described(t *testing.T, namespace, object, want string) {
	t.Helper()
	eventually(t, func() error {
		out, err := g.Kubectl(t.Context(), "--namespace="+namespace, "describe", object)
		if err != nil {
			return err
		}
		// kubectl wraps nothing, but quotes what the OCI runtime has quoted.
		if !strings.Contains(strings.ReplaceAll(out, `\"`, `"`), want) {
			return fmt.Errorf("kubectl describe %s does not say %q:\n%s", object, want, out)
		}
		return nil
	})
}

// eventSays waits until an event in a namespace says something.
func (g guarded) eventSays(t *testing.T, namespace, want string) {
	t.Helper()
	eventually(t, func() error {
		out, err := g.Kubectl(t.Context(), "--namespace="+namespace, "get", "events", "--output=jsonpath={.items[*].message}")
		if err == nil && !strings.Contains(out, want) {
			err = fmt.Errorf("no event in %s says %q: %s", namespace, want, out)
		}
		return err
	})
}

// checkHardened checks that tenants has adjusted a process.
func checkHardened(t *testing.T, what string, got cri.Truth) {
	t.Helper()
	if got.UID != 65532 || got.GID != 65532 || got.Permitted|got.Bounding&^cri.CapsOf("NET_BIND_SERVICE") != 0 ||
		!got.NoNewPrivs || got.Seccomp != 2 || !got.RootReadOnly() || !got.TmpWritable {
		t.Errorf("%s: uid %d, gid %d, capabilities %s of %s, no_new_privs %t, seccomp %d, read-only %t, /tmp writable %t", what,
			got.UID, got.GID, got.Permitted, got.Bounding, got.NoNewPrivs, got.Seccomp, got.RootReadOnly(), got.TmpWritable)
	}
}
