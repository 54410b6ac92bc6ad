package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protowire"
)

// askTimeout bounds what is asked of a program or a socket.
const askTimeout = 5 * time.Second

// criVersion asks the runtime behind a CRI socket for its name and version, as
// crictl version does. The one message is read here: k8s.io/cri-api would be a
// tenth of the agent.
func criVersion(ctx context.Context, socket string) (name, version string, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	conn, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return "", "", err
	}
	defer conn.Close()
	var request, answer []byte // an empty VersionRequest is valid
	if err := conn.Invoke(ctx, "/runtime.v1.RuntimeService/Version", &request, &answer, grpc.ForceCodec(raw{})); err != nil {
		return "", "", err
	}
	return versionResponse(answer)
}

// versionResponse reads runtime_name and runtime_version of CRI's
// VersionResponse (k8s.io/cri-api, runtime/v1/api.proto).
func versionResponse(message []byte) (name, version string, err error) {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return "", "", errors.New("no CRI version in the answer")
		}
		message = message[n:]
		n = protowire.ConsumeFieldValue(number, kind, message)
		if n < 0 {
			return "", "", errors.New("no CRI version in the answer")
		}
		if kind == protowire.BytesType {
			value, _ := protowire.ConsumeString(message)
			switch number {
			case 2:
				name = value
			case 3:
				version = value
			}
		}
		message = message[n:]
	}
	return name, version, nil
}

// raw is a gRPC codec that leaves messages as they are, as *[]byte.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error) {
	if b, ok := v.(*[]byte); ok {
		return *b, nil
	}
	return nil, fmt.Errorf("a %T is no raw message", v)
}

func (raw) Unmarshal(data []byte, v any) error {
	b, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("a %T is no raw message", v)
	}
	*b = append([]byte(nil), data...)
	return nil
}

// Name returns the content type's suffix: none. CRI-O takes only application/grpc for gRPC
// (cmd/crio/main.go).
func (raw) Name() string { return "" }
