package wrapper

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/wrapperconfig"
	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/plugin/wrapperapi"
)

// create has the spec in the bundle judged, and writes what may run into it.
// It returns nil when the real runtime may read the bundle.
func create(cfg *wrapperconfig.Config, bundlePath, id string) error {
	b, spec, err := openSpec(cmp.Or(bundlePath, "."))
	if err != nil {
		return err
	}
	defer b.Close()
	who := identify(spec, id)
	if who.sandbox && !seal.On(spec) {
		return b.check()
	}
	answer, err := ask(cfg, request(wrapperapi.Create, b, spec, id))
	if err != nil {
		answer = wrapperapi.Answer{Verdict: wrapperapi.Unknown, Message: unasked(err)}
	}
	switch {
	case answer.Verdict == wrapperapi.Unknown && cfg.Pass.Has(who.namespace) && !seal.On(spec):
		return b.check()
	case answer.Verdict != wrapperapi.Allowed:
		return errors.New(answer.Message)
	case answer.Spec == nil:
		return b.check()
	default:
		return b.replace(answer.Spec)
	}
}

// request asks about a bundle.
func request(kind wrapperapi.Kind, b *bundle, spec *specs.Spec, id string) wrapperapi.Request {
	return wrapperapi.Request{
		Kind: kind, ID: id, Spec: b.spec,
		HostNamespaces: hostNamespaces(spec), Sandbox: sandboxOf(b.path, id, identify(spec, id).sandboxID),
	}
}

// ask asks the agent.
func ask(cfg *wrapperconfig.Config, req wrapperapi.Request) (wrapperapi.Answer, error) {
	ctx, cancel := context.WithTimeoutCause(context.Background(), time.Duration(cfg.Timeout),
		fmt.Errorf("no answer in %s", time.Duration(cfg.Timeout)))
	defer cancel()
	return wrapperapi.Ask(ctx, string(cfg.Socket), req)
}

// unasked says that the agent could not be asked.
func unasked(err error) string {
	return fmt.Sprintf("not judged: the agent cannot be asked: %v", err)
}
