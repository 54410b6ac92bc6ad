package cri

import (
	"context"
	"fmt"
	"time"

	"github.com/containerd/nri/pkg/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/plugin/synchronize"
)

// listTimeout bounds a question about the whole node, readTimeout one about each
// container of it.
const (
	listTimeout = 10 * time.Second
	readTimeout = time.Minute
)

// Name is the name that the runtime gives itself.
func (c *Client) Name(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	v, err := c.runtime.Version(ctx, &runtime.VersionRequest{})
	if err != nil {
		return "", fmt.Errorf("CRI: %w", err)
	}
	return v.GetRuntimeName(), nil
}

// runs tells whether a container in that state runs, or may: of one in state
// unknown the runtime has lost track.
func runs(s runtime.ContainerState) bool {
	return s == runtime.ContainerState_CONTAINER_RUNNING || s == runtime.ContainerState_CONTAINER_UNKNOWN
}

// Runs tells whether a container still runs.
func (c *Client) Runs(ctx context.Context, id string) (bool, error) {
	res, err := c.runtime.ContainerStatus(ctx, &runtime.ContainerStatusRequest{ContainerId: id})
	if status.Code(err) == codes.NotFound {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("CRI: %w", err)
	}
	return runs(res.GetStatus().GetState()), nil
}

// Running lists the containers that run, with all pods, as NRI would show them
// but for namespaces and what is in specs.
func (c *Client) Running(ctx context.Context) ([]*api.PodSandbox, []*api.Container, error) {
	pods, listed, err := c.list(ctx)
	if err != nil {
		return nil, nil, err
	}
	var ctrs []*api.Container
	for _, r := range listed {
		if !runs(r.GetState()) {
			continue
		}
		ctrs = append(ctrs, &api.Container{
			Id: r.GetId(), PodSandboxId: r.GetPodSandboxId(), Name: r.GetMetadata().GetName(), Labels: r.GetLabels(),
		})
	}
	return pods, ctrs, nil
}

// list lists all containers and pods.
func (c *Client) list(ctx context.Context) ([]*api.PodSandbox, []*runtime.Container, error) {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	listed, err := c.runtime.ListContainers(ctx, &runtime.ListContainersRequest{})
	if err != nil {
		return nil, nil, fmt.Errorf("CRI: %w", unlisted(err))
	}
	sandboxes, err := c.runtime.ListPodSandbox(ctx, &runtime.ListPodSandboxRequest{})
	if err != nil {
		return nil, nil, fmt.Errorf("CRI: %w", unlisted(err))
	}
	var pods []*api.PodSandbox
	for _, s := range sandboxes.GetItems() {
		m := s.GetMetadata()
		pods = append(pods, &api.PodSandbox{
			Id: s.GetId(), Name: m.GetName(), Namespace: m.GetNamespace(), Uid: m.GetUid(),
			Labels: s.GetLabels(), Annotations: s.GetAnnotations(), RuntimeHandler: s.GetRuntimeHandler(),
		})
	}
	return pods, listed.GetContainers(), nil
}

// unlisted says of an answer that is too large for gRPC what that means.
func unlisted(err error) error {
	if status.Code(err) == codes.ResourceExhausted {
		return fmt.Errorf("the runtime's answer is larger than %s: the labels and annotations of pods and containers on this node are too large together: %w",
			synchronize.Bytes(maxMessage), err)
	}
	return err
}

// Namespaces lists the types of the namespaces that a pod has of its own, of
// those that it can share with the host (CRI, NamespaceOption). A pod in the
// host's network has the host's name, too.
func (c *Client) Namespaces(ctx context.Context, pod string) ([]string, error) {
	res, err := c.runtime.PodSandboxStatus(ctx, &runtime.PodSandboxStatusRequest{PodSandboxId: pod})
	if err != nil {
		return nil, fmt.Errorf("CRI: %w", err)
	}
	o := res.GetStatus().GetLinux().GetNamespaces().GetOptions()
	if o == nil {
		return nil, fmt.Errorf("CRI: the runtime does not tell the namespaces of the pod's sandbox %s", pod)
	}
	out := []string{"mount"}
	for _, ns := range []struct {
		mode  runtime.NamespaceMode
		types []string
	}{
		{o.GetNetwork(), []string{"network", "uts"}},
		{o.GetPid(), []string{"pid"}},
		{o.GetIpc(), []string{"ipc"}},
	} {
		if ns.mode != runtime.NamespaceMode_NODE {
			out = append(out, ns.types...)
		}
	}
	if u := o.GetUsernsOptions(); u != nil && u.GetMode() != runtime.NamespaceMode_NODE {
		out = append(out, "user")
	}
	return out, nil
}
