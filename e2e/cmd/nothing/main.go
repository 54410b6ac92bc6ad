// Command nothing is an NRI plugin that does nothing. It subscribes to what
// specguard subscribes to, so that a benchmark can tell the cost of specguard
// from the cost of having any plugin.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/containerd/nri/pkg/api"
	"github.com/containerd/nri/pkg/stub"
	"golang.org/x/mod/semver"
)

func main() {
	socket := flag.String("nri-socket", api.DefaultSocketPath, "NRI's socket")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *socket); err != nil {
		fmt.Fprintln(os.Stderr, "nothing:", err)
		os.Exit(1) //nolint:gocritic // the system undoes what is deferred
	}
}

func run(ctx context.Context, socket string) error {
	ctx, lost := context.WithCancelCause(ctx)
	p := &plugin{}
	var err error
	p.stub, err = stub.New(p, stub.WithPluginName("nothing"), stub.WithPluginIdx("10"), stub.WithSocketPath(socket),
		stub.WithOnClose(func() { lost(errLost) }))
	if err != nil {
		return err
	}
	if err := p.stub.Start(ctx); err != nil {
		return err
	}
	<-ctx.Done()
	if err := context.Cause(ctx); errors.Is(err, errLost) {
		return err
	}
	p.stub.Stop()
	return nil
}

var errLost = errors.New("the runtime closed the connection")

type plugin struct{ stub stub.Stub }

// validatesSince is the first NRI with validation. Older ones close the
// connection to a plugin that subscribes to an event they do not know.
const validatesSince = "v0.10.0"

func (p *plugin) Configure(context.Context, string, string, string) (stub.EventMask, error) {
	var events api.EventMask
	events.Set(api.Event_CREATE_CONTAINER, api.Event_POST_CREATE_CONTAINER, api.Event_UPDATE_CONTAINER)
	if nri := p.stub.RuntimeNRIVersion(); semver.IsValid(nri) && semver.Compare(nri, validatesSince) >= 0 {
		events.Set(api.Event_VALIDATE_CONTAINER_ADJUSTMENT)
	}
	return events, nil
}

func (*plugin) Synchronize(context.Context, []*api.PodSandbox, []*api.Container) ([]*api.ContainerUpdate, error) {
	fmt.Println("ready") // for whoever started this
	return nil, nil
}

func (*plugin) CreateContainer(context.Context, *api.PodSandbox, *api.Container) (*api.ContainerAdjustment, []*api.ContainerUpdate, error) {
	return nil, nil, nil
}

func (*plugin) PostCreateContainer(context.Context, *api.PodSandbox, *api.Container) error {
	return nil
}

func (*plugin) UpdateContainer(context.Context, *api.PodSandbox, *api.Container, *api.LinuxResources) ([]*api.ContainerUpdate, error) {
	return nil, nil
}

func (*plugin) ValidateContainerAdjustment(context.Context, *api.ValidateContainerAdjustmentRequest) error {
	return nil
}
