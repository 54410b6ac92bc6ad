package manifest

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/ocispec"
)

// TestLikeContainerd compares with specs that containerd 2.4.2 made for the
// same pod, on a node without AppArmor, SELinux and control groups version 2.
func TestLikeContainerd(t *testing.T) {
	differs := regexp.MustCompile(strings.Join([]string{
		`^linux\.cgroupsPath$`, `^process\.oomScoreAdj$`, // left out
		`^process\.env`,                   // the image's, and other services
		`^linux\.resources\.cpu\.period$`, // which that client did not ask for
		`^linux\.mountLabel$`, `^process\.(apparmorProfile|selinuxLabel)$`, `^linux\.namespaces\.cgroup$`,
		`^linux\.devices`,   // the node's
		`CAP_SYS_RESOURCE$`, // which that containerd did not have
	}, "|"))
	for _, privileged := range []string{"false", "true"} {
		file := map[string]string{"false": "unprivileged", "true": "privileged"}[privileged]
		raw, err := os.ReadFile("../../policy/testdata/containerd-2.4.2-" + file + ".json")
		if err != nil {
			t.Fatal(err)
		}
		real := masked(t, raw)
		c := derive(t, `
apiVersion: v1
kind: Pod
metadata: {name: web-0, namespace: default}
spec:
  volumes: [{name: cache, emptyDir: {}}]
  containers:
  - name: app
    image: registry.example.com/team/app:1
    command: [/bin/sh, -c]
    args: ["sleep 1"]
    volumeMounts: [{name: cache, mountPath: /cache}]
    securityContext: {privileged: `+privileged+"}\n")[0]
		raw, err = json.Marshal(c.Subject.Spec)
		if err != nil {
			t.Fatal(err)
		}
		changes, err := ocispec.Diff(real, masked(t, raw))
		if err != nil {
			t.Fatal(err)
		}
		for _, change := range changes {
			if !differs.MatchString(change.Path) {
				t.Errorf("%s: %+v", file, change)
			}
		}
	}
}

// masked decodes a spec in which ids are replaced.
func masked(t *testing.T, raw []byte) *specs.Spec {
	t.Helper()
	ids := regexp.MustCompile(`[0-9a-f]{64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{8}\b|/proc/[0-9]+/|kube-api-access-[0-9a-z]+`)
	spec, err := ocispec.Decode(ids.ReplaceAll(raw, []byte("ID")))
	if err != nil {
		t.Fatal(err)
	}
	return spec
}
