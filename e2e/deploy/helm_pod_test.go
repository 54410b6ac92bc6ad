package deploy_test

import (
	"maps"
	"reflect"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// TestHelmConfig: the value config goes over what the others make of the
// agent's settings, and leaves the rest.
func TestHelmConfig(t *testing.T) {
	settings := func(values string) map[string]any {
		var out map[string]any
		if err := yaml.Unmarshal([]byte(values), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	base := settings(configuration(t, helm(t, "")))
	for name, c := range map[string]struct{ values, want string }{
		"new":      {`config: {nri: {index: "95"}, hookPath: /hook}`, `{nri: {index: "95"}, hookPath: /hook}`},
		"size":     {"config: {maxContainerSize: 1048576}", "maxContainerSize: 1048576"},
		"no size":  {"config: {maxContainerSize: 0}", "maxContainerSize: 0"},
		"handlers": {`config: {testedHandlers: ["", kata]}`, `testedHandlers: ["", kata]`},
		"deep":     {"{logLevel: debug, config: {log: {format: text}}}", "log: {level: debug, format: text}"},
		"over":     {"{logLevel: debug, config: {log: {level: error}}}", "log: {level: error, format: json}"},
		"list":     {`{bundles: ["/a/{id}"], config: {host: {bundles: ["/b/{id}"]}}}`, `host: {root: /host, kubeletDir: /var/lib/kubelet, bundles: ["/b/{id}"]}`},
		"hookPath": {"{wrapper: {prefix: /opt}, config: {hookPath: /hook}}", "hookPath: /hook"},
	} {
		want := maps.Clone(base)
		maps.Copy(want, settings(c.want))
		if got := settings(configuration(t, helm(t, c.values))); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v\nwant %v", name, got, want)
		}
	}
}

// TestHelmPod: each value does what the chart does not do without it.
func TestHelmPod(t *testing.T) {
	base := find[appsv1.DaemonSet](t, helm(t, ""), "specguard").Spec
	for values, holds := range map[string]func(appsv1.DaemonSetSpec) bool{
		"affinity: {podAntiAffinity: {}}": func(d appsv1.DaemonSetSpec) bool {
			return d.Template.Spec.Affinity != nil && d.Template.Spec.Affinity.PodAntiAffinity != nil
		},
		"updateStrategy: {maxUnavailable: 2}": func(d appsv1.DaemonSetSpec) bool {
			return d.UpdateStrategy.RollingUpdate.MaxUnavailable.IntVal == 2 && d.UpdateStrategy.RollingUpdate.MaxSurge.IntValue() == 0
		},
		"updateStrategy: {maxUnavailable: 10%}": func(d appsv1.DaemonSetSpec) bool {
			return d.UpdateStrategy.RollingUpdate.MaxUnavailable.StrVal == "10%"
		},
		"priorityClassName: agents": func(d appsv1.DaemonSetSpec) bool { return d.Template.Spec.PriorityClassName == "agents" },
		`priorityClassName: ""`:     func(d appsv1.DaemonSetSpec) bool { return d.Template.Spec.PriorityClassName == "" },
		"podLabels: {team: nodes}": func(d appsv1.DaemonSetSpec) bool {
			return d.Template.Labels["team"] == "nodes" && d.Template.Labels["app.kubernetes.io/name"] == "specguard" && d.Selector.MatchLabels["team"] == ""
		},
		"extraEnv: [{name: GOMEMLIMIT, value: 200MiB}]": func(d appsv1.DaemonSetSpec) bool {
			return reflect.DeepEqual(d.Template.Spec.Containers[0].Env, []corev1.EnvVar{{Name: "GOMEMLIMIT", Value: "200MiB"}})
		},
		"{extraVolumes: [{name: scratch, emptyDir: {}}], extraVolumeMounts: [{name: scratch, mountPath: /tmp}]}": func(d appsv1.DaemonSetSpec) bool {
			return mounted(d.Template.Spec, "/tmp") == "scratch"
		},
	} {
		if holds(base) {
			t.Errorf("%s: it holds without", values)
		}
		if got := find[appsv1.DaemonSet](t, helm(t, values), "specguard").Spec; !holds(got) {
			t.Errorf("%s: rendered is\n%s", values, text(t, got))
		}
	}
}

// mounted gives the volume that the agent has at a path and can write to.
func mounted(pod corev1.PodSpec, path string) string {
	for _, m := range pod.Containers[0].VolumeMounts {
		for _, v := range pod.Volumes {
			if m.MountPath == path && !m.ReadOnly && v.Name == m.Name {
				return v.Name
			}
		}
	}
	return ""
}

// TestHelmDecisionLog: a decision log in a file is on a volume of the node's.
func TestHelmDecisionLog(t *testing.T) {
	all := helm(t, `
decisionLog: /var/log/specguard/decisions.log
extraVolumes: [{name: decision-log, hostPath: {path: /var/log/specguard, type: DirectoryOrCreate}}]
extraVolumeMounts: [{name: decision-log, mountPath: /var/log/specguard}]
`)
	if config := configuration(t, all); !strings.Contains(config, "\ndecisionLog: \"/var/log/specguard/decisions.log\"\n") {
		t.Errorf("no decision log in\n%s", config)
	}
	if pod := find[appsv1.DaemonSet](t, all, "specguard").Spec.Template.Spec; mounted(pod, "/var/log/specguard") != "decision-log" {
		t.Errorf("the folder of the decision log is not mounted: %+v", pod)
	}
}

// TestHelmMetricsLabels: a Prometheus that selects by label finds what is for it.
func TestHelmMetricsLabels(t *testing.T) {
	all := helm(t, "metrics: {podMonitor: true, prometheusRule: true, labels: {release: monitoring}}")
	want := map[string]string{"app.kubernetes.io/name": "specguard", "release": "monitoring"}
	for kind, got := range map[string]map[string]string{
		"PodMonitor":     find[podMonitor](t, all, "specguard").Labels,
		"PrometheusRule": find[prometheusRule](t, all, "specguard").Labels,
	} {
		if !maps.Equal(got, want) {
			t.Errorf("%s: labels %v", kind, got)
		}
	}
	if got := find[appsv1.DaemonSet](t, all, "specguard").Labels; got["release"] != "" {
		t.Errorf("DaemonSet: labels %v", got)
	}
}
