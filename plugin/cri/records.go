package cri

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/opencontainers/runtime-spec/specs-go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/plugin/recordsize"
)

// Records returns the records that NRI would send of all pods, and of the containers that
// have not ended. CRI does not show the runtime's own labels of a container, so they are
// missing. A container is read only once.
func (c *Client) Records(ctx context.Context) ([]recordsize.Record, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	pods, listed, err := c.list(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]recordsize.Record, 0, len(pods)+len(listed))
	for _, pod := range pods {
		out = append(out, pod.Record())
	}
	byID := podsByID(pods)
	records := make(map[string]recordsize.Record)
	for _, r := range listed {
		pod, ok := byID[r.GetPodSandboxId()]
		if r.GetState() == runtime.ContainerState_CONTAINER_EXITED || !ok {
			continue
		}
		record, ok := c.records[r.GetId()]
		if !ok {
			spec, err := c.spec(ctx, r.GetId())
			if status.Code(err) == codes.NotFound {
				continue // it is gone meanwhile
			}
			if err != nil {
				return nil, fmt.Errorf("CRI: container %s: %w", r.GetId(), err)
			}
			record = pod.ContainerRecord(recordsize.Container{ID: r.GetId(), Name: r.GetMetadata().GetName(), Labels: r.GetLabels(), Spec: spec})
		}
		records[r.GetId()] = record
		out = append(out, record)
	}
	c.records = records
	return out, nil
}

// spec returns a container's spec, which containerd and CRI-O show in a verbose status.
func (c *Client) spec(ctx context.Context, id string) (*specs.Spec, error) {
	res, err := c.runtime.ContainerStatus(ctx, &runtime.ContainerStatusRequest{ContainerId: id, Verbose: true})
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
		return nil, errors.New("the runtime does not show its spec")
	}
	return info.RuntimeSpec, nil
}
