package build

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
)

// Versions of what a cluster is made of, besides a container runtime.
const (
	KubernetesVersion = "1.36.3"
	EtcdVersion       = "3.7.3"
)

// Kubernetes are the programs of a cluster of one node.
type Kubernetes struct {
	APIServer, ControllerManager, Scheduler, Kubelet, Kubectl string
	Etcd                                                      string
}

const (
	kubernetesModule = "k8s.io/kubernetes"
	etcdModule       = "go.etcd.io/etcd/server/v3"
)

// Kubernetes returns the programs of a cluster, building them at first use.
// They come from one build of Kubernetes, kubectl too: another one would be
// more than a minor version away sooner or later.
func (c *Cache) Kubernetes(ctx context.Context) (Kubernetes, error) {
	etcd, err := c.entry(ctx, "etcd-"+EtcdVersion, func(dir string) error {
		return buildEtcd(ctx, dir)
	})
	if err != nil {
		return Kubernetes{}, err
	}
	dir, err := c.entry(ctx, "kubernetes-"+KubernetesVersion, func(dir string) error {
		return buildKubernetes(ctx, dir)
	})
	if err != nil {
		return Kubernetes{}, err
	}
	program := func(name string) string { return filepath.Join(dir, name) }
	return Kubernetes{
		APIServer:         program("kube-apiserver"),
		ControllerManager: program("kube-controller-manager"),
		Scheduler:         program("kube-scheduler"),
		Kubelet:           program("kubelet"),
		Kubectl:           program("kubectl"),
		Etcd:              filepath.Join(etcd, "etcd"),
	}, nil
}

// buildKubernetes builds in a module that starts from the go.mod and go.sum of
// Kubernetes.
func buildKubernetes(ctx context.Context, dir string) error {
	source, err := module(ctx, kubernetesModule, "v"+KubernetesVersion)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(source, "go.mod"))
	if err != nil {
		return err
	}
	mod, err := unstaged(data)
	if err != nil {
		return err
	}
	const version = "k8s.io/component-base/version"
	numbers := strings.Split(KubernetesVersion, ".")
	args := []string{"-ldflags=-s -w" + // as in a release
		" -X " + version + ".gitVersion=v" + KubernetesVersion +
		" -X " + version + ".gitMajor=" + numbers[0] +
		" -X " + version + ".gitMinor=" + numbers[1]}
	for _, program := range []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kubelet"} {
		args = append(args, kubernetesModule+"/cmd/"+program)
	}
	if err := buildIn(ctx, source, mod, dir+"/", args...); err != nil {
		return fmt.Errorf("kubernetes %s: %w", KubernetesVersion, err)
	}
	return nil
}

// unstaged makes a module that requires Kubernetes of Kubernetes' own go.mod.
// That replaces the modules of its staging folder by that folder, which only the
// repository has; published, they have the version of the release with a 0 in
// front instead of the 1.
func unstaged(goMod []byte) ([]byte, error) {
	mod, err := modfile.Parse("go.mod", goMod, nil)
	if err != nil {
		return nil, err
	}
	_, release, _ := strings.Cut(KubernetesVersion, ".")
	for _, replace := range mod.Replace {
		if !strings.HasPrefix(replace.New.Path, "./staging/") {
			continue
		}
		if err := mod.AddReplace(replace.Old.Path, "", replace.Old.Path, "v0."+release); err != nil {
			return nil, err
		}
	}
	if err := mod.AddModuleStmt("specguard.invalid/kubernetes"); err != nil {
		return nil, err
	}
	if err := mod.AddRequire(kubernetesModule, "v"+KubernetesVersion); err != nil {
		return nil, err
	}
	return mod.Format()
}

func buildEtcd(ctx context.Context, dir string) error {
	source, err := module(ctx, etcdModule, "v"+EtcdVersion)
	if err != nil {
		return err
	}
	mod := fmt.Sprintf("module specguard.invalid/etcd\n\ngo 1.26.0\n\nrequire %s v%s\n", etcdModule, EtcdVersion)
	if err := buildIn(ctx, source, []byte(mod), filepath.Join(dir, "etcd"), "-ldflags=-s -w", etcdModule); err != nil {
		return fmt.Errorf("etcd %s: %w", EtcdVersion, err)
	}
	return nil
}

// buildIn builds in a module with the go.mod mod and the go.sum of the module
// in source.
func buildIn(ctx context.Context, source string, mod []byte, out string, args ...string) error {
	sums, err := os.ReadFile(filepath.Join(source, "go.sum"))
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "specguard-build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	for name, content := range map[string][]byte{"go.mod": mod, "go.sum": sums} {
		if err := os.WriteFile(filepath.Join(work, name), content, 0o644); err != nil {
			return err
		}
	}
	args = append([]string{"build", "-mod=mod", "-trimpath", "-o", out}, args...)
	_, err = goTool(ctx, work, []string{"CGO_ENABLED=0"}, args...)
	return err
}
