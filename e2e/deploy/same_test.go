package deploy_test

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

const allComponents = `
components:
  - ../components/crio-socket
  - ../components/no-containerd-socket
  - ../components/pod-monitor
  - ../components/prometheus-rule
  - ../components/runtime-wrapper
`

// TestHelmAndKustomizeAreTheSame: what an operator gets does not depend on the
// tool. Only the namespace is left to Helm's caller, and only Helm restarts
// the agents when their configuration changes.
func TestHelmAndKustomizeAreTheSame(t *testing.T) {
	for name, c := range map[string]struct{ kustomization, values string }{
		"audit":   {"resources: [../overlays/audit]", ""},
		"enforce": {"resources: [../overlays/enforce]", read(t, "deploy/helm/specguard/values-enforce.yaml")},
		"crio":    {"resources: [../overlays/crio]", "{containerd: {mount: false}, wrapper: {install: true}}"},
		"all": {"resources: [../overlays/audit]" + allComponents,
			"{containerd: {mount: false}, crio: {mount: true}, wrapper: {install: true}, metrics: {podMonitor: true, prometheusRule: true}}"},
		"who may ask": {`
resources: [../overlays/audit]
patches:
  - target: {kind: NetworkPolicy, name: specguard}
    patch: "- {op: replace, path: /spec/ingress/0/from, value: [{namespaceSelector: {matchLabels: {team: monitoring}}}]}"`,
			"networkPolicy: {from: [{namespaceSelector: {matchLabels: {team: monitoring}}}]}"},
		"all may ask": {`
resources: [../overlays/audit]
patches:
  - target: {kind: NetworkPolicy, name: specguard}
    patch: "- {op: remove, path: /spec/ingress/0/from}"`,
			"networkPolicy: {from: []}"},
		"no network policy": {"resources: [../overlays/audit]\ncomponents: [../components/no-network-policy]", "networkPolicy: {enabled: false}"},
		"image": {"resources: [../overlays/crio]\nimages: [{name: ghcr.io/specguard/specguard, newName: registry.example.com/specguard, newTag: test}]",
			"{image: {repository: registry.example.com/specguard, tag: test}, containerd: {mount: false}, wrapper: {install: true}}"},
	} {
		t.Run(name, func(t *testing.T) {
			want, got := comparable(t, kustomize(t, c.kustomization)), comparable(t, helm(t, c.values))
			if a, b := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)); !slices.Equal(a, b) {
				t.Fatalf("Helm renders %v, kustomize %v", a, b)
			}
			for id := range want {
				if !reflect.DeepEqual(got[id], want[id]) {
					t.Errorf("%s differs; Helm:\n%s\nkustomize:\n%s", id, text(t, got[id]), text(t, want[id]))
				}
			}
		})
	}
}

// comparable gives the objects by id, without what is Helm's or kustomize's own.
func comparable(t *testing.T, all []object) map[string]any {
	t.Helper()
	out := map[string]any{}
	for _, o := range all {
		if o.kind == "Namespace" {
			continue
		}
		decoded := decode(t, o)
		if d, ok := decoded.(*appsv1.DaemonSet); ok {
			delete(d.Spec.Template.Annotations, "checksum/config")
			sortVolumes(&d.Spec.Template.Spec)
		}
		if out[o.id()] != nil {
			t.Errorf("%s is there twice", o.id())
		}
		out[o.id()] = decoded
	}
	return out
}

// sortVolumes puts volumes and mounts in an order, which means nothing.
func sortVolumes(pod *corev1.PodSpec) {
	slices.SortFunc(pod.Volumes, func(a, b corev1.Volume) int { return cmp.Compare(a.Name, b.Name) })
	for _, c := range pod.Containers {
		slices.SortFunc(c.VolumeMounts, func(a, b corev1.VolumeMount) int { return cmp.Compare(a.MountPath, b.MountPath) })
	}
}

func text(t *testing.T, v any) []byte {
	t.Helper()
	data, err := yaml.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
