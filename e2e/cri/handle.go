package cri

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	api "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// exitPoll is how often Wait looks whether a container ended.
const exitPoll = 20 * time.Millisecond

// A Sandbox is a pod that runs.
type Sandbox struct {
	ID     string
	Config *api.PodSandboxConfig

	client *Client
}

// A Running is a container that was created in a sandbox.
type Running struct {
	ID  string
	Log string // the file that its output goes to

	client *Client
}

// Create makes a container. config's labels and annotations are completed with
// the pod's, as a kubelet does.
func (s *Sandbox) Create(ctx context.Context, config *api.ContainerConfig) (*Running, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout())
	defer cancel()
	for _, key := range []string{labelPodName, labelPodNamespace, labelPodUID} {
		if _, set := config.Labels[key]; !set {
			config.Labels[key] = s.Config.Labels[key]
		}
	}
	if err := s.mountHosts(config); err != nil {
		return nil, err
	}
	answer, err := s.client.Runtime.CreateContainer(ctx, &api.CreateContainerRequest{
		PodSandboxId: s.ID, Config: config, SandboxConfig: s.Config,
	})
	if err != nil {
		return nil, fmt.Errorf("create container %s: %w", config.GetMetadata().GetName(), err)
	}
	return &Running{
		ID:     answer.ContainerId,
		Log:    filepath.Join(s.Config.LogDirectory, config.LogPath),
		client: s.client,
	}, nil
}

// Run creates and starts a container.
func (s *Sandbox) Run(ctx context.Context, config *api.ContainerConfig) (*Running, error) {
	c, err := s.Create(ctx, config)
	if err != nil {
		return nil, err
	}
	return c, c.Start(ctx)
}

// Remove kills the pod's containers, and stops and removes the pod.
func (s *Sandbox) Remove(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout())
	defer cancel()
	// CRI-O would wait half a minute for a process that ignores the signal to stop.
	list, err := s.client.Runtime.ListContainers(ctx, &api.ListContainersRequest{Filter: &api.ContainerFilter{PodSandboxId: s.ID}})
	if err != nil {
		return fmt.Errorf("list containers: %w", err)
	}
	for _, c := range list.Containers {
		if _, err := s.client.Runtime.StopContainer(ctx, &api.StopContainerRequest{ContainerId: c.Id}); err != nil {
			return fmt.Errorf("stop container: %w", err)
		}
	}
	if _, err := s.client.Runtime.StopPodSandbox(ctx, &api.StopPodSandboxRequest{PodSandboxId: s.ID}); err != nil {
		return fmt.Errorf("stop pod: %w", err)
	}
	if _, err := s.client.Runtime.RemovePodSandbox(ctx, &api.RemovePodSandboxRequest{PodSandboxId: s.ID}); err != nil {
		return fmt.Errorf("remove pod: %w", err)
	}
	return nil
}

// Start starts the container.
func (r *Running) Start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout())
	defer cancel()
	if _, err := r.client.Runtime.StartContainer(ctx, &api.StartContainerRequest{ContainerId: r.ID}); err != nil {
		return fmt.Errorf("start container: %w", err)
	}
	return nil
}

// Wait waits until the container has ended and returns its exit code.
func (r *Running) Wait(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout())
	defer cancel()
	for {
		status, err := r.Status(ctx)
		if err != nil {
			return 0, err
		}
		if status.State == api.ContainerState_CONTAINER_EXITED {
			return int(status.ExitCode), nil
		}
		if err := pause(ctx, exitPoll); err != nil {
			return 0, fmt.Errorf("wait for container: it is %s: %w", status.State, err)
		}
	}
}

// Status is the runtime's view of the container.
func (r *Running) Status(ctx context.Context) (*api.ContainerStatus, error) {
	answer, err := r.status(ctx, false)
	return answer.GetStatus(), err
}

func (r *Running) status(ctx context.Context, verbose bool) (*api.ContainerStatusResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout())
	defer cancel()
	answer, err := r.client.Runtime.ContainerStatus(ctx, &api.ContainerStatusRequest{ContainerId: r.ID, Verbose: verbose})
	if err != nil {
		return nil, fmt.Errorf("container status: %w", err)
	}
	return answer, nil
}

// Exec runs a command in the container and returns its standard output. A
// command that fails is an error that holds what it wrote to standard error.
func (r *Running) Exec(ctx context.Context, command ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout())
	defer cancel()
	answer, err := r.client.Runtime.ExecSync(ctx, &api.ExecSyncRequest{
		ContainerId: r.ID, Cmd: command, Timeout: int64(callTimeout() / time.Second),
	})
	if err != nil {
		return "", fmt.Errorf("exec: %w", err)
	}
	if answer.ExitCode != 0 {
		return string(answer.Stdout), fmt.Errorf("exec: exit code %d: %s",
			answer.ExitCode, strings.TrimSpace(string(answer.Stderr)))
	}
	return string(answer.Stdout), nil
}

// UpdateResources changes the limits of the container.
func (r *Running) UpdateResources(ctx context.Context, resources *api.LinuxContainerResources) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout())
	defer cancel()
	_, err := r.client.Runtime.UpdateContainerResources(ctx, &api.UpdateContainerResourcesRequest{
		ContainerId: r.ID, Linux: resources,
	})
	if err != nil {
		return fmt.Errorf("update container: %w", err)
	}
	return nil
}

// Remove kills and removes the container.
func (r *Running) Remove(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout())
	defer cancel()
	if _, err := r.client.Runtime.StopContainer(ctx, &api.StopContainerRequest{ContainerId: r.ID}); err != nil {
		return fmt.Errorf("stop container: %w", err)
	}
	if _, err := r.client.Runtime.RemoveContainer(ctx, &api.RemoveContainerRequest{ContainerId: r.ID}); err != nil {
		return fmt.Errorf("remove container: %w", err)
	}
	return nil
}
