package cri

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/containerd/nri/pkg/api"
	"github.com/opencontainers/runtime-spec/specs-go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/plugin"
	"github.com/specguard/specguard/plugin/synchronize"
)

var _ plugin.Listing = (*Client)(nil)

// Records are what NRI would have to tell of all pods, and of the containers
// that have not ended, as far as CRI shows it: the runtime's own labels of a
// container are not seen. A container that was read once is not read again.
func (c *Client) Records(ctx context.Context) ([]synchronize.Record, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	pods, listed, err := c.list(ctx)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]*api.PodSandbox, len(pods))
	for _, pod := range pods {
		byID[pod.GetId()] = pod
	}
	out := synchronize.Records(pods, nil)
	known := make(map[string]synchronize.Record)
	for _, r := range listed {
		if r.GetState() == runtime.ContainerState_CONTAINER_EXITED || byID[r.GetPodSandboxId()] == nil {
			continue
		}
		record, ok := c.known[r.GetId()]
		if !ok {
			ctr, err := c.container(ctx, r)
			if status.Code(err) == codes.NotFound {
				continue // it is gone meanwhile
			}
			if err != nil {
				return nil, fmt.Errorf("CRI: container %s: %w", r.GetId(), err)
			}
			record = synchronize.RecordOf(byID[r.GetPodSandboxId()], ctr)
		}
		known[r.GetId()] = record
		out = append(out, record)
	}
	c.known = known
	return out, nil
}

// container is the listed one as NRI shows it, by its spec, which containerd
// and CRI-O tell in a verbose status.
func (c *Client) container(ctx context.Context, r *runtime.Container) (*api.Container, error) {
	res, err := c.runtime.ContainerStatus(ctx, &runtime.ContainerStatusRequest{ContainerId: r.GetId(), Verbose: true})
	if err != nil {
		return nil, err
	}
	var info struct {
		RuntimeSpec *specs.Spec `json:"runtimeSpec"`
	}
	if err := json.Unmarshal([]byte(res.GetInfo()["info"]), &info); err != nil {
		return nil, fmt.Errorf("read its spec: %w", err)
	}
	if info.RuntimeSpec == nil {
		return nil, errors.New("the runtime does not tell its spec")
	}
	s := info.RuntimeSpec
	ctr := &api.Container{
		Id: r.GetId(), PodSandboxId: r.GetPodSandboxId(), Name: r.GetMetadata().GetName(), Labels: r.GetLabels(),
		Annotations: s.Annotations, Mounts: api.FromOCIMounts(s.Mounts), Hooks: api.FromOCIHooks(s.Hooks),
	}
	if s.Process != nil {
		ctr.Args, ctr.Env = s.Process.Args, s.Process.Env
	}
	if s.Linux != nil {
		ctr.Linux = &api.LinuxContainer{
			Namespaces: api.FromOCILinuxNamespaces(s.Linux.Namespaces), Devices: api.FromOCILinuxDevices(s.Linux.Devices),
			Resources: api.FromOCILinuxResources(s.Linux.Resources, nil), CgroupsPath: s.Linux.CgroupsPath, Sysctl: s.Linux.Sysctl,
		}
		if s.Linux.Seccomp != nil {
			ctr.Linux.SeccompPolicy = api.FromOCILinuxSeccomp(s.Linux.Seccomp)
		}
	}
	return ctr, nil
}
