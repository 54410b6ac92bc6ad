package cli

import (
	"strings"
	"testing"
)

// documented gives the first block of a document that has the words.
func documented(t *testing.T, name, words string) string {
	t.Helper()
	for _, b := range docs(t) {
		if b.file == name && strings.Contains(b.text, words) {
			return b.text
		}
	}
	t.Fatalf("%s has no block with %q", name, words)
	return ""
}

// TestReadmeShowsADenial: the message is one that the policy of the README gives.
func TestReadmeShowsADenial(t *testing.T) {
	policies := file(t, "p.yaml", documented(t, "README.md", "metadata: {name: tenants}"))
	pod := file(t, "pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: db, namespace: team-a}\nspec:\n"+
		"  containers: [{name: app, image: nginx, volumeMounts: [{name: v, mountPath: /data}]}]\n"+
		"  volumes: [{name: v, hostPath: {path: /srv}}]\n")
	want := strings.TrimSpace(documented(t, "README.md", "specguard: denied by policy \"tenants\": hostPaths: host path /srv"))
	if r := specguard(t, "check", "--policy-dir", policies, pod); !strings.Contains(r.stdout, "the user sees: "+want+"\n") {
		t.Errorf("got\n%s\nwant\n%s", r.stdout, want)
	}
}
