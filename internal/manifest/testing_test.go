package manifest

import (
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// podManifest is a Pod web with those lines in its spec, besides one container.
func podManifest(containerFields, podFields string) string {
	return `
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: team-a, labels: {tier: web}}
spec:
  ` + strings.ReplaceAll(podFields, "\n", "\n  ") + `
  containers:
  - name: app
    image: nginx
    ` + strings.ReplaceAll(containerFields, "\n", "\n    ") + "\n"
}

// derive gives the containers of a manifest.
func derive(t *testing.T, manifest string) []Container {
	t.Helper()
	out, err := Derive([]byte(manifest))
	if err != nil {
		t.Fatalf("%v\n%s", err, manifest)
	}
	return out
}

// one is the only container of a Pod with those fields.
func one(t *testing.T, containerFields, podFields string) Container {
	t.Helper()
	return derive(t, podManifest(containerFields, podFields))[0]
}

// mountAt is the mount at the destination, with ids in the source masked.
func mountAt(c Container, destination string) specs.Mount {
	for _, m := range c.Subject.Spec.Mounts {
		if m.Destination == destination {
			m.Source = strings.NewReplacer(c.Subject.Pod.UID, "UID", c.Subject.Pod.ID, "POD", c.Subject.Container.ID[:8], "LOG").Replace(m.Source)
			return m
		}
	}
	return specs.Mount{}
}

// notes joins the notes but those that every container has.
func notes(c Container) string {
	var out []string
	for _, n := range c.Notes {
		if !strings.HasPrefix(n, "assumed that the node has AppArmor") && !strings.HasPrefix(n, "the image's user is not known: assumed to be root") {
			out = append(out, n)
		}
	}
	return strings.Join(out, "; ")
}
