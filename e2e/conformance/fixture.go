// Package conformance compares what specguard's profiles decide with what
// Kubernetes' own implementation of the Pod Security Standards does, over the
// fixtures of the latter.
package conformance

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"sigs.k8s.io/yaml"
)

// A Fixture is a pod and what Kubernetes says of it.
type Fixture struct {
	Name    string // such as baseline/fail/hostports1
	File    string
	Pod     *corev1.Pod
	Allowed bool
}

// Fixtures reads the fixtures of the level that come with Kubernetes' own
// implementation, of the newest version there is, and makes variants of them.
func Fixtures(t *testing.T, level api.Level) []Fixture {
	t.Helper()
	versions := Versions(t, level)
	return FixturesOf(t, level, versions[len(versions)-1])
}

// FixturesOf reads those of a version.
func FixturesOf(t *testing.T, level api.Level, version api.Version) []Fixture {
	t.Helper()
	folder := filepath.Join(moduleFolder(t), "test", "testdata", string(level))
	s, err := NewStandard(level, version)
	if err != nil {
		t.Fatal(err)
	}
	var out []Fixture
	for _, verdict := range []string{"pass", "fail"} {
		files, err := filepath.Glob(filepath.Join(folder, version.String(), verdict, "*.yaml"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no fixtures in %s: %v", folder, err)
		}
		for _, file := range files {
			name := fmt.Sprintf("%s/%s/%s", level, verdict, strings.TrimSuffix(filepath.Base(file), ".yaml"))
			f := Fixture{Name: name, File: file, Pod: readPod(t, file)}
			f.Allowed = s.Allows(f.Pod)
			if f.Allowed != (verdict == "pass") {
				t.Errorf("%s: Kubernetes' own implementation says allowed: %t", name, f.Allowed)
			}
			out = append(append(out, f), variants(t, f, s)...)
		}
	}
	return out
}

// variants are the fixture with its volumes mounted, as no container has those
// that are not, and the fixture in a user namespace, where that matters.
func variants(t *testing.T, f Fixture, s *Standard) []Fixture {
	t.Helper()
	var out []Fixture
	if len(f.Pod.Spec.Volumes) > 0 {
		out = append(out, variant(t, f, s, "mounted", func(spec *corev1.PodSpec) {
			c := &spec.Containers[0]
			for _, v := range spec.Volumes {
				c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: v.Name, MountPath: "/mnt/" + v.Name})
			}
		}))
	}
	contained := variant(t, f, s, "in a user namespace", func(spec *corev1.PodSpec) { spec.HostUsers = new(false) })
	if contained.Allowed != f.Allowed {
		out = append(out, contained)
	}
	return out
}

func variant(t *testing.T, f Fixture, s *Standard, name string, edit func(*corev1.PodSpec)) Fixture {
	t.Helper()
	f.Name += " " + name
	f.Pod = f.Pod.DeepCopy()
	edit(&f.Pod.Spec)
	f.Allowed = s.Allows(f.Pod)
	data, err := yaml.Marshal(f.Pod)
	if err != nil {
		t.Fatal(err)
	}
	f.File = filepath.Join(t.TempDir(), "pod.yaml")
	if err := os.WriteFile(f.File, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}

// readPod reads a pod and completes it as Kubernetes does before it judges it.
func readPod(t *testing.T, file string) *corev1.Pod {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pod := &corev1.Pod{}
	if err := yaml.UnmarshalStrict(data, pod); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	Complete(pod)
	return pod
}

// moduleFolder is where the module with the fixtures is.
func moduleFolder(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/pod-security-admission").Output()
	if err != nil {
		t.Fatalf("find the fixtures: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// Versions are those of the level's fixtures, the newest last.
func Versions(t *testing.T, level api.Level) []api.Version {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(moduleFolder(t), "test", "testdata", string(level)))
	if err != nil {
		t.Fatal(err)
	}
	var versions []api.Version
	for _, e := range entries {
		v, err := api.ParseVersion(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		versions = append(versions, v)
	}
	slices.SortFunc(versions, func(a, b api.Version) int {
		switch {
		case a.Older(b):
			return -1
		case b.Older(a):
			return 1
		}
		return 0
	})
	return versions
}
