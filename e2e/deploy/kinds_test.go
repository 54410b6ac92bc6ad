package deploy_test

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// podMonitor has the fields of the Prometheus Operator's kind that are used.
type podMonitor struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Selector            metav1.LabelSelector `json:"selector"`
		PodMetricsEndpoints []struct {
			Port        string `json:"port"`
			Path        string `json:"path"`
			Relabelings []struct {
				SourceLabels []string `json:"sourceLabels"`
				TargetLabel  string   `json:"targetLabel"`
			} `json:"relabelings"`
		} `json:"podMetricsEndpoints"`
	} `json:"spec"`
}

// prometheusRule has the fields of the Prometheus Operator's kind that are used.
type prometheusRule struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Groups []struct {
			Name  string  `json:"name"`
			Rules []alert `json:"rules"`
		} `json:"groups"`
	} `json:"spec"`
}

type alert struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         metav1.Duration   `json:"for"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// decode reads an object into the type of its kind. A field that Kubernetes
// does not know is an error.
func decode(t *testing.T, o object) any {
	t.Helper()
	var into any
	switch o.kind {
	case "ConfigMap":
		into = new(corev1.ConfigMap)
	case "DaemonSet":
		into = new(appsv1.DaemonSet)
	case "Namespace":
		into = new(corev1.Namespace)
	case "NetworkPolicy":
		into = new(networkingv1.NetworkPolicy)
	case "PodMonitor":
		into = new(podMonitor)
	case "PrometheusRule":
		into = new(prometheusRule)
	case "ServiceAccount":
		into = new(corev1.ServiceAccount)
	default:
		t.Fatalf("%s is of a kind that nobody expects", o.id())
	}
	if err := yaml.UnmarshalStrict(o.text, into); err != nil {
		t.Fatalf("%s: %v", o.id(), err)
	}
	return into
}

// find gives the object of a type and name.
func find[T any](t *testing.T, all []object, name string) *T {
	t.Helper()
	for _, o := range all {
		if found, ok := decode(t, o).(*T); ok && o.name == name {
			return found
		}
	}
	t.Fatalf("no %T %s", *new(T), name)
	return nil
}
