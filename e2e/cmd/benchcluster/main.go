// Command benchcluster measures what specguard costs when a Deployment rolls
// out: the time until all its pods are ready, without the agent and with it, in
// turn on one cluster, and the agent's CPU time and memory.
//
//	benchcluster [-pods 100] [-rounds 2]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cluster"
)

type options struct{ pods, rounds int }

func main() {
	var o options
	flag.IntVar(&o.pods, "pods", 100, "pods of the Deployment; a kubelet takes 110")
	flag.IntVar(&o.rounds, "rounds", 2, "times without the agent and with it")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout, o); err != nil {
		fmt.Fprintln(os.Stderr, "benchcluster:", err)
		os.Exit(1) //nolint:gocritic // the system undoes what is deferred
	}
}

func run(ctx context.Context, w io.Writer, o options) (err error) {
	cache, err := build.Open()
	if err != nil {
		return err
	}
	programs, err := cluster.Build(ctx, cache, build.Containerd2)
	if err != nil {
		return err
	}
	c, err := cluster.StartWithAgent(ctx, cache, programs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	root, err := build.Root()
	if err != nil {
		return err
	}
	m := measurement{Cluster: c, options: o, overlay: filepath.Join(root, "k8s", "testdata", "containerd")}
	if err := m.take(ctx); err != nil {
		return err
	}
	m.print(w)
	return nil
}

// measurement is a cluster and what was measured on it.
type measurement struct {
	*cluster.Cluster
	options
	overlay string

	without, with []time.Duration
	agent         usage
}

// take lets the Deployment roll out without the agent and with it, in turn.
func (m *measurement) take(ctx context.Context) error {
	if err := m.Namespace(ctx, "team-bench"); err != nil {
		return err
	}
	if _, err := m.rollout(ctx, 5); err != nil { // what is slow once only
		return err
	}
	for range m.rounds {
		took, err := m.rollout(ctx, m.pods)
		if err != nil {
			return fmt.Errorf("without the agent: %w", err)
		}
		m.without = append(m.without, took)
		if took, err = m.guarded(ctx); err != nil {
			return fmt.Errorf("with the agent: %w", err)
		}
		m.with = append(m.with, took)
	}
	return nil
}

// guarded is a rollout with the agent, which is there for it alone.
func (m *measurement) guarded(ctx context.Context) (time.Duration, error) {
	if _, err := m.Kubectl(ctx, "apply", "--kustomize="+m.overlay); err != nil {
		return 0, err
	}
	if _, err := m.Kubectl(ctx, "--namespace=specguard-system", "rollout", "status", "daemonset/specguard", "--timeout=100s"); err != nil {
		return 0, err
	}
	before, err := m.usage()
	if err != nil {
		return 0, err
	}
	took, err := m.rollout(ctx, m.pods)
	if err != nil {
		return 0, err
	}
	after, err := m.usage()
	if err != nil {
		return 0, err
	}
	m.agent = usage{cpu: after.cpu - before.cpu, rss: after.rss}
	_, err = m.Kubectl(ctx, "delete", "--kustomize="+m.overlay, "--timeout=100s")
	return took, err
}

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: bench, namespace: team-bench}
spec:
  replicas: %d
  selector: {matchLabels: {app: bench}}
  template:
    metadata: {labels: {app: bench}}
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 0
      containers:
        - {name: main, image: %s, command: [sleep, "3600"], securityContext: {seccompProfile: {type: RuntimeDefault}}}
`

// rollout takes the time until all pods are ready, and removes them.
func (m *measurement) rollout(ctx context.Context, pods int) (time.Duration, error) {
	began := time.Now()
	if err := m.Apply(ctx, fmt.Sprintf(deployment, pods, cluster.AppImage)); err != nil {
		return 0, err
	}
	for { // a call of kubectl is bounded
		if _, err := m.Kubectl(ctx, "--namespace=team-bench", "rollout", "status", "deployment/bench", "--timeout=100s"); err == nil {
			break
		} else if ctx.Err() != nil || time.Since(began) > 15*time.Minute {
			return 0, err
		}
	}
	took := time.Since(began)
	if _, err := m.Kubectl(ctx, "--namespace=team-bench", "delete", "deployment/bench", "--wait=false"); err != nil {
		return 0, err
	}
	for {
		left, err := m.Kubectl(ctx, "--namespace=team-bench", "get", "pods", "--output=name")
		if err != nil || left == "" {
			return took, err
		}
		time.Sleep(time.Second)
	}
}

func (m *measurement) print(w io.Writer) {
	slices.Sort(m.without)
	slices.Sort(m.with)
	fmt.Fprintf(w, "%d pods ready, best of %d rounds each, in turn: %.1f s without the agent, %.1f s with it: %.2f times\n",
		m.pods, m.rounds, m.without[0].Seconds(), m.with[0].Seconds(), m.with[0].Seconds()/m.without[0].Seconds())
	fmt.Fprintf(w, "agent: %.2f s of CPU time for a rollout, VmRSS %.1f MiB after it\n", m.agent.cpu.Seconds(), float64(m.agent.rss)/(1<<20))
}
