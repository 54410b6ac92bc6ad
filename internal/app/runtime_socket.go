package app

import (
	"context"

	"github.com/sirupsen/logrus"

	"github.com/specguard/specguard/plugin"
	"github.com/specguard/specguard/plugin/wrapperapi"
)

// serveRuntime answers the OCI runtime wrapper and the seal's hook on the
// socket, if there is to be one, until the context ends.
func serveRuntime(ctx context.Context, socket string, p *plugin.Plugin, log logrus.FieldLogger) error {
	if socket == "" {
		return nil
	}
	l, err := wrapperapi.Listen(socket)
	if err != nil {
		log.WithError(err).Warn("the OCI runtime wrapper cannot ask the agent: it refuses the containers that it starts")
		return err
	}
	log.WithField("socket", socket).Info("answering the OCI runtime wrapper")
	go wrapperapi.Serve(ctx, l, p.Judge, func(err error) { log.WithError(err).Warn("a request on the runtime socket") })
	return nil
}

// needsRuntimeSocket reports whether nothing can be opened without it.
func (c *Config) needsRuntimeSocket() bool {
	return c.Opener == openerRuntime || c.Opener == openerVerify
}
