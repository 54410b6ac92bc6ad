package cli

import (
	"strings"
	"testing"
)

// TestCheckPlaces: findings are at the field that the rule reads, in text and in JSON. One fault hides
// neither the others nor other objects, and misspelt fields are faults.
func TestCheckPlaces(t *testing.T) {
	p := policyFile(t, "hostNamespaces: {}", "hostPorts: {onViolation: audit}")
	m := file(t, "m.yaml", `apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  hostNetwork: true
  hostpid: true
  containers:
    - name: app
      image: web
      ports: [{containerPort: 80}]
---
apiVersion: v1
kind: Pod
metadata: {name: broken}
spec: {hostPID: 5, hostIPC: 5, containers: [{name: app, image: web}]}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec: {template: {spec: {hostPID: true, containers: [{name: app, image: web}]}}}
`)
	r := specguard(t, "check", "--policy-dir", p, m)
	if r.code != 2 {
		t.Errorf("%+v", r)
	}
	lines(t, r.stderr, m+`:6:3: spec: unknown field "hostpid": did you mean hostPID?`, m+":15:17: spec.hostPID: ", m+":15:29: spec.hostIPC: ")
	for _, want := range []string{
		"  denied by p: hostNamespaces: host namespaces network", ", at " + m + ":5:16\n", "  audit, p: hostPorts: ", ", at " + m + ":10:14\n",
		m + ": Rollout/web container app: denied (policies: p)\n", ", at " + m + ":20:35\n", "\n2 containers of 2 objects: 0 allowed, 0 adjusted, 2 denied, 0 not judged; ",
		"; 3 errors\n", "  note: found at spec.template.spec of Rollout",
	} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("%s\nlacks %q", r.stdout, want)
		}
	}
	r = specguard(t, "check", "--policy-dir", p, "-o", "json", m)
	for _, want := range []string{`"line":8,"column":7,"places":[{"rule":"hostNamespaces","found":"`, `"line":5,"column":16},{"rule":"hostPorts","found":"`, `"line":10,"column":14}]`} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("%s\nlacks %q", r.stdout, want)
		}
	}
	r = specguard(t, "check", "--policy-dir", p, "-o", "github", m)
	if !strings.Contains(r.stdout, "line=5,col=16,title=Pod/web container app::") || !strings.Contains(r.stdout, "line=6,col=3,title=not judged::") {
		t.Error(r.stdout)
	}
}
