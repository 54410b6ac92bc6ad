package containerd_test

import (
	"strings"
	"testing"

	containers "github.com/containerd/containerd/api/services/containers/v1"
	"github.com/containerd/containerd/api/types"
	"github.com/containerd/containerd/api/types/runc/options"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/specguard/specguard/plugin/ociruntime"
)

func TestRuntime(t *testing.T) {
	store, s, socket := newStore(t)
	s.sandboxes = make(map[string]*types.Sandbox)
	serve(t, socket, s)
	crun, err := proto.Marshal(&options.Options{BinaryName: "/usr/bin/crun", SystemdCgroup: true})
	if err != nil {
		t.Fatal(err)
	}
	const runc = "io.containerd.runc.v2"
	for name, c := range map[string]struct {
		shim    string
		options *anypb.Any
		want    ociruntime.Runtime
		err     string
	}{
		"runc":           {runc, nil, ociruntime.Runtime{Shim: runc}, ""},
		"crun":           {runc, &anypb.Any{TypeUrl: "containerd.runc.v1.Options", Value: crun}, ociruntime.Runtime{Shim: runc, Program: "/usr/bin/crun"}, ""},
		"Kata":           {"io.containerd.kata.v2", &anypb.Any{TypeUrl: "runtimeoptions.v1.Options", Value: []byte{1}}, ociruntime.Runtime{Shim: "io.containerd.kata.v2"}, ""},
		"other options":  {runc, &anypb.Any{TypeUrl: "runtimeoptions.v1.Options"}, ociruntime.Runtime{}, `options of an unknown type "runtimeoptions.v1.Options"`},
		"broken options": {runc, &anypb.Any{TypeUrl: "containerd.runc.v1.Options", Value: []byte{1}}, ociruntime.Runtime{}, "options of " + runc},
		"none":           {"", nil, ociruntime.Runtime{}, "containerd has none"},
	} {
		for kind, keep := range map[string]func(){
			"container": func() {
				s.stored[podID] = &containers.Container{ID: podID, Runtime: &containers.Container_Runtime{Name: c.shim, Options: c.options}}
			},
			"sandbox": func() {
				s.sandboxes[podID] = &types.Sandbox{SandboxID: podID, Runtime: &types.Sandbox_Runtime{Name: c.shim, Options: c.options}}
			},
		} {
			t.Run(name+", "+kind, func(t *testing.T) {
				delete(s.stored, podID)
				delete(s.sandboxes, podID)
				keep()
				got, err := store.Runtime(t.Context(), podID)
				if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) || err == nil && got != c.want {
					t.Errorf("%+v, %v", got, err)
				}
			})
		}
	}
	delete(s.stored, podID)
	delete(s.sandboxes, podID)
	if _, err := store.Runtime(t.Context(), podID); err == nil {
		t.Error("no such pod: no error")
	}
}
