package containerd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	containers "github.com/containerd/containerd/api/services/containers/v1"
	sandboxes "github.com/containerd/containerd/api/services/sandbox/v1"
	"github.com/containerd/containerd/api/types/runc/options"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/ociruntime"
)

var _ judge.HandlerStore = (*Store)(nil)

// The type of the settings of runc's shims, and the beginning of these shims' names.
const (
	runcOptions = "containerd.runc.v1.Options"
	runcShim    = "io.containerd.runc."
)

// Runtime returns what runs a pod's sandbox, and so the pod's containers.
func (s *Store) Runtime(ctx context.Context, sandbox string) (ociruntime.Runtime, error) {
	out, err := s.runtime(inNamespace(ctx), sandbox)
	if err != nil {
		return out, fmt.Errorf("read the pod's OCI runtime from containerd: %w", err)
	}
	return out, nil
}

func (s *Store) runtime(ctx context.Context, id string) (ociruntime.Runtime, error) {
	c, err := s.containers.Get(ctx, &containers.GetContainerRequest{ID: id})
	if err == nil {
		return runtimeOf(c.GetContainer().GetRuntime().GetName(), c.GetContainer().GetRuntime().GetOptions())
	}
	if status.Code(err) != codes.NotFound {
		return ociruntime.Runtime{}, err
	}
	sb, err := s.sandboxes.Get(ctx, &sandboxes.StoreGetRequest{SandboxID: id})
	if err != nil {
		return ociruntime.Runtime{}, err
	}
	return runtimeOf(sb.GetSandbox().GetRuntime().GetName(), sb.GetSandbox().GetRuntime().GetOptions())
}

// runtimeOf reads the program from the settings, if they are those of a runc shim.
func runtimeOf(shim string, settings *anypb.Any) (ociruntime.Runtime, error) {
	out := ociruntime.Runtime{Shim: shim}
	if shim == "" {
		return out, errors.New("containerd has none")
	}
	if settings == nil || !strings.HasPrefix(shim, runcShim) {
		return out, nil
	}
	if !strings.HasSuffix(settings.GetTypeUrl(), runcOptions) {
		return out, fmt.Errorf("%s has options of an unknown type %q", shim, settings.GetTypeUrl())
	}
	var o options.Options
	if err := proto.Unmarshal(settings.GetValue(), &o); err != nil {
		return out, fmt.Errorf("options of %s: %w", shim, err)
	}
	out.Program = o.GetBinaryName()
	return out, nil
}
