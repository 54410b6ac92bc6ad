// Command release makes a release of the repository that it lies in, or prints the
// licenses of what the programs consist of.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/specguard/specguard/e2e/release"
)

func main() {
	o := release.Options{Checkout: ".."}
	flag.StringVar(&o.Version, "version", "", "the version, such as v0.1.0")
	flag.StringVar(&o.Out, "out", "", "the folder to make it in; what is there is removed")
	notices := flag.Bool("notices", false, "only print the licenses of what the programs consist of")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, *notices); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1) //nolint:gocritic // the system undoes what is deferred
	}
}

func run(ctx context.Context, o release.Options, notices bool) error {
	if !notices {
		return release.Make(ctx, o)
	}
	text, err := release.Notices(ctx, o.Checkout)
	if err != nil {
		return err
	}
	fmt.Print(text)
	return nil
}
