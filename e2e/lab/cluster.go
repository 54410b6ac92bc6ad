package lab

import (
	"context"
	"os"
	"os/exec"
	"testing"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cluster"
	"github.com/specguard/specguard/e2e/kube"
	"github.com/specguard/specguard/e2e/require"
)

// Environment variables that choose the cluster of tests.
const (
	// EnvKubeconfig is the kubeconfig of a cluster that runs already; it has the
	// images of [cluster.Images] and [build.ImageName].
	EnvKubeconfig = "SPECGUARD_E2E_KUBECONFIG"
	// EnvRuntime is the container runtime of a cluster that is to be started:
	// containerd or cri-o.
	EnvRuntime = "SPECGUARD_E2E_RUNTIME"
)

// Cluster returns the shared Kubernetes cluster, or skips the test where none
// can be run.
func (l *Lab) Cluster(t testing.TB) *kube.Client {
	t.Helper()
	if file := os.Getenv(EnvKubeconfig); file != "" {
		return existing(t, file)
	}
	require.Cluster(t)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cluster == nil {
		c, err := cluster.StartWithAgent(t.Context(), Cache(t), ClusterOptions(t))
		if err != nil {
			t.Fatal(err)
		}
		l.cluster = c
	}
	return &l.cluster.Client
}

// existing is a user of a cluster that runs already.
func existing(t testing.TB, kubeconfig string) *kube.Client {
	t.Helper()
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		t.Fatal(err)
	}
	return &kube.Client{Program: kubectl, Kubeconfig: kubeconfig}
}

// ClusterOptions returns the options of a cluster on the container runtime that
// the environment names, with built programs.
func ClusterOptions(t testing.TB) cluster.Options {
	t.Helper()
	release, ok := map[build.Project]build.Release{
		"": build.Containerd2, build.ProjectContainerd: build.Containerd2, build.ProjectCRIO: build.CRIO,
	}[build.Project(os.Getenv(EnvRuntime))]
	if !ok {
		t.Fatalf("%s is %q, not %s or %s", EnvRuntime, os.Getenv(EnvRuntime), build.ProjectContainerd, build.ProjectCRIO)
	}
	require.Release(t, release)
	ctx, cancel := context.WithTimeout(t.Context(), 2*buildTimeout) // a runtime, and Kubernetes
	defer cancel()
	o, err := cluster.Build(ctx, Cache(t), release)
	if err != nil {
		t.Fatal(err)
	}
	return o
}
