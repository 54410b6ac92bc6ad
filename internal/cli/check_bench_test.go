package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkCheck judges 5,000 manifests with two containers each by profile restricted.
func BenchmarkCheck(b *testing.B) {
	dir := b.TempDir()
	for i := range 5000 {
		sub := filepath.Join(dir, fmt.Sprintf("team-%d", i%50))
		if err := os.MkdirAll(sub, 0o750); err != nil {
			b.Fatal(err)
		}
		text := fmt.Sprintf(benchManifest, i, sub[len(dir)+1:])
		if err := os.WriteFile(filepath.Join(sub, fmt.Sprintf("web%d.yaml", i)), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	p := filepath.Join(dir, "policy.yaml")
	if err := os.WriteFile(p, []byte("apiVersion: specguard.dev/v1beta1\nkind: Policy\nmetadata: {name: p}\nspec: {profile: restricted, match: {namespaces: ['team-*']}}\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		cmd := root("")
		cmd.SetOut(io.Discard)
		cmd.SetArgs([]string{"check", "--policy-dir", p, dir})
		if err := cmd.Execute(); !errors.Is(err, exitDenied) {
			b.Fatal(err)
		}
	}
}

const benchManifest = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web%[1]d
  namespace: %[2]s
  labels: {app: web, tier: front}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web, tier: front}
    spec:
      serviceAccountName: web
      securityContext: {runAsUser: 1000, fsGroup: 1000, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: app
          image: registry.example.com/team/web:1.2.3
          ports: [{containerPort: 8080}]
          env: [{name: A, value: b}, {name: C, valueFrom: {secretKeyRef: {name: s, key: k}}}]
          resources: {limits: {memory: 128Mi, cpu: 500m}, requests: {memory: 64Mi}}
          volumeMounts: [{name: data, mountPath: /data}, {name: cfg, mountPath: /etc/web, readOnly: true}]
          livenessProbe: {httpGet: {path: /, port: 8080}}
        - name: side
          image: registry.example.com/team/side:1
          securityContext: {privileged: true}
          volumeMounts: [{name: host, mountPath: /host}]
      volumes:
        - {name: data, emptyDir: {}}
        - {name: cfg, configMap: {name: cfg}}
        - {name: host, hostPath: {path: /var/log}}
---
apiVersion: v1
kind: Service
metadata: {name: web%[1]d, namespace: %[2]s}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
`
