package deploy_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/specguard/specguard/e2e/build"
)

// checked is what specguard check says of a container.
type checked struct{ Object, Namespace, Container, Outcome string }

// checkWith runs specguard check with a policy that denies privileged containers everywhere. It gives
// the exit status, too.
func checkWith(t *testing.T, stdin string, args ...string) (all []checked, status int, stderr string) {
	t.Helper()
	policy := filepath.Join(t.TempDir(), "p.yaml")
	write(t, policy, "apiVersion: specguard.dev/v1beta1\nkind: Policy\nmetadata: {name: p}\n"+
		"spec: {match: {namespaces: ['*', kube-system]}, rules: {privileged: {}}}\n")
	cmd := exec.CommandContext(t.Context(), agent(t), append([]string{"check", "--policy-dir", policy, "-o", "json"}, args...)...)
	cmd.Dir = repo(t, "deploy")
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	for dec := json.NewDecoder(&out); dec.More(); {
		var c checked
		if err := dec.Decode(&c); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all, cmd.ProcessState.ExitCode(), errs.String()
}

// TestCheckRendered: what Helm and kustomize render can be piped into specguard check.
func TestCheckRendered(t *testing.T) {
	cache, err := build.Open()
	if err != nil {
		t.Fatal(err)
	}
	helm, err := cache.Helm(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	chart := repo(t, "deploy/helm/specguard")
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), repo(t, "deploy/kustomize/overlays/audit"))
	if err != nil {
		t.Fatal(err)
	}
	kustomized, err := resources.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	for name, stream := range map[string]string{
		"helm template":   output(t, helm, "template", "guard", chart, "--namespace", namespace),
		"kustomize build": string(kustomized),
	} {
		all, status, stderr := checkWith(t, stream, "-")
		if status != 0 || !slices.ContainsFunc(all, func(c checked) bool {
			return strings.HasPrefix(c.Object, "DaemonSet/") && c.Namespace == namespace && c.Container == "specguard" && c.Outcome == "allowed"
		}) {
			t.Errorf("%s: exit status %d, %+v\n%s", name, status, all, stderr)
		}
		privileged := "---\n# Source: web/templates/pod.yaml\n---\n" + "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n" +
			"spec: {containers: [{name: app, image: web, securityContext: {privileged: true}}]}\n"
		if _, status, stderr := checkWith(t, stream+"\n"+privileged, "-"); status != 2 {
			t.Errorf("%s and a privileged pod: exit status %d\n%s", name, status, stderr)
		}
	}
}

// TestCheckDeploy: check goes through this repository's own deploy/, and says what it does not judge.
func TestCheckDeploy(t *testing.T) {
	all, status, stderr := checkWith(t, "", ".")
	if status != 0 || len(all) == 0 {
		t.Errorf("exit status %d, %+v", status, all)
	}
	for _, want := range []string{"template of a Helm chart; instead: helm template helm/specguard", "patch of a kustomization; instead: kustomize build kustomize/"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("%s\nlacks %s", stderr, want)
		}
	}
}

// TestCheckIsFast: 5,000 manifests take less than 10 s, on one processor.
func TestCheckIsFast(t *testing.T) {
	dir := t.TempDir()
	for i := range 5000 {
		write(t, filepath.Join(dir, fmt.Sprintf("web%d.yaml", i)), fmt.Sprintf(manyManifests, i))
	}
	policy := filepath.Join(t.TempDir(), "p.yaml")
	write(t, policy, "apiVersion: specguard.dev/v1beta1\nkind: Policy\nmetadata: {name: p}\nspec: {profile: restricted, match: {namespaces: [team-a]}}\n")
	cmd := exec.CommandContext(t.Context(), agent(t), "check", "--policy-dir", policy, dir)
	out, err := cmd.Output()
	if exit := new(exec.ExitError); !errors.As(err, &exit) || exit.ExitCode() != 2 {
		t.Fatal(err)
	}
	if !bytes.Contains(out, []byte("\n10000 containers of 5000 objects: 0 allowed, 0 adjusted, 10000 denied, 0 not judged\n")) {
		t.Errorf("%s", out[len(out)-500:])
	}
	took := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if t.Logf("%s of processor time", took); took > 10*time.Second {
		t.Errorf("it took %s of processor time", took)
	}
}

const manyManifests = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web%[1]d, namespace: team-a, labels: {app: web}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      securityContext: {runAsUser: 1000, fsGroup: 1000, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: app
          image: registry.example.com/team/web:1.2.3
          ports: [{containerPort: 8080}]
          env: [{name: A, value: b}, {name: C, valueFrom: {secretKeyRef: {name: s, key: k}}}]
          resources: {limits: {memory: 128Mi, cpu: 500m}, requests: {memory: 64Mi}}
          volumeMounts: [{name: data, mountPath: /data}]
        - {name: side, image: registry.example.com/team/side:1, securityContext: {privileged: true}}
      volumes: [{name: data, emptyDir: {}}]
---
apiVersion: v1
kind: Service
metadata: {name: web%[1]d, namespace: team-a}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
`
