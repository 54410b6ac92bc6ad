package containerd_test

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	containers "github.com/containerd/containerd/api/services/containers/v1"
	sandboxes "github.com/containerd/containerd/api/services/sandbox/v1"
	"github.com/containerd/containerd/api/types"
	"github.com/opencontainers/runtime-spec/specs-go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/specguard/specguard/policy"
)

// podID is the sandbox of testdata.
const podID = "266a0e63fd8893175944df9a3df86cdd059c8781723f4048d3c18bf29f548d7b"

// sandboxServer is containerd's service of sandboxes, as far as it is called.
type sandboxServer struct {
	sandboxes.UnimplementedStoreServer
	server *server
}

func (s *sandboxServer) Get(ctx context.Context, req *sandboxes.StoreGetRequest) (*sandboxes.StoreGetResponse, error) {
	if _, err := s.server.find(ctx, ""); status.Code(err) != codes.NotFound {
		return nil, err
	}
	sb, ok := s.server.sandboxes[req.GetSandboxID()]
	if !ok {
		return nil, status.Errorf(codes.NotFound, "bucket %q not found", req.GetSandboxID())
	}
	return &sandboxes.StoreGetResponse{Sandbox: sb}, nil
}

// record is what a real containerd keeps of a sandbox: its spec, shortened,
// and CRI's metadata.
type record struct{ Spec, Metadata json.RawMessage }

func readRecord(t *testing.T, name string) record {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r record) extension(key string) map[string]*anypb.Any {
	return map[string]*anypb.Any{key: {TypeUrl: "github.com/containerd/cri/pkg/store/sandbox/Metadata", Value: r.Metadata}}
}

// asContainer is how containerd keeps a sandbox that is a container.
func (r record) asContainer() *containers.Container {
	return &containers.Container{
		ID: podID, Spec: &anypb.Any{TypeUrl: typeURL, Value: r.Spec},
		Extensions: r.extension("io.cri-containerd.sandbox.metadata"),
	}
}

// asSandbox is how it keeps one that another sandbox controller made.
func (r record) asSandbox() *types.Sandbox {
	return &types.Sandbox{SandboxID: podID, Sandboxer: "shim", Extensions: r.extension("metadata")}
}

func TestSandbox(t *testing.T) {
	store, s, socket := newStore(t)
	s.sandboxes = make(map[string]*types.Sandbox)
	serve(t, socket, s)
	ports := []policy.HostPort{
		{Port: 8080, Protocol: "TCP", HostIP: "192.0.2.7"}, {Port: 5353, Protocol: "UDP"}, {Port: 9999, Protocol: "SCTP"},
	}
	asked := map[string]string{"kernel.shm_rmid_forced": "1", "net.ipv4.ip_local_port_range": "1024 65535"}
	with := func(more map[string]string) map[string]string {
		out := maps.Clone(asked)
		maps.Copy(out, more)
		return out
	}
	now, old, other := readRecord(t, "container-2.4.2.json"), readRecord(t, "container-1.7.35.json"), readRecord(t, "sandbox-2.4.2.json")
	inForce := old.asContainer()
	inForce.Spec.Value = []byte(`{"linux":{"sysctl":{"kernel.shm_rmid_forced":"0"}}}`)
	mapped := old.asContainer()
	mapped.Spec.Value = []byte(`{"linux":{"uidMappings":[{"containerID":0,"hostID":65536,"size":65536}],"gidMappings":[{"containerID":0,"hostID":0,"size":9}]}}`)
	bare := record{Metadata: json.RawMessage(`{"Version":"v1","Metadata":{"ID":"` + podID + `","Config":{"metadata":{}}}}`)}
	odd := other.asSandbox()
	odd.Spec = &anypb.Any{TypeUrl: "example.com/of-its-own", Value: []byte{1}}
	complete := other.asSandbox()
	complete.Spec = &anypb.Any{TypeUrl: typeURL, Value: now.Spec}
	defaults := map[string]string{"net.ipv4.ip_unprivileged_port_start": "0", "net.ipv4.ping_group_range": "0 2147483647"}
	for name, c := range map[string]struct {
		container *containers.Container
		sandbox   *types.Sandbox
		want      policy.Sandbox
	}{
		"containerd 2.4.2":     {now.asContainer(), nil, policy.Sandbox{Sysctls: with(defaults), HostPorts: ports}},
		"containerd 1.7.35":    {old.asContainer(), nil, policy.Sandbox{Sysctls: asked, HostPorts: ports}},
		"the spec is in force": {inForce, nil, policy.Sandbox{Sysctls: with(map[string]string{"kernel.shm_rmid_forced": "0"}), HostPorts: ports}},
		"a user namespace": {mapped, nil, policy.Sandbox{
			Sysctls: asked, HostPorts: ports,
			UIDMappings: []specs.LinuxIDMapping{{HostID: 65536, Size: 65536}}, GIDMappings: []specs.LinuxIDMapping{{Size: 9}},
		}},
		"another controller":        {nil, other.asSandbox(), policy.Sandbox{Sysctls: asked, HostPorts: ports}},
		"another controller's form": {nil, odd, policy.Sandbox{Sysctls: asked, HostPorts: ports}},
		"another controller's spec": {nil, complete, policy.Sandbox{Sysctls: with(defaults), HostPorts: ports}},
		"nothing asked for":         {nil, bare.asSandbox(), policy.Sandbox{Sysctls: map[string]string{}}},
	} {
		t.Run(name, func(t *testing.T) {
			delete(s.stored, podID)
			if c.container != nil {
				s.stored[podID] = c.container
			}
			s.sandboxes[podID] = c.sandbox
			got, err := store.Sandbox(t.Context(), podID)
			if err != nil || !reflect.DeepEqual(*got, c.want) {
				t.Errorf("got %+v, error %v\nwant %+v", got, err, c.want)
			}
		})
	}
}

