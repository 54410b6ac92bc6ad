package manifest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/specguard/specguard/policy"
)

func TestIs(t *testing.T) {
	for data, want := range map[string]bool{
		"apiVersion: v1\nkind: Pod\n":                                            true,
		`{"kind": "Pod", "apiVersion": "v1"}`:                                    true,
		"# a comment\n---\n---\napiVersion: v1\nkind: List\n":                    true,
		"apiVersion: v1\nkind: Pod\nspec: {\n":                                   true,
		"a: &a {b: *a}\nc: *a\n":                                                 false,
		`{"ociVersion": "1.2.0", "annotations": {"kind": "", "apiVersion": ""}}`: false,
		`{"ociVersion": "1.2.0"`:                                                 false,
		`{"info": {"runtimeSpec": {}}}`:                                          false,
		"kind: Pod\n":                                                            false,
		"":                                                                       false,
		"- apiVersion: v1\n  kind: Pod\n":                                        false,
	} {
		if got := Is([]byte(data)); got != want {
			t.Errorf("%q: %t", data, got)
		}
	}
}

// TestKinds: the pod of every kind of object is found.
func TestKinds(t *testing.T) {
	const pod = "metadata: {labels: {tier: web}}, spec: {containers: [{name: app, image: nginx}]}"
	for _, tt := range []struct{ object, want string }{
		{"apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: app, image: nginx}]}", "Pod web: default/web app"},
		{"apiVersion: v1\nkind: Pod\nmetadata: {generateName: web-, namespace: a}\nspec: {containers: [{name: app, image: nginx}]}", "Pod : a/web- app"},
		{"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: a}\nspec: {template: {" + pod + "}}", "Deployment web: a/web app"},
		{"apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {" + pod + "}}", "Deployment web: default/web app"},
		{"apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: web}\nspec: {template: {" + pod + "}}", "ReplicaSet web: default/web app"},
		{"apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: web}\nspec: {template: {" + pod + "}}", "StatefulSet web: default/web app"},
		{"apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: web}\nspec: {template: {" + pod + "}}", "DaemonSet web: default/web app"},
		{"apiVersion: batch/v1\nkind: Job\nmetadata: {name: web}\nspec: {template: {" + pod + "}}", "Job web: default/web app"},
		{"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: web}\nspec: {jobTemplate: {spec: {template: {" + pod + "}}}}", "CronJob web: default/web app"},
		{"apiVersion: v1\nkind: ReplicationController\nmetadata: {name: web}\nspec: {template: {" + pod + "}}", "ReplicationController web: default/web app"},
		{"apiVersion: v1\nkind: PodTemplate\nmetadata: {name: web}\ntemplate: {" + pod + "}", "PodTemplate web: default/web app"},
	} {
		got := derive(t, tt.object)
		if names := describe(got); !slices.Equal(names, []string{tt.want}) {
			t.Errorf("%s\n got %q", tt.object, names)
		}
		if labels := got[0].Subject.Pod.Labels; !strings.Contains(tt.object, "kind: Pod\n") && labels["tier"] != "web" {
			t.Errorf("%s: labels %v", tt.want, labels)
		}
	}
}

func describe(containers []Container) []string {
	var out []string
	for _, c := range containers {
		out = append(out, fmt.Sprintf("%s %s: %s/%s %s", c.Kind, c.Name, c.Subject.Pod.Namespace, c.Subject.Pod.Name, c.Subject.Container.Name))
	}
	return out
}

