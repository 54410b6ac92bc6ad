// Command demo shows specguard at work: it starts a private containerd or CRI-O
// and the agent with a policy, creates containers over CRI as a kubelet does,
// and prints what became of each and what the kernel says inside. A policy of
// one's own takes the place of the demo's:
//
//	demo [-runtime cri-o] [-policy FILE]
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
	runtime := flag.String("runtime", "containerd", "containerd or cri-o")
	flag.Parse()
	release, known := map[string]build.Release{"containerd": build.Containerd2, "cri-o": build.CRIO}[*runtime]
	policy, err := read(*file)
	switch {
	case !known:
		err = fmt.Errorf("the runtime %q is not one of containerd, cri-o", *runtime)
	case err == nil:
		err = run(ctx, os.Stdout, release, policy)
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

func run(ctx context.Context, w io.Writer, release build.Release, policy string) (err error) {
	if os.Geteuid() != 0 {
		return errors.New("needs root: it starts containers")
	}
	cache, err := build.Open()
	if err != nil {
		return err
	}
	n, err := startNode(ctx, w, cache, release)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()

	binary, err := cache.Agent(ctx)
	if err != nil {
		return err
	}
	options := agent.Options{
		Binary: binary, Policies: map[string]string{"tenants.yaml": policy}, Config: "host: {kubeletDir: " + n.KubeletDir() + "}\n",
	}
	if n.Wrapped() {
		if err := wrapped(ctx, cache, n, &options); err != nil {
			return err
		}
	}
	if _, err := agent.Start(ctx, n, options); err != nil {
		return err
	}
	fmt.Fprintf(w, "specguard runs on a private %s with this policy:\n\n%s\n", release.Name(), indent(policy))

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

// wrapped has the agent open seals by the wrapper, whose hook it leaves on
// containers that mount paths of the host.
func wrapped(ctx context.Context, cache *build.Cache, n *node.Node, o *agent.Options) error {
	wrapper, err := cache.Runtime(ctx)
	if err != nil {
		return err
	}
	hook, err := agent.Hook(n, wrapper)
	if err != nil {
		return err
	}
	o.Opener = "runtime"
	o.Config += "hookPath: " + hook + "\n"
	return nil
}

// startNode builds the runtime where it is not in the cache yet, and starts a
// node. On CRI-O the OCI runtime is wrapped.
func startNode(ctx context.Context, w io.Writer, cache *build.Cache, release build.Release) (*node.Node, error) {
	fmt.Fprintf(w, "building %s and runc (once; takes some minutes) ...\n", release.Name())
	programs, err := cache.Programs(ctx, release)
	if err != nil {
		return nil, err
	}
	runc, err := cache.Runc(ctx, release)
	if err != nil {
		return nil, err
	}
	o := node.Options{Programs: programs, Runc: runc}
	if release == build.CRIO {
		wrapper, err := cache.Runtime(ctx)
		if err != nil {
			return nil, err
		}
		agent.Wrapping{Binary: wrapper}.Wrap(&o)
	}
	return node.Start(ctx, o)
}
