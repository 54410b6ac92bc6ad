package doctor

import (
	"context"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/specguard/specguard/internal/hostfile/hostfiletest"
	"github.com/specguard/specguard/internal/wrapperconfig"
	"github.com/specguard/specguard/plugin/recordsize"
	"github.com/specguard/specguard/policy"
)

func TestMain(m *testing.M) {
	syscall.Umask(0o022) // permissions are looked at
	os.Exit(m.Run())
}

type tree = hostfiletest.Tree

// programText is a file's content that tells a version, as runc and crun do.
func programText(says string) string { return "#!/bin/sh\necho '" + says + "'\n" }

// fake is a node with those files and nothing else. It belongs to whoever runs
// the tests.
func fake(t *testing.T, hostFiles tree) *Node {
	t.Helper()
	root := hostFiles.Write(t)
	sockets := t.TempDir() // its path is short
	n := newNode(Settings{
		Hook:             wrapperconfig.Program,
		Root:             root,
		ContainerdSocket: filepath.Join(sockets, "containerd.sock"), CRIOSocket: filepath.Join(sockets, "crio.sock"),
		NRISocket:        filepath.Join(sockets, "nri.sock"),
		ContainerdConfig: "/etc/containerd/config.toml", CRIOConfig: "/etc/crio/crio.conf",
		ConfigFile: filepath.Join(sockets, "config.yaml"), PolicyDir: filepath.Join(sockets, "policies"),
		Policies:  policy.DefaultBuiltin().Compile,
		Oversized: func(context.Context, string) ([]*recordsize.TooLarge, error) { return nil, nil },
		Plugin:    "specguard", Opener: "auto",
	})
	n.socket = func(int, int, int) error { return unix.EAFNOSUPPORT }
	n.files.owner, n.own.owner = uint32(os.Getuid()), uint32(os.Getuid())
	return n
}

// inspected is the node after its runtimes were asked.
func inspected(t *testing.T, n *Node) *Node {
	t.Helper()
	n.inspect(t.Context())
	return n
}

// serveCRI answers Version on the socket; an empty version is none.
func serveCRI(t *testing.T, socket, name, version string) {
	t.Helper()
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.ForceServerCodec(raw{}), grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		method, _ := grpc.MethodFromServerStream(stream)
		if method != "/runtime.v1.RuntimeService/Version" || version == "" {
			return status.Error(codes.Unimplemented, "unknown service")
		}
		md, _ := metadata.FromIncomingContext(stream.Context())
		if kind := md.Get("content-type"); !slices.Equal(kind, []string{"application/grpc"}) {
			return status.Errorf(codes.Internal, "CRI-O does not take %q", kind)
		}
		var request []byte
		if err := stream.RecvMsg(&request); err != nil {
			return err
		}
		answer := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "0.1.0")
		answer = protowire.AppendString(protowire.AppendTag(answer, 2, protowire.BytesType), name)
		answer = protowire.AppendString(protowire.AppendTag(answer, 3, protowire.BytesType), version)
		answer = protowire.AppendString(protowire.AppendTag(answer, 4, protowire.BytesType), "v1")
		return stream.SendMsg(&answer)
	}))
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
}

// listen makes a socket that accepts connections.
func listen(t *testing.T, socket string) {
	t.Helper()
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
}

func chmod(t *testing.T, path string, mode fs.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// want is a finding's status and a part of what it says, advice and all.
type want struct {
	status Status
	says   string
}

func expect(t *testing.T, got []Finding, wants ...want) {
	t.Helper()
	if len(got) != len(wants) {
		t.Fatalf("%d findings, want %d: %+v", len(got), len(wants), got)
	}
	for i, w := range wants {
		all := got[i].Found + " -> " + got[i].Advice + "\n" + strings.Join(got[i].Details, "\n")
		if got[i].Status != w.status || !strings.Contains(all, w.says) {
			t.Errorf("finding %d: %s %s; want %s %q", i, got[i].Status, all, w.status, w.says)
		}
		if got[i].Status == Problem && got[i].Advice == "" {
			t.Errorf("a problem without advice: %+v", got[i])
		}
	}
}

// run runs one check.
func run(t *testing.T, check func(context.Context, *Node) []Finding, n *Node) []Finding {
	t.Helper()
	return check(t.Context(), n)
}
