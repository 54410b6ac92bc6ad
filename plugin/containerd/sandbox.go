package containerd

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	containers "github.com/containerd/containerd/api/services/containers/v1"
	sandboxes "github.com/containerd/containerd/api/services/sandbox/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/specguard/specguard/internal/ocispec"
	"github.com/specguard/specguard/policy"
)

const (
	// containerMetadata and sandboxMetadata are the extensions in which containerd's CRI
	// keeps the request for a pod: on the sandbox's container, and on the sandbox itself.
	containerMetadata = "io.cri-containerd.sandbox.metadata"
	sandboxMetadata   = "metadata"

	// metadataVersion is the version of their format.
	metadataVersion = "v1"
)

// Sandbox reads what was requested for a pod as a whole. Its sysctls include those that
// containerd sets itself. If containerd keeps no spec of the sandbox, the user namespace is
// not known and counts as none.
//
// A sandbox is a container, unless the runtime handler has another sandbox controller, such
// as its shim: then containerd knows only the sandbox.
func (s *Store) Sandbox(ctx context.Context, id string) (*policy.Sandbox, error) {
	out, err := s.sandbox(inNamespace(ctx), id)
	if err != nil {
		return nil, fmt.Errorf("read the pod's sandbox from containerd: %w", err)
	}
	return out, nil
}

func (s *Store) sandbox(ctx context.Context, id string) (*policy.Sandbox, error) {
	c, err := s.containers.Get(ctx, &containers.GetContainerRequest{ID: id})
	if err == nil {
		spec, err := ociSpec(c.GetContainer().GetSpec())
		if err != nil {
			return nil, err
		}
		return sandboxOf(id, c.GetContainer().GetExtensions()[containerMetadata], spec)
	}
	if status.Code(err) != codes.NotFound {
		return nil, err
	}
	sb, err := s.sandboxes.Get(ctx, &sandboxes.StoreGetRequest{SandboxID: id})
	if err != nil {
		return nil, err
	}
	spec, err := ociSpec(sb.GetSandbox().GetSpec())
	if err != nil {
		spec = []byte("{}") // the controller keeps none, or has a form of its own
	}
	return sandboxOf(id, sb.GetSandbox().GetExtensions()[sandboxMetadata], spec)
}

// sandboxOf joins what was requested for a sandbox with what its spec has.
func sandboxOf(id string, extension *anypb.Any, spec []byte) (*policy.Sandbox, error) {
	config, err := podConfig(id, extension)
	if err != nil {
		return nil, err
	}
	oci, err := ocispec.Decode(spec)
	if err != nil {
		return nil, err
	}
	out := &policy.Sandbox{Sysctls: make(map[string]string)}
	maps.Copy(out.Sysctls, config.Linux.Sysctls)
	if oci.Linux != nil {
		maps.Copy(out.Sysctls, oci.Linux.Sysctl) // which are in force
		out.UIDMappings, out.GIDMappings = oci.Linux.UIDMappings, oci.Linux.GIDMappings
	}
	for _, m := range config.PortMappings {
		if m.HostPort == 0 {
			continue // a port of the pod alone
		}
		protocol, err := m.protocol()
		if err != nil {
			return nil, err
		}
		out.HostPorts = append(out.HostPorts, policy.HostPort{Port: m.HostPort, Protocol: protocol, HostIP: m.HostIP})
	}
	return out, nil
}

// sandboxConfig is the part of CRI's PodSandboxConfig that is read, in the form in which
// containerd stores it: encoding/json of the generated struct.
type sandboxConfig struct {
	// Metadata is required by CRI. It is checked so that another format does not look like a
	// pod that asked for nothing.
	Metadata *struct {
		Namespace string `json:"namespace"`
	} `json:"metadata"`

	PortMappings []portMapping `json:"port_mappings"`
	Linux        struct {
		Sysctls map[string]string `json:"sysctls"`
	} `json:"linux"`
}

type portMapping struct {
	Protocol int    `json:"protocol"`
	HostPort int32  `json:"host_port"`
	HostIP   string `json:"host_ip"`
}

// protocol returns the protocol's name (CRI's enum Protocol).
func (m portMapping) protocol() (string, error) {
	names := []string{"TCP", "UDP", "SCTP"}
	if m.Protocol < 0 || m.Protocol >= len(names) {
		return "", fmt.Errorf("host port %d has an unknown protocol %d", m.HostPort, m.Protocol)
	}
	return names[m.Protocol], nil
}

// podConfig reads the extension.
func podConfig(id string, extension *anypb.Any) (*sandboxConfig, error) {
	if extension == nil {
		return nil, fmt.Errorf("containerd keeps no configuration of %q", id)
	}
	var doc struct {
		Version  string
		Metadata struct {
			ID     string
			Config *sandboxConfig
		}
	}
	if err := json.Unmarshal(extension.GetValue(), &doc); err != nil {
		return nil, fmt.Errorf("decode the configuration: %w", err)
	}
	config := doc.Metadata.Config
	if doc.Version != metadataVersion || doc.Metadata.ID != id || config == nil || config.Metadata == nil {
		return nil, fmt.Errorf("containerd keeps the configuration of %q in an unknown form (version %q)", id, doc.Version)
	}
	return config, nil
}
