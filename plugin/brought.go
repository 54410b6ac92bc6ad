package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/ocispec"
	"github.com/specguard/specguard/plugin/wrapperapi"
	"github.com/specguard/specguard/policy"
)

// brought is a SpecStore of one container, whose spec somebody on the host
// brings and takes back.
type brought struct {
	req     wrapperapi.Request
	shown   exhibit
	runtime string    // its name
	names   bool      // its annotation on the spec is the reference under which it keeps the image
	stored  SpecStore // where the runtime keeps specs; nil where nowhere
	result  []byte    // what was put
}

// Get returns the spec. The image NRI has told; where an old one has not, the
// runtime's store does, or containerd 1.7's annotation, over which no pod's go.
// (containerd 2 writes there what a caller of CRI says.)
func (b *brought) Get(ctx context.Context, id string) (Stored, error) {
	out := Stored{Spec: b.req.Spec}
	switch {
	case b.shown.container.Image != "":
	case b.stored != nil:
		stored, err := b.stored.Get(ctx, id)
		if err != nil {
			return Stored{}, err
		}
		out.Image, out.Seccomp = stored.Image, stored.Seccomp
	case b.names:
		spec, err := ocispec.Decode(b.req.Spec)
		if err != nil {
			return Stored{}, err
		}
		out.Image = spec.Annotations[imageNameAnnotation]
	default:
		out.ImageUnseen = b.runtime == containerd
	}
	return out, nil
}

// Put keeps the spec.
func (b *brought) Put(_ context.Context, _ string, spec []byte) error {
	b.result = spec
	return nil
}

// Sandbox reads what the host shows of the pod, unless the runtime keeps it.
func (b *brought) Sandbox(ctx context.Context, id string) (*policy.Sandbox, error) {
	if b.stored != nil {
		return b.stored.Sandbox(ctx, id)
	}
	sandbox := b.req.Sandbox
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
	if out.HostPorts, err = b.hostPorts(spec); errors.Is(err, errUnseen) {
		out.HostPortsUnseen = true
	} else if err != nil {
		return nil, fmt.Errorf("the pod's host ports: %w", err)
	}
	return out, nil
}

// portsAnnotation is where CRI-O keeps the ports of a pod, on its sandbox's
// spec. There it lets the annotations and labels of the pod go over its own.
const portsAnnotation = "io.kubernetes.cri-o.PortMappings"

// errUnseen: nothing on the host tells the ports.
var errUnseen = errors.New("not seen")

// hostPorts are the ports of the host that lead to the pod.
func (b *brought) hostPorts(sandbox *specs.Spec) ([]policy.HostPort, error) {
	text, ok := sandbox.Annotations[portsAnnotation]
	switch {
	case b.shown.claimsPorts:
		return nil, fmt.Errorf("the pod claims them by the annotation or label %s", portsAnnotation)
	case ok:
		return ports([]byte(text))
	case b.req.Sandbox.Networked:
		return ports(b.req.Sandbox.PortMappings)
	default:
		return nil, errUnseen
	}
}

// ports reads port mappings as CRI-O and CNI write them; they differ in the
// case of letters.
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