// TestSandboxErrors takes nothing that cannot be read for a pod that asked for
// nothing.
func TestSandboxErrors(t *testing.T) {
	store, s, socket := newStore(t)
	serve(t, socket, s)
	recorded := readRecord(t, "container-2.4.2.json")
	metadata := func(from, to string) func(*containers.Container) {
		return func(c *containers.Container) {
			m := c.GetExtensions()["io.cri-containerd.sandbox.metadata"]
			text := string(m.GetValue())
			if !strings.Contains(text, from) {
				t.Fatalf("no %s in %s", from, text)
			}
			m.Value = []byte(strings.Replace(text, from, to, 1))
		}
	}
	const unknown = `keeps the configuration of "` + podID + `" in an unknown form (version "v1")`
	for name, c := range map[string]struct {
		change func(*containers.Container)
		want   string
	}{
		"no container, no sandbox": {nil, `bucket "` + podID + `" not found`},
		"no extension":             {func(c *containers.Container) { c.Extensions = nil }, `containerd keeps no configuration of "` + podID + `"`},
		"an ordinary container": {func(c *containers.Container) {
			c.Extensions = recorded.extension("io.cri-containerd.container.metadata")
		}, "keeps no configuration"},
		"another version":     {metadata(`"Version": "v1"`, `"Version": "v2"`), `unknown form (version "v2")`},
		"another sandbox's":   {metadata(podID, "5d1c"), unknown},
		"no configuration":    {metadata(`"Config"`, `"Settings"`), unknown},
		"another form":        {metadata(`"metadata"`, `"podMetadata"`), unknown},
		"no JSON":             {metadata(`{`, `[`), "decode the configuration: "},
		"another type":        {metadata(`"host_port": 8080`, `"host_port": "8080"`), "decode the configuration: "},
		"unknown protocol":    {metadata(`"protocol": 2`, `"protocol": 3`), "host port 9999 has an unknown protocol 3"},
		"no spec":             {func(c *containers.Container) { c.Spec = nil }, `containerd stores a "" where an OCI spec was expected`},
		"no JSON in the spec": {func(c *containers.Container) { c.Spec.Value = nil }, "decode OCI spec: "},
	} {
		t.Run(name, func(t *testing.T) {
			delete(s.stored, podID)
			if c.change != nil {
				s.stored[podID] = recorded.asContainer()
				c.change(s.stored[podID])
			}
			got, err := store.Sandbox(t.Context(), podID)
			if err == nil || got != nil || !strings.HasPrefix(err.Error(), "read the pod's sandbox from containerd: ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %+v, error %v", got, err)
			}
		})
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := store.Sandbox(over, podID); err == nil || got != nil {
		t.Errorf("too late: got %+v, error %v", got, err)
	}
}
