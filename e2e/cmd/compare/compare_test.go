package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/specguard/specguard/e2e/build"
)

const secure = `{securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}},
    containers: [{name: a, image: i, volumeMounts: [{name: data, mountPath: /data}],
      securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]%s}`

// manifests of the test, by file.
func manifestsOfTest() map[string]string {
	withVolume := fmt.Sprintf(secure, ", volumes: [{name: data}]")
	return map[string]string{
		"restricted.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: kube-system}\nspec: " + withVolume + `
---
# the same pod
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec:
  template:
    spec: ` + withVolume + `
---
apiVersion: v1
kind: Service
metadata: {name: s}
`,
		"claims.yml": "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: s}\nspec:\n  volumeClaimTemplates: [{metadata: {name: data}}]\n" +
			"  template:\n    spec: " + fmt.Sprintf(secure, ""),
		"baseline/job.yaml": `
apiVersion: batch/v1
kind: CronJob
metadata: {name: c}
spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: a, image: i}]}}}}}
`,
		"baseline/list.json": `{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "privileged"}, "spec": {"template": {"spec":
    {"hostNetwork": true, "containers": [{"name": "a", "image": "i", "ports": [{"containerPort": 80}], "securityContext": {"privileged": true}}]}}}},
  {"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "unmounted"}, "template": {"spec":
    {"containers": [{"name": "a", "image": "i"}], "volumes": [{"name": "v", "hostPath": {"path": "/"}}]}}},
  {"apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "without"}, "spec": {}}]}`,
		"template.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: {{ .Name }}}\n",
		"patch.yaml":    "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: r}\nspec: {template: {spec: {containers: [{name: a}]}}}\n",
		"twice.yaml":    "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  hostPID: true\n  hostPID: false\n  containers: [{name: a, image: i}]\n",
		"other.txt":     "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, image: other}]}\n",
		"none.yaml":     "- a\n- b\n",
	}
}

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestCompare(t *testing.T) {
	dir := write(t, manifestsOfTest())
	var out bytes.Buffer
	if err := run(t.Context(), &out, []string{dir}, false); err != nil {
		t.Error(err)
	}
	const want = `8 files, 5 pods, 1 more that are the same as another
1 skipped: an incomplete pod, of which no kubelet makes containers (a patch?)
1 skipped: no YAML (a template?)
1 skipped: no YAML that kubectl reads: a key is there twice
1 skipped: no object that Kubernetes can read (a template, a patch?)
  baseline: not visible: DIR/baseline/list.json: PodTemplate/unmounted: volumes: Kubernetes: denied: hostPath volumes (volume "v"); ` +
		`specguard: allowed (no container mounts the volume)
baseline: 4 agree (3 allowed, 1 denied), 1 not visible, 0 stricter, 0 disagree
  not visible: 1: no container mounts the volume
  agree, but not in each control: 1: a privileged container has all capabilities and devices, and no profiles
restricted: 5 agree (2 allowed, 3 denied), 0 not visible, 0 stricter, 0 disagree
  agree, but not in each control: 1: a privileged container has all capabilities and devices, and no profiles
  agree, but not in each control: 1: no container mounts the volume
`
	if got := strings.ReplaceAll(out.String(), dir, "DIR"); got != want {
		t.Errorf("printed\n%s\nwant\n%s", got, want)
	}
	if err := run(t.Context(), &out, []string{filepath.Join(dir, "none.yaml")}, false); err == nil {
		t.Error("no error without a pod")
	}
}

// yes is a specguard that allows everything.
const yes = `#!/bin/sh
profile=$(sed -n 's/^metadata: {name: \(.*\)}$/\1/p')
for file; do
	case $file in /*) echo "{\"file\": \"$file\", \"outcome\": \"allowed\", \"policies\": [\"$profile\"]}" ;; esac
done
`

// TestDisagree: what a specguard lets through that allows everything is told.
func TestDisagree(t *testing.T) {
	dir := write(t, manifestsOfTest())
	program := filepath.Join(t.TempDir(), "specguard")
	if err := os.WriteFile(program, []byte(yes), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv(build.EnvAgent, program)
	var out bytes.Buffer
	if err := run(t.Context(), &out, []string{dir}, false); !errors.Is(err, errDisagree) {
		t.Errorf("%v, want %v", err, errDisagree)
	}
	for _, want := range []string{
		"baseline: 3 agree (3 allowed, 0 denied), 1 not visible, 0 stricter, 1 disagree\n",
		"restricted: 2 agree (2 allowed, 0 denied), 0 not visible, 0 stricter, 3 disagree\n",
		"DaemonSet/privileged: hostNamespaces: Kubernetes: denied: host namespaces (hostNetwork=true); specguard: allowed\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("printed\n%s\nwithout %s", out.String(), want)
		}
	}
}
