package deploy_test

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// TestKind: the cluster's objects are what the script expects, as far as that
// shows without a cluster.
func TestKind(t *testing.T) {
	all := kustomize(t, "resources: [../../kind]")
	image := find[appsv1.DaemonSet](t, all, "specguard").Spec.Template.Spec.Containers[0].Image
	if script := read(t, "deploy/kind/run"); !strings.Contains(script, "load docker-image --name specguard "+image+"\n") {
		t.Errorf("the script does not load %s", image)
	}
	policies := folder(t, find[corev1.ConfigMap](t, all, "specguard-policies"))
	for _, o := range objects(t, []byte(read(t, "deploy/kind/pods.yaml"))) {
		var pod corev1.Pod
		if err := yaml.UnmarshalStrict(o.text, &pod); err != nil {
			t.Fatal(err)
		}
		file := t.TempDir() + "/pod.yaml"
		write(t, file, string(o.text))
		if out, denied := check(t, agent(t), policies, file); denied != (o.name == "denied") {
			t.Errorf("%s: denied is %t\n%s", o.name, denied, out)
		}
	}
}
