package manifest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func faultLines(r Result) []string {
	var out []string
	for _, f := range r.Faults {
		out = append(out, f.Error())
	}
	return out
}

// TestReadAll: one fault hides neither others nor other objects.
func TestReadAll(t *testing.T) {
	r := Read([]byte(`apiVersion: v1
kind: Pod
metadata: {name: a}
spec: {hostPID: 1, hostIPC: x, containers: [{name: c, image: i, env: [{name: A, value: 5}]}, {name: d}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
---
a: [
---
apiVersion: v1
kind: Pod
metadata: {name: b}
spec: {containers: [{name: c, image: i}, {name: d}, {name: e, image: i, volumeMounts: [{name: v, mountPath: /v}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: c}
spec: {containers: [{name: c, image: i}]}
`))
	want := []string{
		"4:17: spec.hostPID: must be true or false",
		"4:29: spec.hostIPC: must be true or false",
		"4:88: spec.containers[0].env[0].value: must be a string",
		"10:5: invalid YAML: did not find expected node content",
		"15:42: spec.containers[1]: has no name or no image",
		`15:88: spec.containers[2].volumeMounts: the pod has no volume "v"`,
	}
	if got := faultLines(r); !slices.Equal(got, want) {
		t.Errorf("\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
	if len(r.Containers) != 1 || r.Containers[0].Name != "c" || r.Objects != 4 || len(r.Skipped) != 1 || r.Skipped[0] != (Skipped{Kind: "ConfigMap", Name: "settings", Line: 6, Column: 1}) {
		t.Errorf("%d containers, %d objects, skipped %+v", len(r.Containers), r.Objects, r.Skipped)
	}
}

// TestSpelling: fields that objects do not have are faults, and the containers are judged all the same.
func TestSpelling(t *testing.T) {
	for _, tt := range []struct{ manifest, want string }{
		{podManifest("securityContex: {privileged: true}", ""), `10:5: spec.containers[0]: unknown field "securityContex": did you mean securityContext?`},
		{podManifest("securityContext: {privilegd: true}", ""), `10:23: spec.containers[0].securityContext: unknown field "privilegd": did you mean privileged?`},
		{podManifest("", "hostnetwork: true"), `6:3: spec: unknown field "hostnetwork": did you mean hostNetwork?`},
		{podManifest("", "volumes: [{name: a, hostPath: {path: /a, typo: x}}]"), `6:44: spec.volumes[0].hostPath: unknown field "typo": did you mean type?`},
		{podManifest("", "quantum: true"), `6:3: spec: unknown field "quantum", which Kubernetes 1.37 does not have`},
		{podManifest("livenessProbe: {httpGet: {prot: 80}}", ""), `10:31: spec.containers[0].livenessProbe.httpGet: unknown field "prot": did you mean port?`},
		{"apiVersion: apps/v1\nkind: Deployment\nmetadata: {nam: x}\nspec: {replica: 1, template: {spec: {containers: [{name: a, image: i}]}}}\n",
			"3:12: metadata: unknown field \"nam\": did you mean name?\n4:8: spec: unknown field \"replica\": did you mean replicas?"},
		{"apiVersion: v1\nkind: Pod\nx-own: &own {image: i}\nspec: {containers: [{name: a, <<: *own}]}\nstatus: {any: thing}\n", ""},
		{podManifest("resources: {limits: {example.com/gpu: 1}}", "nodeSelector: {any: thing}"), ""},
	} {
		r := Read([]byte(tt.manifest))
		if got := strings.Join(faultLines(r), "\n"); got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.manifest, got, tt.want)
		}
		if len(r.Containers) != 1 {
			t.Errorf("%s\n%d containers", tt.manifest, len(r.Containers))
		}
	}
}