// TestSeveral: documents, lists, and all containers of a pod; what makes no
// pods for Linux is passed over.
func TestSeveral(t *testing.T) {
	got := describe(derive(t, `
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {a: b}
---
# nothing
---
apiVersion: v1
kind: Pod
metadata: {name: one}
spec:
  containers: [{name: b, image: i}, {name: c, image: i}]
  ephemeralContainers: [{name: d, image: i}]
  initContainers: [{name: a, image: i}]
---
apiVersion: batch.volcano.sh/v1alpha1
kind: Job
spec: {tasks: []}
---
apiVersion: v1
kind: Pod
metadata: {name: other}
spec: {os: {name: windows}, containers: [{name: x, image: i}]}
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Service, metadata: {name: web}}
- {apiVersion: v1, kind: Pod, metadata: {name: two}, spec: {containers: [{name: e, image: i}]}}
---
apiVersion: v1
kind: PodList
items:
- {metadata: {name: three}, spec: {containers: [{name: f, image: i}]}}
`))
	want := []string{
		"Pod one: default/one a", "Pod one: default/one b", "Pod one: default/one c", "Pod one: default/one d",
		"Pod two: default/two e", "Pod three: default/three f",
	}
	if !slices.Equal(got, want) {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
}

// TestErrors: every fault has its place, and no value is shown that may be
// secret.
func TestErrors(t *testing.T) {
	const supported = "(supported: Pod, Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, CronJob, ReplicationController, PodTemplate)"
	pod := func(spec string) string {
		return "apiVersion: v1\nkind: Pod\nspec:\n  " + spec + "\n"
	}
	container := func(fields string) string {
		return pod("containers:\n  - {name: app, image: i, " + fields + "}")
	}
	for _, tt := range []struct{ manifest, want string }{
		{"", "1:1: there is no Pod and no workload that creates one " + supported},
		{"apiVersion: v1\nkind: Service\n", "1:1: there is no Pod and no workload that creates one " + supported},
		{"apiVersion: v1\nkind: Pod\nspec: {os: {name: windows}}\n", "1:1: the pod is for Windows; specguard judges only pods for Linux"},
		{"---\nkind: Pod\n", "2:1: is not a Kubernetes object: apiVersion or kind is missing"},
		{"a: b\n", "1:1: is not a Kubernetes object: apiVersion or kind is missing"},
		{"- a\n", "1:1: must be a mapping"},
		{"a: {b\n", "1:4: invalid YAML: did not find expected ',' or '}'"},
		{"apiVersion: apps/v1\nkind: Deployment\nspec: {}\n", "1:1: spec.template: is missing"},
		{"apiVersion: apps/v1\nkind: Deployment\nspec:\n  template: {spec: {}}\n", "4:13: spec.template.spec: has no containers"},
		{"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: 1}\n", "4:16: items[0].apiVersion: must be a string"},
		{pod("containers: []"), "1:1: spec: has no containers"},
		{pod("containers: {}"), "4:15: spec.containers: must be a list"},
		{pod("containers: [app]"), "4:16: spec.containers[0]: must be a mapping"},
		{pod("containers: [{image: i}]"), "4:16: spec.containers[0]: has no name or no image"},
		{pod("containers: [{name: app}]"), "4:16: spec.containers[0]: has no name or no image"},
		{pod("hostPID: 1"), "4:12: spec.hostPID: must be true or false"},
		{pod("hostPID: 'yes'"), "4:12: spec.hostPID: must be true or false"},
		{pod("hostPID: true\n  hostPID: true"), `5:3: spec: has "hostPID" twice`},
		{pod("? [a]\n  : b"), "4:5: spec: has a key that is not a single value"},
		{container("env: [{name: A, value: 47110815}]"), "5:50: spec.containers[0].env[0].value: must be a string"},
		{container("env: [{name: A, value: [secret]}]"), "5:50: spec.containers[0].env[0].value: must be a string"},
		{container("args: [true]"), "5:34: spec.containers[0].args[0]: must be a string"},
		{container("ports: [{hostPort: http}]"), "5:46: spec.containers[0].ports[0].hostPort: must be a whole number from 0 to 2147483647"},
		{container("securityContext: {runAsUser: -1}"), "5:56: spec.containers[0].securityContext.runAsUser: must be a whole number from 0 to 2147483647"},
		{container("securityContext: {runAsUser: 1e3}"), "5:56: spec.containers[0].securityContext.runAsUser: must be a whole number from 0 to 2147483647"},
		{container("securityContext: {procMount: None}"), "5:56: spec.containers[0].securityContext.procMount: must be one of Default, Unmasked"},
		{container("securityContext: {procMount: [None]}"), "5:56: spec.containers[0].securityContext.procMount: must be a single value"},
		{container("securityContext: {seccompProfile: {}}"), "5:61: spec.containers[0]: seccompProfile has no type"},
		{container("securityContext: {seccompProfile: {type: Localhost}}"), "5:61: spec.containers[0]: seccompProfile has no localhostProfile"},
		{container("securityContext: {appArmorProfile: {type: x}}"), "5:69: spec.containers[0].securityContext.appArmorProfile.type: must be one of RuntimeDefault, Localhost, Unconfined"},
		{container("securityContext: {appArmorProfile: {}}"), "5:62: spec.containers[0]: appArmorProfile has no type"},
		{container("resources: {limits: {memory: lots}}"), "5:56: spec.containers[0].resources.limits.memory: must be a quantity, such as 500m, 2 or 256Mi"},
		{container("volumeMounts: [{name: a, mountPath: /a}]"), `5:42: spec.containers[0].volumeMounts: the pod has no volume "a"`},
		{container("volumeDevices: [{name: a, devicePath: /a}]"), `5:43: spec.containers[0].volumeDevices: the pod has no volume "a"`},
		{container("volumeMounts: [{name: a}]}]\n  volumes: [{name: a}"), "invalid YAML"},
		{pod("volumes: [{name: a, hostPath: {}}]"), "4:13: spec.volumes[0]: hostPath has no path"},
		{pod("volumes: [{emptyDir: {}}]"), "4:13: spec.volumes[0]: has no name"},
		{pod("volumes: [{name: a, quantumPath: {}}]"), `4:36: spec.volumes[0]: has a volume of unknown type "quantumPath"`},
		{pod("volumes: [{name: a, nfs: {}, csi: {}}]"), "4:37: spec.volumes[0]: has more than one type"},
	} {
		got, err := Derive([]byte(tt.manifest))
		var fault *Error
		if got != nil || !errors.As(err, &fault) || !strings.Contains(err.Error(), tt.want) || strings.ContainsRune(err.Error(), '\n') {
			t.Errorf("%s\n got %v\nwant %s", tt.manifest, err, tt.want)
		}
		if err != nil && (strings.Contains(err.Error(), "47110815") || strings.Contains(err.Error(), "secret")) {
			t.Errorf("shows a value: %v", err)
		}
	}
}

// TestAliases: aliases and merges are followed, but not without end.
func TestAliases(t *testing.T) {
	c := derive(t, `
apiVersion: v1
kind: Pod
common: &common {securityContext: {runAsUser: 5}, image: nginx}
labels: &labels {tier: web}
metadata: {name: web, labels: *labels}
spec:
  containers:
  - {<<: *common, name: a}
  - {<<: [{image: own}, *common], name: b}
  - {name: c, image: mine, <<: *common}
`)
	for i, want := range []string{"nginx", "own", "mine"} {
		if s := c[i].Subject; s.Spec.Process.User.UID != 5 || !slices.Contains(s.Container.OtherImages, want) || s.Pod.Labels["tier"] != "web" {
			t.Errorf("%s: %+v", want, s)
		}
	}
	bomb := "apiVersion: v1\nkind: Pod\na: &a [" + strings.Repeat("x, ", 100) + "]\n"
	bomb += "c: &c {name: app, image: i, args: *a}\nd: &d [" + strings.Repeat("*c, ", 300) + "]\n"
	bomb += "spec: {containers: *d, initContainers: *d, ephemeralContainers: *d}\n"
	if _, err := Derive([]byte(bomb)); err == nil || !strings.Contains(err.Error(), "the aliases expand to too much") {
		t.Errorf("bomb: %v", err)
	}
	if _, err := Derive([]byte("apiVersion: v1\nkind: Pod\nspec: &a {<<: *a}\n")); err == nil {
		t.Error("a mapping that merges itself")
	}
}

// TestJSON: JSON is read with the escapes that YAML does not know.
func TestJSON(t *testing.T) {
	c := derive(t, "{\n\t\"apiVersion\": \"v1\", \"kind\": \"Pod\",\n\t\"metadata\": {\"labels\": {\"a\": \"x\\/\\ud83d\\ude00\\\\\\/\\u00e9\"}, \"creationTimestamp\": null},\n"+
		"\t\"spec\": {\"containers\": [{\"name\": \"app\", \"image\": \"a\\/b\", \"env\": null}]}}")
	if got := c[0].Subject.Pod.Labels["a"]; got != "x/\U0001F600\\/é" {
		t.Errorf("%q", got)
	}
	if got := c[0].Subject.Container.Image; got != "docker.io/a/b:latest" {
		t.Errorf("%q", got)
	}
}

// TestIDs: a manifest cannot name the ids that its pods get.
func TestIDs(t *testing.T) {
	a, b := one(t, "", ""), one(t, "", "hostname: b")
	again := one(t, "", "")
	if a.Subject.Pod.UID == b.Subject.Pod.UID || a.Subject.Pod.ID == b.Subject.Pod.ID || a.Subject.Container.ID == b.Subject.Container.ID {
		t.Error("other manifests, same ids")
	}
	if a.Subject.Pod.UID != again.Subject.Pod.UID || a.Subject.Container.ID != again.Subject.Container.ID {
		t.Error("same manifest, other ids")
	}
	if len(a.Subject.Pod.UID) != 36 || len(a.Subject.Pod.ID) != 64 || len(a.Subject.Container.ID) != 64 {
		t.Errorf("%+v", a.Subject)
	}
}

// TestJudged: what is derived can be judged, by an example of each profile.
func TestJudged(t *testing.T) {
	const restricted = "securityContext: {runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}"
	const sockets = "profile: baseline, rules: {hostPaths: {onViolation: ignore}}}\n---\napiVersion: " + policy.APIVersion +
		"\nkind: Policy\nmetadata: {name: sockets}\nspec: {rules: {hostPaths: {forbidden: [RuntimeSockets]}}"
	for _, tt := range []struct{ container, pod, profile, want string }{
		{"", "", "baseline", ""},
		{"", "hostNetwork: true", "baseline", "hostNamespaces: host namespaces network not allowed (allowed: none)"},
		{restricted, "", "restricted", ""},
		{"", "", "restricted", "runs as root"},
		{"volumeMounts: [{name: v, mountPath: /v, subPath: a}]", "volumes: [{name: v, emptyDir: {}}]", "baseline", ""},
		{"volumeMounts: [{name: v, mountPath: /v, subPath: a}]", "volumes: [{name: v, hostPath: {path: /a}}]", "baseline", "hostPaths: host path /var/lib/kubelet/pods/"},
		{"volumeMounts: [{name: v, mountPath: /v}]", "volumes: [{name: v, image: {reference: data}}]", "baseline", ""},
		{"volumeMounts: [{name: v, mountPath: /v, subPath: a}]", "volumes: [{name: v, emptyDir: {}}]", sockets, ""},
		{"volumeMounts: [{name: v, mountPath: /v, subPath: log}]", "volumes: [{name: v, hostPath: {path: /var}}]", sockets, ""},
		{"volumeMounts: [{name: v, mountPath: /v, subPath: run/docker.sock}]", "volumes: [{name: v, hostPath: {path: /var}}]", sockets, "it shows files of the forbidden /run/docker.sock (RuntimeSockets)"},
		{"volumeMounts: [{name: v, mountPath: /v, subPathExpr: $(X)}]", "volumes: [{name: v, hostPath: {path: /var}}]", sockets, "it shows files of the forbidden /var/lib/kubelet/device-plugins (RuntimeSockets)"},
		{"volumeMounts: [{name: v, mountPath: /v, subPathExpr: $(X)}]", "volumes: [{name: v, hostPath: {path: /opt}}]", sockets, ""},
	} {
		spec := tt.profile
		if !strings.Contains(spec, ":") {
			spec = "profile: " + spec
		}
		doc := "apiVersion: " + policy.APIVersion + "\nkind: Policy\nmetadata: {name: p}\nspec: {" + spec + "}\n"
		set, err := policy.Compile(policy.Source{Name: "p.yaml", Data: []byte(doc)})
		if err != nil {
			t.Fatal(err)
		}
		got := set.Evaluate(one(t, tt.container, tt.pod).Subject, policy.Complete).Message()
		if !strings.Contains(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%s\n%s\n got %s\nwant %s", tt.container, tt.pod, got, tt.want)
		}
	}
}

func FuzzDerive(f *testing.F) {
	f.Add([]byte(podManifest("volumeMounts: [{name: v, mountPath: /v, subPath: a}]", "volumes: [{name: v}]")))
	f.Add([]byte("apiVersion: v1\nkind: List\nitems: [{<<: &a {b: *a}}]\n"))
	f.Add([]byte(`{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"name":"a","image":"b@c"}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		Is(data)
		out, err := Derive(data)
		if err == nil && len(out) == 0 {
			t.Error("neither a container nor an error")
		}
	})
}
