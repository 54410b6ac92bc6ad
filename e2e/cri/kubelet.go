package cri

import (
	"fmt"
	"os"
	"path/filepath"

	api "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// KubeletMounts makes the files that a kubelet, whose folder is root, mounts
// into every container (its hosts file, its termination log and the token of
// its service account) and returns the option that mounts them. The files are
// the caller's to remove.
func (s *Sandbox) KubeletMounts(root, container string) (ContainerOption, error) {
	pod := filepath.Join(root, "pods", s.Config.Metadata.Uid)
	mounts := []*api.Mount{
		{HostPath: filepath.Join(pod, "volumes", "kubernetes.io~projected", "kube-api-access-x"),
			ContainerPath: "/var/run/secrets/kubernetes.io/serviceaccount", Readonly: true},
		{HostPath: filepath.Join(pod, "etc-hosts"), ContainerPath: "/etc/hosts"},
		{HostPath: filepath.Join(pod, "containers", container, "0a1b2c3d"), ContainerPath: "/dev/termination-log"},
	}
	files := map[string]string{
		filepath.Join(mounts[0].HostPath, "token"): "token\n",
		mounts[1].HostPath:                         "127.0.0.1 localhost\n",
		mounts[2].HostPath:                         "",
	}
	for path, content := range files {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, fmt.Errorf("kubelet's files: %w", err)
		}
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			return nil, fmt.Errorf("kubelet's files: %w", err)
		}
	}
	return func(c *api.ContainerConfig) { c.Mounts = append(c.Mounts, mounts...) }, nil
}
