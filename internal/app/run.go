package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/pflag"

	"github.com/specguard/specguard/internal/decisionlog"
	"github.com/specguard/specguard/internal/metrics"
	"github.com/specguard/specguard/internal/reload"
	"github.com/specguard/specguard/plugin"
	"github.com/specguard/specguard/plugin/containerd"
	"github.com/specguard/specguard/plugin/cri"
	"github.com/specguard/specguard/plugin/host"
	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/wrapperapi"
)

// Load reads the configuration file over the defaults, and the given flags over both.
func Load(flags *pflag.FlagSet, file string) (Config, error) {
	cfg := DefaultConfig()
	if err := cfg.read(file, flags.Changed("config")); err != nil {
		return cfg, err
	}
	given := pflag.NewFlagSet("given", pflag.ContinueOnError)
	given.SetOutput(io.Discard) // cmd's flags have printed what is deprecated
	cfg.Flags(given)
	var errs []error
	flags.Visit(func(f *pflag.Flag) {
		if given.Lookup(f.Name) != nil {
			errs = append(errs, given.Set(f.Name, f.Value.String()))
		}
	})
	if err := errors.Join(errs...); err != nil {
		return cfg, err
	}
	return cfg, cfg.validate()
}

// agent is what /readyz and the metrics ask about.
type agent struct {
	*plugin.Plugin
	*reload.Folder

	socketErr error
}

// RuntimeSocketError returns why nothing can ask on the runtime socket; nil if it works.
func (a *agent) RuntimeSocketError() error { return a.socketErr }

// answers returns what reports whether the agent answers, the runtime and, where it
// listens, on the runtime socket.
func (a *agent) answers(socket string) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := a.CheckResponsive(ctx); err != nil || socket == "" || a.socketErr != nil {
			return err
		}
		return wrapperapi.Ping(ctx, socket)
	}
}

// reloadOnSignal has the policies read again whenever the agent gets SIGHUP, until
// the context ends. The configuration file is read at the start only.
func reloadOnSignal(ctx context.Context, policies *reload.Folder) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	context.AfterFunc(ctx, func() { signal.Stop(hangups) })
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangups:
				policies.Reload()
			}
		}
	}()
}

// Run runs the agent until the context ends. version is the agent's version.
func Run(ctx context.Context, cfg Config, version string) error {
	log, err := newLog(cfg.Log)
	if err != nil {
		return err
	}
	if cfg.AuditLog != "" {
		log.Warn("the setting auditLog is deprecated: use decisionLog")
	}
	limitMemory(memlimit.FromCgroup, log)
	optional := cfg.PolicyDir == DefaultPolicyDir
	policies, err := reload.Open(cfg.PolicyDir, optional, cfg.BuiltinPolicy, log)
	if err != nil {
		return fmt.Errorf("%w\nspecguard does not start with invalid policies", err)
	}
	store, err := containerd.New(cfg.ContainerdSocket)
	if err != nil {
		return err
	}
	defer store.Close()
	stopper, err := cri.New(cfg.CRISocket)
	if err != nil {
		return err
	}
	defer stopper.Close()
	containerdCRI, err := cri.New(cfg.ContainerdSocket)
	if err != nil {
		return err
	}
	defer containerdCRI.Close()
	cfg.MaxContainerSize.warn(log)

	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	counts := metrics.New(reg)
	recorders := judge.Recorders{counts, decisionlog.Messages{Log: log}}
	if cfg.DecisionLog != "" {
		w, err := openAppend(cfg.DecisionLog)
		if err != nil {
			return fmt.Errorf("open decision log: %w", err)
		}
		recorders = append(recorders, decisionlog.New(newPatientWriter(w, false), func(err error) { log.Error(err) }))
	}
	node := cfg.Node()
	j := &judge.Judge{
		Policies: policies, Recorder: recorders, Log: log, Handlers: cfg.handlers(),
		Node:     judge.Node{Host: node.Snapshot, Bundles: node.Bundles(cfg.Host.Bundles)},
		Existing: judge.Existing{Action: cfg.Existing, Stopper: stopper, OwnPod: host.OwnPod()},
	}
	if cfg.Host.Root != "" {
		j.Node.Kernel = node
	}
	p := plugin.New(j, cfg.Openers(store))
	p.Limits, p.RecordsOf, p.Waited = cfg.MaxContainerSize.limits(), listings(containerdCRI, stopper), counts.Waited
	state := &agent{Plugin: p, Folder: policies}
	if state.socketErr = serveRuntime(ctx, cfg.RuntimeSocket, p, log); state.socketErr != nil && cfg.needsRuntimeSocket() {
		return state.socketErr
	}
	metrics.RegisterState(reg, state)
	if cfg.HTTP != "" {
		if err := serveHTTP(ctx, cfg.HTTP, reg, state, store, log); err != nil {
			return err
		}
	}
	policies.OnNode(node.Snapshot)
	go policies.Watch(ctx)
	reloadOnSignal(ctx, policies)
	go systemd{connected: p.Connected, answers: state.answers(cfg.RuntimeSocket), log: log}.serve(ctx)
	log.WithField("version", version).Info("specguard starts")
	return p.Run(ctx, plugin.Registration{Socket: cfg.NRI.Socket, Name: cfg.NRI.Name, Index: cfg.NRI.Index})
}
