package conformance_test

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
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"
)

// A fixture is a pod and what Kubernetes says of it.
type fixture struct {
	name    string // such as baseline/fail/hostports1
	file    string
	pod     *corev1.Pod
	allowed bool
}

// standard is a level of the Pod Security Standards as Kubernetes judges it.
type standard struct {
	policy.Evaluator
	api.LevelVersion
}

func newStandard(t *testing.T, level api.Level, version api.Version) standard {
	t.Helper()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return standard{evaluator, api.LevelVersion{Level: level, Version: version}}
}

func (s standard) allows(pod *corev1.Pod) bool {
	results := s.EvaluatePod(s.LevelVersion, &pod.ObjectMeta, &pod.Spec)
	return policy.AggregateCheckResults(results).Allowed
}

// fixtures reads the fixtures of the level that come with Kubernetes' own
// implementation, of the newest version there is, and makes variants of them.
func fixtures(t *testing.T, level api.Level) []fixture {
	t.Helper()
	folder := filepath.Join(moduleFolder(t), "test", "testdata", string(level))
	version := newest(t, folder)
	s := newStandard(t, level, version)
	var out []fixture
	for _, verdict := range []string{"pass", "fail"} {
		files, err := filepath.Glob(filepath.Join(folder, version.String(), verdict, "*.yaml"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no fixtures in %s: %v", folder, err)
		}
		for _, file := range files {
			name := fmt.Sprintf("%s/%s/%s", level, verdict, strings.TrimSuffix(filepath.Base(file), ".yaml"))
			f := fixture{name: name, file: file, pod: readPod(t, file)}
			f.allowed = s.allows(f.pod)
			if f.allowed != (verdict == "pass") {
				t.Errorf("%s: Kubernetes' own implementation says allowed: %t", name, f.allowed)
			}
			out = append(append(out, f), variants(t, f, s)...)
		}
	}
	return out
}

// variants are the fixture with its volumes mounted, as no container has those
// that are not, and the fixture in a user namespace, where that matters.
func variants(t *testing.T, f fixture, s standard) []fixture {
	t.Helper()
	var out []fixture
	if len(f.pod.Spec.Volumes) > 0 {
		out = append(out, variant(t, f, s, "mounted", func(spec *corev1.PodSpec) {
			c := &spec.Containers[0]
			for _, v := range spec.Volumes {
				c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: v.Name, MountPath: "/mnt/" + v.Name})
			}
		}))
	}
	contained := variant(t, f, s, "in a user namespace", func(spec *corev1.PodSpec) { spec.HostUsers = new(false) })
	if contained.allowed != f.allowed {
		out = append(out, contained)
	}
	return out
}

func variant(t *testing.T, f fixture, s standard, name string, edit func(*corev1.PodSpec)) fixture {
	t.Helper()
	f.name += " " + name
	f.pod = f.pod.DeepCopy()
	edit(&f.pod.Spec)
	f.allowed = s.allows(f.pod)
	data, err := yaml.Marshal(f.pod)
	if err != nil {
		t.Fatal(err)
	}
	f.file = filepath.Join(t.TempDir(), "pod.yaml")
	if err := os.WriteFile(f.file, data, 0o600); err != nil {
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
	for i := range pod.Spec.Volumes {
		if v := &pod.Spec.Volumes[i].VolumeSource; *v == (corev1.VolumeSource{}) {
			v.EmptyDir = &corev1.EmptyDirVolumeSource{}
		}
	}
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

// newest is the highest of the versions that have folders in the folder.
func newest(t *testing.T, folder string) api.Version {
	t.Helper()
	entries, err := os.ReadDir(folder)
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
	return slices.MaxFunc(versions, func(a, b api.Version) int {
		switch {
		case a.Older(b):
			return -1
		case b.Older(a):
			return 1
		}
		return 0
	})
}