// TestCustomResources: the pods in objects that Kubernetes itself does not have are found.
func TestCustomResources(t *testing.T) {
	const containers = "containers: [{name: a, image: i, securityContext: {privileged: true}}]"
	for _, tt := range []struct {
		name, manifest string
		found          []string // where
		reason         string   // why none is
		faults         int
	}{
		{"Argo Rollout", "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: web}\nspec: {strategy: {canary: {}}, template: {metadata: {labels: {a: b}}, spec: {" + containers + "}}}\n", []string{"spec.template.spec"}, "", 0},
		{"Knative Service, without names", "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: web}\nspec: {template: {spec: {containerConcurrency: 5, containers: [{image: i}]}}}\n", []string{"spec.template.spec"}, "", 0},
		{"DeploymentConfig", "apiVersion: apps.openshift.io/v1\nkind: DeploymentConfig\nmetadata: {name: web}\nspec: {template: {spec: {" + containers + "}}}\n", []string{"spec.template.spec"}, "", 0},
		{"ClusterServiceVersion", "apiVersion: operators.coreos.com/v1alpha1\nkind: ClusterServiceVersion\nmetadata: {name: web}\nspec: {install: {spec: {deployments: [{name: d, spec: {template: {spec: {" + containers + "}}}}, {name: e, spec: {template: {spec: {" + containers + "}}}}]}}}\n",
			[]string{"spec.install.spec.deployments[0].spec.template.spec", "spec.install.spec.deployments[1].spec.template.spec"}, "", 0},
		{"Prometheus, which has some of its own", "apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: {name: web}\nspec: {replicas: 2, " + containers + "}\n", []string{"spec"}, "", 0},
		{"SparkApplication with a template", "apiVersion: sparkoperator.k8s.io/v1beta2\nkind: SparkApplication\nmetadata: {name: s}\nspec: {driver: {template: {spec: {" + containers + "}}}}\n", []string{"spec.driver.template.spec"}, "", 0},
		{"SparkApplication", "apiVersion: sparkoperator.k8s.io/v1beta2\nkind: SparkApplication\nmetadata: {name: s}\nspec: {image: i, driver: {}}\n", nil, "its controller makes the pods; the manifest does not show them", 0},
		{"VirtualMachine", "apiVersion: kubevirt.io/v1\nkind: VirtualMachine\nmetadata: {name: v}\nspec: {template: {spec: {domain: {}}}}\n", nil, "its controller makes the pods; the manifest does not show them", 0},
		{"a misspelt field", "apiVersion: a.io/v1\nkind: A\nspec: {template: {spec: {containers: [{name: a, image: i, securityContex: {}, own: 1}]}}}\n", []string{"spec.template.spec"}, "", 1},
		{"a wrong type", "apiVersion: a.io/v1\nkind: A\nspec: {template: {spec: {hostPID: 5, " + containers + "}}}\n", nil, "has an error", 1},
		{"a CustomResourceDefinition", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {schema: {properties: {containers: {type: array, items: {properties: {image: {type: string}}}}}}}\n", nil, "", 0},
		{"a test of policies", "apiVersion: specguard.dev/v1beta1\nkind: PolicyTest\nspec: {cases: [{given: {pod: {spec: {" + containers + "}}}}]}\n", nil, "", 0},
		{"another kind", "apiVersion: v1\nkind: Service\nspec: {ports: []}\n", nil, "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := Read([]byte(tt.manifest))
			if len(r.Faults) != tt.faults {
				t.Errorf("faults %q", faultLines(r))
			}
			var found []string
			for _, c := range r.Containers {
				i := slices.IndexFunc(c.Notes, func(n string) bool { return strings.HasPrefix(n, "found at ") })
				if i < 0 {
					t.Fatalf("not said to be found: %q", c.Notes)
				}
				found = append(found, strings.Fields(c.Notes[i])[2])
			}
			if !slices.Equal(found, tt.found) {
				t.Errorf("found %q, want %q", found, tt.found)
			}
			if tt.found == nil && (len(r.Skipped) != 1 || r.Skipped[0].Reason != tt.reason) {
				t.Errorf("skipped %+v", r.Skipped)
			}
		})
	}
}

// TestWhere: a finding is at the field that the rule reads.
func TestWhere(t *testing.T) {
	const manifest = `apiVersion: v1
kind: Pod
metadata:
  name: web
  annotations: {a: b}
spec:
  hostNetwork: true
  hostPID: true
  securityContext:
    runAsUser: 0
  containers:
  - name: app
    image: nginx
    env: [{name: A, value: secret}]
    securityContext:
      capabilities:
        add: [NET_ADMIN]
    volumeMounts:
    - {name: logs, mountPath: /var/log}
    - name: deep
      mountPath: /var/log/deep
  - name: plain
    image: nginx
  volumes:
  - name: logs
    hostPath:
      path: /srv/log
  - {name: deep, emptyDir: {}}
`
	r := Read([]byte(manifest))
	if len(r.Containers) != 2 || len(r.Faults) > 0 {
		t.Fatal(faultLines(r))
	}
	for _, tt := range []struct {
		container   int
		rule, found string
		want        string
	}{
		{0, "capabilities", "NET_ADMIN not allowed", "17:14"},
		{1, "capabilities", "CHOWN not allowed", "22:5"},
		{1, "runAsNonRoot", "uid 0 is root", "10:16"},
		{0, "hostNamespaces", "host network namespace", "7:16"},
		{0, "hostNamespaces", "host pid namespace", "8:12"},
		{0, "hostNamespaces", "host ipc namespace", "12:5"},
		{0, "hostPaths", "hostPath /srv/log at /var/log is not allowed", "27:13"},
		{0, "volumeTypes", "emptyDir at /var/log/deep is not allowed", "21:18"},
		{0, "images", "x", "13:12"},
		{0, "annotations", "x", "5:16"},
		{0, "env", "variable A", "14:10"},
		{0, "devices", "x", "12:5"},
		{1, "privileged", "x", "22:5"},
	} {
		line, column := r.Containers[tt.container].Where(tt.rule, tt.found)
		if got := fmt.Sprintf("%d:%d", line, column); got != tt.want {
			t.Errorf("%s, %q: %s, want %s", tt.rule, tt.found, got, tt.want)
		}
	}
	if fmt.Sprint(r.Containers[1].Line, r.Containers[1].Column) != "22 5" {
		t.Errorf("%d:%d", r.Containers[1].Line, r.Containers[1].Column)
	}
}
