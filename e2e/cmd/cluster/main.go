// Command cluster runs a Kubernetes cluster of one node on this machine, with
// the images of the agent and of the tests on it: while a command runs, whose
// KUBECONFIG is the administrator's, or until it is interrupted.
//
//	cluster [-crio] [COMMAND [ARGUMENT...]]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cluster"
)

func main() {
	release := build.Containerd2
	flag.BoolFunc("crio", "the node runs CRI-O", func(string) error { release = build.CRIO; return nil })
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, release, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1) //nolint:gocritic // the system undoes what is deferred
	}
}

func run(ctx context.Context, release build.Release, command []string) (err error) {
	if os.Geteuid() != 0 {
		return errors.New("it needs root")
	}
	cache, err := build.Open()
	if err != nil {
		return err
	}
	o, err := cluster.Build(ctx, cache, release)
	if err != nil {
		return err
	}
	c, err := cluster.StartWithAgent(ctx, cache, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if len(command) == 0 {
		fmt.Printf("export KUBECONFIG=%s\n", c.Kubeconfig)
		<-ctx.Done()
		return nil
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.Kubeconfig)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}
