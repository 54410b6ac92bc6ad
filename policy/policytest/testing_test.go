package policytest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// secret must not be shown.
const secret = "hunter2"

const policies = `
apiVersion: specguard.dev/v1beta1
kind: Policy
metadata: {name: tenants}
spec:
  match: {namespaces: [team-a]}
  rules:
    capabilities: {onViolation: adjust, drop: [ALL], allow: [CHOWN]}
    runAsNonRoot: {onViolation: adjust}
    hostNamespaces: {}
    env: {onViolation: adjust, forbid: ["LD_*"]}
---
apiVersion: specguard.dev/v1beta1
kind: Policy
metadata: {name: watch}
spec:
  match: {namespaces: [team-a]}
  mode: audit
  rules:
    hostPorts: {}
    readOnlyRootFilesystem: {onViolation: adjust}
---
apiVersion: specguard.dev/v1beta1
kind: Exception
metadata: {name: legacy}
spec:
  policies: [tenants]
  rules: [hostNamespaces]
  match: {images: ["legacy:*"]}
  reason: x
  owner: y
  expires: 2019-12-01
`

// folderOf writes files into a new folder and returns its path.
func folderOf(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// suiteText is a document with those cases.
func suiteText(cases ...string) string {
	return "apiVersion: specguard.dev/v1beta1\nkind: PolicyTest\nmetadata: {name: s}\nspec:\n  policies: [policies]\n  at: 2019-11-01\n  cases:\n" +
		strings.Join(cases, "")
}

// pod is a given pod of one container, which has those fields too.
func pod(container string) string {
	return "{metadata: {namespace: team-a, name: web-0}, spec: {containers: [{name: app, image: web" + container + "}]}}"
}

// caseText is a case.
func caseText(name, given, expect string) string {
	return "    - name: " + name + "\n      given: {" + given + "}\n      expect: {" + expect + "}\n"
}

// run runs a document with those cases.
func run(t *testing.T, cases ...string) File {
	t.Helper()
	dir := folderOf(t, map[string]string{"policies/p.yaml": policies, "a_test.yaml": suiteText(cases...)})
	return Run(filepath.Join(dir, "a_test.yaml"), nil)
}

// differences runs a case about the pod and gives what is not as expected.
func differences(t *testing.T, given, expect string) []Difference {
	t.Helper()
	f := run(t, caseText("c", given, expect))
	if f.Err != nil || len(f.Results) != 1 {
		t.Fatalf("%+v", f)
	}
	return f.Results[0].Differences
}
