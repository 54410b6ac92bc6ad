package deploy_test

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

func TestHelmValues(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0", 64)
	all := helm(t, `
image: {repository: registry.example.com/guard, tag: unused, digest: "`+digest+`", pullPolicy: Always}
imagePullSecrets: [{name: pull}]
opener: verify
decisionLog: ""
logLevel: debug
nriDir: /run/other/nri
kubeletDir: /var/lib/k0s/kubelet
containerd: {dir: /run/k3s/containerd}
crio: {mount: true, dir: /run/other/crio}
existing: stopDenied
runtimeDirs: [/run/k3s/containerd]
bundles: ["/run/k3s/containerd/{id}/config.json"]
policies: {baseline.yaml: null, own.yaml: "kind: Policy"}
wrapper: {install: true, passNamespaces: [calico-system]}
resources: {limits: {memory: 1Gi}}
tolerations: []
nodeSelector: {pool: tenants}
seLinuxOptions: {type: spc_t}
podAnnotations: {a: b}
`)
	d := find[appsv1.DaemonSet](t, all, "specguard").Spec.Template
	agent, install := d.Spec.Containers[0], d.Spec.InitContainers[0]
	for _, c := range []corev1.Container{agent, install} {
		if c.Image != "registry.example.com/guard@"+digest || c.ImagePullPolicy != corev1.PullAlways {
			t.Errorf("%s: image %s, %s", c.Name, c.Image, c.ImagePullPolicy)
		}
		if c.SecurityContext.SELinuxOptions == nil || c.SecurityContext.SELinuxOptions.Type != "spc_t" {
			t.Errorf("%s: SELinux options %+v", c.Name, c.SecurityContext.SELinuxOptions)
		}
		if c.Resources.Limits.Memory().String() != "1Gi" {
			t.Errorf("%s: resources %+v", c.Name, c.Resources)
		}
	}
	if got := strings.Join(install.Args, " "); got != "install --root /host --pass-namespace kube-system --pass-namespace specguard-system --pass-namespace calico-system" {
		t.Errorf("arguments of install: %s", got)
	}
	if d.Annotations["a"] != "b" || len(d.Spec.Tolerations) != 0 || d.Spec.NodeSelector["pool"] != "tenants" || d.Spec.ImagePullSecrets[0].Name != "pull" {
		t.Errorf("pod %+v", d)
	}
	paths := map[string]string{}
	for _, v := range d.Spec.Volumes {
		if v.HostPath != nil {
			paths[v.Name] = v.HostPath.Path
		}
	}
	if paths["nri"] != "/run/other/nri" || paths["containerd"] != "/run/k3s/containerd" || paths["crio"] != "/run/other/crio" {
		t.Errorf("folders of the host: %v", paths)
	}
	policies := find[corev1.ConfigMap](t, all, "specguard-policies").Data
	if policies["own.yaml"] != "kind: Policy" || policies["restricted.yaml"] == "" || len(policies) != 2 {
		t.Errorf("policies %q", policies)
	}
	config := configuration(t, all)
	for _, want := range []string{"opener: verify\n", "existing: stopDenied\n", `decisionLog: ""`, "level: debug", "kubeletDir: /var/lib/k0s/kubelet", `runtimeDirs: ["/run/k3s/containerd"]`, `bundles: ["/run/k3s/containerd/{id}/config.json"]`} {
		if !strings.Contains(config, want) {
			t.Errorf("no %s in\n%s", want, config)
		}
	}
}

func TestHelmExistingConfigMap(t *testing.T) {
	all := helm(t, "existingConfigMap: ours")
	for _, o := range all {
		if o.name == "specguard-policies" {
			t.Error("policies are rendered beside an existing ConfigMap")
		}
	}
	for _, v := range find[appsv1.DaemonSet](t, all, "specguard").Spec.Template.Spec.Volumes {
		if v.Name == "policies" && v.ConfigMap.Name != "ours" {
			t.Errorf("policies come from %s", v.ConfigMap.Name)
		}
	}
}

// TestHelmRestartsForConfiguration: the checksum follows what the agent reads
// at start, and not the policies, which it reads while it runs.
func TestHelmRestartsForConfiguration(t *testing.T) {
	sum := func(values string) string {
		return find[appsv1.DaemonSet](t, helm(t, values), "specguard").Spec.Template.Annotations["checksum/config"]
	}
	base := sum("")
	if len(base) != 64 || sum("logLevel: debug") == base {
		t.Errorf("checksum %q does not follow the configuration", base)
	}
	if sum(`policies: {own.yaml: "kind: Policy"}`) != base {
		t.Error("another policy restarts the agents")
	}
}

func TestHelmRefusesValues(t *testing.T) {
	for name, c := range map[string]struct{ values, want string }{
		"opener":         {"opener: magic", "opener"},
		"existing":       {"existing: kill", "existing"},
		"bundles":        {"bundles: [/run]", "bundles"},
		"runtimeDirs":    {"runtimeDirs: [run]", "runtimeDirs"},
		"unknown":        {"opner: auto", "opner"},
		"unknown, below": {"wrapper: {instal: true}", "instal"},
		"image":          {"image: {tagg: v1}", "tagg"},
		"pull secret":    {"imagePullSecrets: [{name: pull, nam: x}]", "nam'"},
		"containerd":     {"containerd: {mont: false}", "mont"},
		"crio":           {"crio: {mont: true}", "mont"},
		"setting":        {"config: {hokPath: /hook}", "hokPath"},
		"setting, nri":   {`config: {nri: {indx: "95"}}`, "indx"},
		"setting, log":   {"config: {log: {fromat: text}}", "fromat"},
		"setting, host":  {"config: {host: {kubletDir: /var/lib/kubelet}}", "kubletDir"},
		"type":           {"config: {nri: {index: 95}}", "index"},
		"size":           {"config: {maxContainerSize: 256KB}", "maxContainerSize"},
		"handlers":       {"config: {testedHandlers: kata}", "testedHandlers"},
		"the pod's port": {`config: {http: ":80"}`, "http"},
		"the pod's root": {"config: {host: {root: /}}", "root"},
		"prefix":         {"wrapper: {prefix: opt}", "prefix"},
		"affinity":       {"affinity: {nodeAfinity: {}}", "nodeAfinity"},
		"update":         {"updateStrategy: {maxSurge: 1}", "maxSurge"},
		"no update":      {"updateStrategy: {maxUnavailable: 0}", "maxUnavailable"},
		"no update, %":   {"updateStrategy: {maxUnavailable: 0%}", "maxUnavailable"},
		"pod's label":    {"podLabels: {app.kubernetes.io/name: other}", "app.kubernetes.io/name"},
		"label":          {"metrics: {labels: {release: 1}}", "release"},
		"metrics":        {"metrics: {label: {}}", "label"},
		"volume":         {"extraVolumes: [{emptyDir: {}}]", "extraVolumes"},
		"network policy": {"networkPolicy: true", "networkPolicy"},
		"who may ask":    {"networkPolicy: {form: []}", "form"},
		"peer":           {"networkPolicy: {from: [{podselector: {}}]}", "podselector"},
		"relative path":  {"containerd: {dir: run/containerd}", "dir"},
		"no policy file": {`policies: {readme.md: ""}`, "readme.md"},
		"hidden file":    {`policies: {.own.yaml: ""}`, ".own.yaml"},
		"digest":         {"image: {digest: latest}", "digest"},
	} {
		if _, err := tryHelm(t, namespace, c.values); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one about %s", name, err, c.want)
		}
	}
}
