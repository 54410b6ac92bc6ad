package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/specguard/specguard/plugin"
	"github.com/specguard/specguard/plugin/containerd"
	"github.com/specguard/specguard/plugin/host"
	"github.com/specguard/specguard/policy"
	"github.com/specguard/specguard/policy/input"
)

const auditHelp = `Judge every container that runs on this node, and say what would become of it if
it were created now. Nothing is changed. The agent need not run.

It needs root, reads the agent's configuration file, as "specguard run" does,
and asks the container runtime through NRI, as one more plugin that takes no
part in what becomes of containers. Specs are read where the agent reads them,
from containerd or from the OCI bundles.

Exit status 0: all comply, or no policy is for them. 2: one would be denied or
adjusted. 1: error, or one cannot be judged.

With --compare, judge by a second set of policies too and show only containers
for which it decides otherwise. Exit status 0: none. 2: some. 1: error.

Values of environment variables and arguments are never shown.`

// auditPlugin is how audit is known to NRI, beside the agent.
const auditPlugin = "specguard-audit"

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
			return c.audit(ctx, cfg)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.config, "config", defaultConfigFile, "configuration file of the agent")
	defaults.surveyFlags(fs)
	f.add(fs)
	return cmd
}

// audit judges what runs on the node.
func (c *checker) audit(ctx context.Context, cfg config) error {
	running, err := survey(ctx, cfg, c.sets(), c.cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	c.strict = true
	for _, r := range running {
		about := aboutRunning(r.Subject)
		err := r.Err
		if err == nil {
			err = c.container(about, &input.Container{Subject: r.Subject})
		}
		if err != nil {
			c.fail(fmt.Errorf("%s: %w", about.title(), err))
		}
	}
	c.sumAudit()
	return c.tally.exit()
}

func aboutRunning(s policy.Subject) about {
	return about{Namespace: s.Pod.Namespace, Pod: s.Pod.Name, Container: s.Container.Name, ID: s.Container.ID}
}

// sumAudit tells how many containers comply; machines can count themselves.
func (c *checker) sumAudit() {
	if c.compare != nil {
		c.sumChanges()
		return
	}
	if c.json != nil {
		return
	}
	t := &c.tally
	sum, style := "all comply", green.bold()
	if t.bad > 0 {
		sum, style = t.outcomes.String(), red.bold()
	}
	if t.ifEnforced != (outcomes{}) {
		sum += "; if policies in mode audit were enforced, " + t.ifEnforced.String()
	}
	if t.failed > 0 {
		sum, style = fmt.Sprintf("%s; %d not judged", sum, t.failed), red.bold()
	}
	c.print.line(style, "%s: %s", count(t.containers+t.failed, "container"), sum)
}

// survey lists what runs on the node, by namespace, pod and container.
func survey(ctx context.Context, cfg config, sets []*policy.Set, warnings io.Writer) ([]plugin.Running, error) {
	log := logrus.New()
	log.SetOutput(warnings)
	log.SetLevel(logrus.WarnLevel)
	store, err := containerd.New(cfg.ContainerdSocket)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	node := host.New(cfg.Host.Root, cfg.Host.KubeletDir)
	p := &plugin.Plugin{Openers: cfg.openers(store), Host: node.Snapshot, Bundles: node.Bundles(cfg.Host.Bundles), Log: log}
	running, err := p.Survey(ctx, plugin.Registration{Socket: cfg.NRI.Socket, Name: auditPlugin, Index: cfg.NRI.Index}, sets...)
	if errors.Is(err, context.Canceled) {
		return nil, exitError
	}
	slices.SortStableFunc(running, func(a, b plugin.Running) int {
		x, y := a.Subject, b.Subject
		return cmp.Or(cmp.Compare(x.Pod.Namespace, y.Pod.Namespace), cmp.Compare(x.Pod.Name, y.Pod.Name), cmp.Compare(x.Container.Name, y.Container.Name))
	})
	return running, err
}
