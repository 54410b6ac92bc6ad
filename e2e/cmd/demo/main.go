// Command demo shows specguard at work: it starts a private containerd and the
// agent with a policy, creates containers over CRI as a kubelet does, and
// prints what became of each and what the kernel says inside. A policy of one's
// own takes the place of the demo's:
//
//	demo -policy FILE
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/specguard/specguard/e2e/agent"
	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/node"
)

//go:embed policy.yaml
var ownPolicy string

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	file := flag.String("policy", "", "file with policies to show at work (default: the demo's)")
	flag.Parse()
	policy, err := read(*file)
	if err == nil {
		err = run(ctx, os.Stdout, policy)
	}
	if err != nil {
		if ctx.Err() != nil {
			err = errors.New("interrupted; all is cleaned up")
		}
		stop()
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1) //nolint:gocritic // stop has been called
	}
}

// read reads the policies to show.
func read(file string) (string, error) {
	if file == "" {
		return ownPolicy, nil
	}
	data, err := os.ReadFile(file)
	return string(data), err
}

func run(ctx context.Context, w io.Writer, policy string) (err error) {
	if os.Geteuid() != 0 {
		return errors.New("needs root: it starts containers")
	}
	n, err := startNode(ctx, w)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()

	cache, err := build.Open()
	if err != nil {
		return err
	}
	binary, err := cache.Agent(ctx)
	if err != nil {
		return err
	}
	if _, err := agent.Start(ctx, n, agent.Options{Binary: binary, Policies: map[string]string{"tenants.yaml": policy}}); err != nil {
		return err
	}
	fmt.Fprintf(w, "specguard runs on a private containerd %s with this policy:\n\n%s\n", n.Release(), indent(policy))

	var results []result
	for _, c := range cases(n) {
		fmt.Fprintf(w, "creating %s ...\n", c.name)
		r, err := c.run(ctx, n)
		if err != nil {
			return err
		}
		results = append(results, r)
	}
	return show(w, results)
}

// startNode builds containerd and runc where they are not in the cache yet,
// and starts a node.
func startNode(ctx context.Context, w io.Writer) (*node.Node, error) {
	cache, err := build.Open()
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(w, "building containerd %s and runc (once; takes some minutes) ...\n", build.Containerd2)
	programs, err := cache.Programs(ctx, build.Containerd2)
	if err != nil {
		return nil, err
	}
	runc, err := cache.Runc(ctx, build.Containerd2)
	if err != nil {
		return nil, err
	}
	return node.Start(ctx, node.Options{Programs: programs, Runc: runc})
}
