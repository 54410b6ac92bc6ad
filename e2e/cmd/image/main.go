// Command image writes specguard's image, built from the checkout, as an
// archive of an OCI layout, where no Docker is at hand:
//
//	go run ./cmd/image -output specguard.tar
//	ctr -n k8s.io images import --local specguard.tar
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/image"
)

func main() {
	name := flag.String("name", image.SpecguardName, "the image's name")
	output := flag.String("output", "specguard.tar", "the archive to write")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *name, *output); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1) //nolint:gocritic // the system undoes what is deferred
	}
}

func run(ctx context.Context, name, output string) error {
	cache, err := build.Open()
	if err != nil {
		return err
	}
	agent, err := cache.Agent(ctx)
	if err != nil {
		return err
	}
	runtime, err := cache.Runtime(ctx)
	if err != nil {
		return err
	}
	file, err := os.Create(output)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := image.Write(file, build.Busybox, image.Specguard(name, agent, runtime)); err != nil {
		return err
	}
	return file.Close()
}
