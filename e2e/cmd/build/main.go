// Command build fills the cache with the programs that the end-to-end tests
// run, and prints where they are. The tests build what they miss by
// themselves; this is for doing the slow part ahead of time.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/specguard/specguard/e2e/build"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1) //nolint:gocritic // the system undoes what is deferred
	}
}

func run(ctx context.Context) error {
	cache, err := build.Open()
	if err != nil {
		return err
	}
	for _, release := range []build.Release{build.Containerd2, build.Containerd1, build.Containerd2NRI, build.Containerd22, build.CRIO} {
		programs, err := cache.Programs(ctx, release)
		if err != nil {
			return err
		}
		fmt.Println(programs.Daemon)
		runc, err := cache.Runc(ctx, release)
		if err != nil {
			return err
		}
		fmt.Println(runc)
	}
	kubernetes, err := cache.Kubernetes(ctx)
	if err != nil {
		return err
	}
	fmt.Println(kubernetes.Kubelet)
	helm, err := cache.Helm(ctx)
	if err != nil {
		return err
	}
	fmt.Println(helm)
	return nil
}
