package k8s_test

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/specguard/specguard/e2e/cri"
)

func TestADeniedPodSaysWhy(t *testing.T) {
	g := guard(t)
	g.namespace(t, "team-denied")
	for _, test := range []struct {
		name   string
		change func(*corev1.PodSpec)
		want   string
	}{
		{
			name:   "in-create", // judged by what NRI shows
			change: hostPath("/srv"),
			want:   `specguard: denied by policy "tenants": hostPaths: host path /srv at /mnt is not allowed (allowed: /var/log read-only)`,
		},
		{
			name: "in-the-full-spec",
			change: func(spec *corev1.PodSpec) {
				spec.Containers[0].SecurityContext = &corev1.SecurityContext{Privileged: new(true)}
			},
			want: `specguard: denied by policy "tenants": privileged: `,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			g.create(t, newPod("team-denied", test.name, test.change))
			g.described(t, "team-denied", "pod/"+test.name, test.want)
		})
	}
}

// TestAHostPathIsComparedWithTheKernel has the agent look into a container, from
// its own pod and without capabilities.
func TestAHostPathIsComparedWithTheKernel(t *testing.T) {
	g := guard(t)
	g.namespace(t, "team-logs")
	g.create(t, newPod("team-logs", "logs", hostPath("/var/log"), func(spec *corev1.PodSpec) {
		spec.Containers[0].VolumeMounts[0].ReadOnly = true
	}))
	if m, ok := g.told(t, "team-logs", "logs", "main").MountAt("/mnt"); !ok || !slices.Contains(m.Options, "ro") {
		t.Errorf("mounted %+v", m)
	}
}

func TestAnAdjustedPodIsAdjustedEverywhere(t *testing.T) {
	g := guard(t)
	g.namespace(t, "team-adjusted")
	g.create(t, newPod("team-adjusted", "web"))
	checkHardened(t, "main process", g.told(t, "team-adjusted", "web", "main"))

	out := g.kubectl(t, "--namespace=team-adjusted", "exec", "web", "--", "/bin/sh", "-c", cri.Probe)
	exec, err := cri.ParseTruth(out)
	if err != nil {
		t.Fatal(err)
	}
	checkHardened(t, "kubectl exec", exec)

	debugger := container("debugger")
	g.kubectl(t, append([]string{"--namespace=team-adjusted", "debug", "web", "--container=debugger", "--profile=general",
		"--image=" + debugger.Image, "--image-pull-policy=Never", "--"}, debugger.Command...)...)
	checkHardened(t, "ephemeral container", g.told(t, "team-adjusted", "web", "debugger"))
}
