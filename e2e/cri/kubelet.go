package cri

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

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

// mountHosts mounts the pod's hosts file, where the layout says so and nothing
// else is mounted in its place.
func (s *Sandbox) mountHosts(config *api.ContainerConfig) error {
	const hosts = "/etc/hosts"
	root := s.client.layout.KubeletDir
	if root == "" || slices.ContainsFunc(config.Mounts, func(m *api.Mount) bool { return m.ContainerPath == hosts }) {
		return nil
	}
	file := filepath.Join(root, "pods", s.Config.Metadata.Uid, "etc-hosts")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("kubelet's files: %w", err)
	}
	if err := os.WriteFile(file, []byte("127.0.0.1 localhost\n"), 0o666); err != nil {
		return fmt.Errorf("kubelet's files: %w", err)
	}
	config.Mounts = append(config.Mounts, &api.Mount{HostPath: file, ContainerPath: hosts})
	return nil
}
