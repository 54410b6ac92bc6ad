package k8s_test

import (
	"encoding/json"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestEveryKindOfContainerIsJudged: whatever brings a container, it is adjusted,
// and refused where it has a host path.
func TestEveryKindOfContainerIsJudged(t *testing.T) {
	g := guard(t)
	g.namespace(t, "team-kinds")
	const denied = `specguard: denied by policy "tenants": hostPaths: host path /srv at /mnt is not allowed`
	for _, kind := range []struct {
		name string
		// make brings a pod and returns its name, or kubectl's way to find it.
		make func(t *testing.T, g guarded, name string, change ...func(*corev1.PodSpec)) string
		// container is the one that is looked at.
		container string
	}{
		{"init", makeInit, "first"},
		{"sidecar", makeSidecar, "first"},
		{"job", makeJob, "main"},
		{"static", makeStatic, "main"},
	} {
		t.Run(kind.name, func(t *testing.T) {
			pod := kind.make(t, g, kind.name+"-adjusted")
			checkHardened(t, kind.name, g.told(t, "team-kinds", pod, kind.container))
			g.described(t, "team-kinds", kind.make(t, g, kind.name+"-denied", hostPath("/srv")), denied)
		})
	}
}

func makeInit(t *testing.T, g guarded, name string, change ...func(*corev1.PodSpec)) string {
	t.Helper()
	g.create(t, newPod("team-kinds", name, func(spec *corev1.PodSpec) {
		spec.InitContainers = []corev1.Container{container("first")}
		inInit(spec, change)
	}))
	return "pod/" + name
}

func makeSidecar(t *testing.T, g guarded, name string, change ...func(*corev1.PodSpec)) string {
	t.Helper()
	g.create(t, newPod("team-kinds", name, func(spec *corev1.PodSpec) {
		first := container("first", "sleep 600")
		first.RestartPolicy = new(corev1.ContainerRestartPolicyAlways)
		spec.InitContainers = []corev1.Container{first}
		inInit(spec, change)
	}))
	return "pod/" + name
}

// inInit makes changes where they meet the init container.
func inInit(spec *corev1.PodSpec, changes []func(*corev1.PodSpec)) {
	spec.Containers, spec.InitContainers = spec.InitContainers, spec.Containers
	for _, change := range changes {
		change(spec)
	}
	spec.Containers, spec.InitContainers = spec.InitContainers, spec.Containers
}

func makeJob(t *testing.T, g guarded, name string, change ...func(*corev1.PodSpec)) string {
	t.Helper()
	pod := newPod("team-kinds", name, change...)
	pod.Spec.Containers = []corev1.Container{pod.Spec.Containers[0]}
	pod.Spec.RestartPolicy = corev1.RestartPolicyNever
	g.create(t, batchv1.Job{
		TypeMeta:   metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "team-kinds", Name: name},
		Spec:       batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: pod.Spec}},
	})
	return g.podOf(t, "team-kinds", name)
}

// podOf waits for the pod of a job.
func (g guarded) podOf(t *testing.T, namespace, job string) string {
	t.Helper()
	g.kubectl(t, "--namespace="+namespace, "wait", "--for=create", "pod", "--selector=batch.kubernetes.io/job-name="+job, "--timeout=30s")
	return g.kubectl(t, "--namespace="+namespace, "get", "pod", "--selector=batch.kubernetes.io/job-name="+job, "--output=jsonpath=pod/{.items[0].metadata.name}")
}

// makeStatic puts a manifest on the node; the kubelet adds the node's name to
// the pod's.
func makeStatic(t *testing.T, g guarded, name string, change ...func(*corev1.PodSpec)) string {
	t.Helper()
	data, err := json.Marshal(newPod("team-kinds", name, change...))
	if err != nil {
		t.Fatal(err)
	}
	file := "/etc/kubernetes/manifests/" + name + ".json" // as kubeadm sets up a kubelet
	if err := g.node.Write(t.Context(), file, string(data)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.run(t, "rm "+file) })
	mirror := "pod/" + name + "-" + g.node.Name
	g.kubectl(t, "--namespace=team-kinds", "wait", "--for=create", mirror, "--timeout=60s")
	return mirror
}
