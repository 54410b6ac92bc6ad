package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/specguard/specguard/internal/app"
	"github.com/specguard/specguard/internal/input"
	"github.com/specguard/specguard/plugin/containerd"
	"github.com/specguard/specguard/plugin/cri"
	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/policy"
)

const auditHelp = `Judge all running containers of pods on this node, by the specs with which they run.
A "denied" or "adjusted" container does not comply. The command changes nothing, and
needs neither the agent nor NRI.

It needs root and reads the agent's configuration file, as "specguard run" does.
It lists the containers by CRI, on containerd's socket or CRI-O's, and reads the
specs from containerd or from the OCI bundles.

Exit status 0: all comply, or no policy matches them. 2: one does not comply. 1: error,
or one cannot be judged.

With --compare, also judge by a second set of policies, and show only the containers
with another decision. Exit status 0: no difference. 2: differences. 1: error.

Values of environment variables and arguments are never shown.`

// auditFlags are the flags of audit beside those of the configuration.
type auditFlags struct {
	checkerFlags
	config string
}

func auditCommand() *cobra.Command {
	var f auditFlags
	defaults := app.DefaultConfig()
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Judge all running containers of pods on this node",
		Long:  auditHelp,
		Example: `  specguard audit                                   # with the policies of the agent
  specguard audit --policy-dir policies -o json
  specguard audit --compare policies                # what other policies would change`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := app.Load(cmd.Flags(), f.config)
			if err != nil {
				return err
			}
			c, err := f.checker(cmd, cfg.PolicyDir, cfg.BuiltinPolicy, auditOutputs()...)
			if err != nil {
				return err
			}
			c.tally.failOn.adjusted, c.tally.errorFirst = true, true
			socket, err := auditSocket(cmd.Flags(), &cfg)
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return c.audit(ctx, cfg, socket)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.config, "config", app.DefaultConfigFile, "configuration file of the agent")
	defaults.CommonFlags(fs)
	defaults.CRIFlag(fs)
	fs.Lookup("policy-dir").Usage = policyDirUsage
	f.add(fs, auditOutputs()...)
	return cmd
}

func auditOutputs() []string { return []string{"text", "json"} }

// auditSocket returns the socket of the runtime to ask: the one that a flag names, or the only
// one that exists of containerd's and CRI-O's, here or on the host.
func auditSocket(flags *pflag.FlagSet, cfg *app.Config) (string, error) {
	if flags.Changed("cri-socket") {
		return cfg.CRISocket, nil
	}
	if flags.Changed("containerd-socket") {
		return cfg.ContainerdSocket, nil
	}
	var found []string
	for _, socket := range []string{cfg.ContainerdSocket, cfg.CRISocket} {
		for _, path := range []string{socket, cfg.OnHost(socket)} {
			if app.IsSocket(path) {
				found = append(found, path)
				break
			}
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("no container runtime to ask: neither %s nor %s is a socket (--containerd-socket, --cri-socket)",
			cfg.ContainerdSocket, cfg.CRISocket)
	case 1:
		return found[0], nil
	default:
		return "", fmt.Errorf("two container runtimes found: choose one with --containerd-socket %s or --cri-socket %s", found[0], found[1])
	}
}

// audit judges what runs on the node, by the runtime with that socket.
func (c *checker) audit(ctx context.Context, cfg app.Config, socket string) error {
	runtime, err := cri.New(socket)
	if err != nil {
		return err
	}
	defer runtime.Close()
	cfg.ContainerdSocket = socket // if it is containerd's
	store, err := containerd.New(socket)
	if err != nil {
		return err
	}
	defer store.Close()
	log := logrus.New()
	log.SetOutput(c.cmd.ErrOrStderr())
	log.SetFormatter(&logrus.TextFormatter{DisableTimestamp: true})
	node := cfg.Node()
	j := &judge.Judge{Node: judge.Node{Host: node.Snapshot, Bundles: node.Bundles(cfg.Host.Bundles)}, Log: log}
	if j.Connection, err = judge.ListingConnection(ctx, runtime, cfg.Openers(store)); err != nil {
		return fmt.Errorf("%s: %w", socket, err)
	}
	running, err := j.ListRunning(ctx, runtime, c.sets()...)
	if err != nil {
		return fmt.Errorf("%s: %w", socket, err)
	}
	c.progress = newProgress(c.cmd, "containers")
	defer c.progress.clear()
	for r := range running {
		c.progress.step()
		about := aboutRunning(r.Subject)
		err := r.Err
		if err == nil {
			err = c.container(about, &input.Container{Subject: r.Subject, Notes: r.Notes, Asked: r.Asked})
		}
		if err != nil {
			c.fail(fmt.Errorf("%s: %w", about.title(), err))
		}
	}
	if err := ctx.Err(); err != nil {
		return exitError
	}
	c.progress.clear()
	c.sumAudit(socket)
	return c.tally.exit()
}

func aboutRunning(s policy.Subject) about {
	return about{Namespace: s.Pod.Namespace, Pod: s.Pod.Name, Container: s.Container.Name, ID: s.Container.ID}
}

// sumAudit prints how many containers comply. With --output json, programs can count themselves.
func (c *checker) sumAudit(socket string) {
	t := &c.tally
	var sum string
	style := green.bold()
	switch {
	case c.json != nil:
		return
	case c.compare != nil:
		sum = t.changes()
	default:
		sum = fmt.Sprintf("%s: %s", count(t.containers, "container"), t.outcomes)
		if t.ifEnforced != t.outcomes {
			sum += "; if policies in mode audit were enforced, " + t.ifEnforced.String()
		}
	}
	if t.failing > 0 {
		style = red.bold()
	}
	if t.failed > 0 {
		sum, style = fmt.Sprintf("%s; %d not judged", sum, t.failed), red.bold()
	}
	c.print.line(style, "%s; asked %s", sum, socket)
}
