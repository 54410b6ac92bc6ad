package cri

import (
	"context"
	"fmt"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/plugin/containerruntime"
	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/recordsize"
	"github.com/specguard/specguard/policy"
)

// listTimeout limits a question about the whole node, readTimeout questions about each of
// its containers.
const (
	listTimeout = 10 * time.Second
	readTimeout = time.Minute
)

// Name returns the runtime's own name.
func (c *Client) Name(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	v, err := c.runtime.Version(ctx, &runtime.VersionRequest{})
	if err != nil {
		return "", fmt.Errorf("CRI: %w", err)
	}
	return v.GetRuntimeName(), nil
}

// runs reports whether a container in that state runs or may run. The runtime has lost
// track of one in state unknown.
func runs(s runtime.ContainerState) bool {
	return s == runtime.ContainerState_CONTAINER_RUNNING || s == runtime.ContainerState_CONTAINER_UNKNOWN
}

// Runs reports whether a container still runs.
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

// Running returns the running containers with their pods, without namespaces and with empty
// specs.
func (c *Client) Running(ctx context.Context, runtime string) ([]judge.Container, error) {
	pods, listed, err := c.list(ctx)
	if err != nil {
		return nil, err
	}
	of := containerruntime.Runtime{Name: runtime}
	byID := podsByID(pods)
	var out []judge.Container
	for _, r := range listed {
		if !runs(r.GetState()) {
			continue
		}
		pod, ok := byID[r.GetPodSandboxId()]
		out = append(out, judge.Container{
			Subject: policy.Subject{
				Pod: policy.Pod{
					ID: pod.ID, Name: pod.Name, Namespace: pod.Namespace, UID: pod.UID, Labels: pod.Labels,
					RuntimeHandler: of.Handler(pod.RuntimeHandler, pod.Annotations),
					Annotations:    policy.ObeyedAnnotations(pod.Annotations),

					LinuxNamespaces: []string{}, NamespacePathsUnseen: runtime == containerruntime.CRIO,
				},
				Spec: &specs.Spec{Linux: &specs.Linux{}},
				Container: policy.Container{
					ID: r.GetId(), Name: containerruntime.ContainerName(r.GetMetadata().GetName(), r.GetLabels()),
				},
			},
			ClaimsPorts: containerruntime.ClaimsPorts(pod.Annotations, pod.Labels),
			PodUnknown:  !ok,
		})
	}
	return out, nil
}

// list lists all pods and containers.
func (c *Client) list(ctx context.Context) ([]recordsize.Pod, []*runtime.Container, error) {
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
	pods := make([]recordsize.Pod, 0, len(sandboxes.GetItems()))
	for _, s := range sandboxes.GetItems() {
		m := s.GetMetadata()
		pods = append(pods, recordsize.Pod{
			ID: s.GetId(), Name: m.GetName(), Namespace: m.GetNamespace(), UID: m.GetUid(),
			Labels: s.GetLabels(), Annotations: s.GetAnnotations(), RuntimeHandler: s.GetRuntimeHandler(),
		})
	}
	return pods, listed.GetContainers(), nil
}

// podsByID returns the pods by the IDs of their sandboxes.
func podsByID(pods []recordsize.Pod) map[string]recordsize.Pod {
	out := make(map[string]recordsize.Pod, len(pods))
	for _, pod := range pods {
		out[pod.ID] = pod
	}
	return out
}

// unlisted explains the error for an answer that is too large for gRPC.
func unlisted(err error) error {
	if status.Code(err) == codes.ResourceExhausted {
		return fmt.Errorf("the runtime's answer is larger than %s: the labels and annotations of pods and containers on this node are "+
			"together too large: %w",
			recordsize.Bytes(maxMessage), err)
	}
	return err
}

// Namespaces returns the types of the pod's own namespaces, of those that it can share with
// the host (CRI, NamespaceOption). A pod in the host's network also has the host's name.
func (c *Client) Namespaces(ctx context.Context, pod string) ([]string, error) {
	res, err := c.runtime.PodSandboxStatus(ctx, &runtime.PodSandboxStatusRequest{PodSandboxId: pod})
	if err != nil {
		return nil, fmt.Errorf("CRI: %w", err)
	}
	o := res.GetStatus().GetLinux().GetNamespaces().GetOptions()
	if o == nil {
		return nil, fmt.Errorf("CRI: the runtime does not show the namespaces of the pod's sandbox %s", pod)
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
