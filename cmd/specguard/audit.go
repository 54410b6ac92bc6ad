package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/specguard/specguard/plugin"
	"github.com/specguard/specguard/plugin/containerd"
	"github.com/specguard/specguard/plugin/cri"
	"github.com/specguard/specguard/plugin/host"
	"github.com/specguard/specguard/policy"
	"github.com/specguard/specguard/policy/input"
)

const auditHelp = `Judge every container of a pod that runs on this node, as it runs: what is
"denied" or "adjusted" does not comply. Nothing is changed, and neither the
agent nor NRI has to be there.

It needs root and reads the agent's configuration file, as "specguard run" does.
The runtime lists its containers by CRI, on containerd's socket or else on the
other one; specs are read from the OCI bundles, or else from containerd.

Exit status 0: all comply, or no policy is for them. 2: one does not. 1: error,
or one cannot be judged.

With --compare, judge by a second set of policies too and show only containers
for which it decides otherwise. Exit status 0: none. 2: some. 1: error.

Values of environment variables and arguments are never shown.`

// auditFlags are the flags of audit beside those of the configuration.
type auditFlags struct {
	checkerFlags
	config string
}

func auditCommand() *cobra.Command {
	var f auditFlags
	defaults := defaultConfig()
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Judge every container that runs on this node",
		Long:  auditHelp,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadConfig(cmd, f.config)
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			c, err := f.checker(cmd, cfg.PolicyDir)
			if err != nil {
				return err
			}
			c.strict = true
			return c.audit(ctx, cfg)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.config, "config", defaultConfigFile, "configuration file of the agent")
	defaults.auditFlags(fs)
	fs.Lookup("policy-dir").Usage = policyDirUsage
	f.add(fs)
	return cmd
}

// audit judges what runs on the node.
func (c *checker) audit(ctx context.Context, cfg config) error {
	socket, err := cfg.criSocket()
	if err != nil {
		return err
	}
	runtime, err := cri.New(socket)
	if err != nil {
		return err
	}
	defer runtime.Close()
	store, err := containerd.New(cfg.ContainerdSocket)
	if err != nil {
		return err
	}
	defer store.Close()
	log := logrus.New()
	log.SetOutput(c.cmd.ErrOrStderr())
	log.SetFormatter(&logrus.TextFormatter{DisableTimestamp: true})
	node := host.New(cfg.Host.Root, cfg.Host.KubeletDir)
	p := &plugin.Plugin{Openers: cfg.openers(store), Host: node.Snapshot, Bundles: node.Bundles(cfg.Host.Bundles), Log: log}
	running, err := p.Survey(ctx, runtime, c.sets()...)
	if err != nil {
		return err
	}
	for r := range running {
		about := aboutRunning(r.Subject)
		err := r.Err
		if err == nil {
			err = c.container(about, &input.Container{Subject: r.Subject, Notes: r.Notes})
		}
		if err != nil {
			c.fail(fmt.Errorf("%s: %w", about.title(), err))
		}
	}
	if err := ctx.Err(); err != nil {
		return exitError
	}
	c.sumAudit()
	return c.tally.exit()
}

func aboutRunning(s policy.Subject) about {
	return about{Namespace: s.Pod.Namespace, Pod: s.Pod.Name, Container: s.Container.Name, ID: s.Container.ID}
}

// sumAudit tells how many containers comply; machines can count themselves.
func (c *checker) sumAudit() {
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
	if t.bad > 0 {
		style = red.bold()
	}
	if t.failed > 0 {
		sum, style = fmt.Sprintf("%s; %d not judged", sum, t.failed), red.bold()
	}
	c.print.line(style, "%s", sum)
}
