package judge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/ocispec"
	"github.com/specguard/specguard/plugin/containerruntime"
	"github.com/specguard/specguard/plugin/wrapperapi"
	"github.com/specguard/specguard/policy"
)

// sentSpec is a SpecStore of one container whose spec a program on the host sends and gets
// back.
type sentSpec struct {
	req          wrapperapi.Request
	of           identity
	runtime      containerruntime.Runtime
	runtimeStore SpecStore // where the runtime keeps specs; nil if nowhere
	result       []byte    // what was put
}

// Get returns the spec and the image. NRI usually shows the image. If an old NRI does not,
// the image comes from the runtime's store, or from containerd 1.7's annotation, which a
// pod's annotations cannot overwrite. (containerd 2 writes there what the caller of CRI
// says.)
func (s *sentSpec) Get(ctx context.Context, id string) (Stored, error) {
	out := Stored{Spec: s.req.Spec}
	switch {
	case s.of.container.Image != "":
	case s.runtimeStore != nil:
		stored, err := s.runtimeStore.Get(ctx, id)
		if err != nil {
			return Stored{}, err
		}
		out.Image, out.Seccomp = stored.Image, stored.Seccomp
	case s.runtime.AnnotatesKeptImage():
		spec, err := ocispec.Decode(s.req.Spec)
		if err != nil {
			return Stored{}, err
		}
		_, out.Image = s.runtime.Images("", spec.Annotations)
	default:
		out.ImageUnseen = s.runtime.Name == containerruntime.Containerd
	}
	return out, nil
}

// Put keeps the spec.
func (s *sentSpec) Put(_ context.Context, _ string, spec []byte) error {
	s.result = spec
	return nil
}

// Sandbox returns the sandbox that the runtime keeps, or else what the host shows of it.
func (s *sentSpec) Sandbox(ctx context.Context, id string) (*policy.Sandbox, error) {
	if s.runtimeStore != nil {
		return s.runtimeStore.Sandbox(ctx, id)
	}
	sandbox := s.req.Sandbox
	if sandbox == nil || sandbox.ID != id || len(sandbox.Spec) == 0 {
		return nil, fmt.Errorf("the host does not show the pod's sandbox %q", id)
	}
	spec, err := ocispec.Decode(sandbox.Spec)
	if err != nil {
		return nil, fmt.Errorf("the pod's sandbox: %w", err)
	}
	out := &policy.Sandbox{Sysctls: make(map[string]string)}
	if spec.Linux != nil {
		maps.Copy(out.Sysctls, spec.Linux.Sysctl)
		out.UIDMappings, out.GIDMappings = spec.Linux.UIDMappings, spec.Linux.GIDMappings
	}
	if out.HostPorts, err = s.hostPorts(spec); errors.Is(err, errUnseen) {
		out.HostPortsUnseen = true
	} else if err != nil {
		return nil, fmt.Errorf("the pod's host ports: %w", err)
	}
	return out, nil
}

// errUnseen: nothing on the host shows the ports.
var errUnseen = errors.New("not seen")

// hostPorts returns the host ports that lead to the pod.
func (s *sentSpec) hostPorts(sandbox *specs.Spec) ([]policy.HostPort, error) {
	text, ok := sandbox.Annotations[containerruntime.PortsAnnotation]
	switch {
	case s.of.claimsPorts:
		return nil, fmt.Errorf("the pod claims them by the annotation or label %s", containerruntime.PortsAnnotation)
	case ok:
		return ports([]byte(text))
	case s.req.Sandbox.Networked:
		return ports(s.req.Sandbox.PortMappings)
	default:
		return nil, errUnseen
	}
}

// ports reads port mappings as CRI-O and CNI write them. Their keys differ in case.
func ports(text []byte) ([]policy.HostPort, error) {
	var mappings []struct {
		HostPort int32
		Protocol string
		HostIP   string
	}
	if err := json.Unmarshal(text, &mappings); err != nil {
		return nil, err
	}
	var out []policy.HostPort
	for _, m := range mappings {
		if m.HostPort != 0 {
			out = append(out, policy.HostPort{Port: m.HostPort, Protocol: strings.ToUpper(m.Protocol), HostIP: m.HostIP})
		}
	}
	return out, nil
}
