// Command vm runs a shell script in a virtual machine whose kernel enforces
// AppArmor or SELinux, with the programs of the checkout in bin/; without a
// script it only makes the machine's disk.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/vm"
)

func main() {
	selinux := flag.Bool("selinux", false, "boot with SELinux in place of AppArmor")
	timeout := flag.Duration("timeout", 15*time.Minute, "how long it may take")
	keep := flag.String("keep", "", "folder for the console, the journal and what the script leaves in $OUT")
	reboots := flag.Bool("reboots", false, "the script ends with status 64 to boot again")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: vm [FLAG]... [SCRIPT]")
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	options := vm.Options{Module: vm.AppArmor, Timeout: *timeout, Out: os.Stdout, Keep: *keep, Reboots: *reboots}
	if *selinux {
		options.Module = vm.SELinux
	}
	status, err := run(ctx, options, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "vm:", err)
		status = 1
	}
	os.Exit(status) //nolint:gocritic // the system undoes what is deferred
}

func run(ctx context.Context, o vm.Options, scripts []string) (status int, err error) {
	cache, err := build.Open()
	if err != nil {
		return 0, err
	}
	image, err := vm.Build(ctx, cache)
	if err != nil {
		return 0, err
	}
	switch len(scripts) {
	case 0:
		fmt.Println(image.Disk)
		return 0, nil
	case 1:
	default:
		return 0, errors.New("one script, or none")
	}
	if o.Keep == "" {
		if o.Keep, err = os.MkdirTemp("", "specguard-vm-kept-"); err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.Keep)) }()
	}
	if o.Job, err = job(ctx, cache, scripts[0]); err != nil {
		return 0, err
	}
	return image.Run(ctx, o)
}

// job runs a file with all that the tests have.
func job(ctx context.Context, cache *build.Cache, file string) (vm.Job, error) {
	script, err := os.ReadFile(file)
	if err != nil {
		return vm.Job{}, err
	}
	programs, err := cache.Away(ctx, vm.GuestCache)
	if err != nil {
		return vm.Job{}, err
	}
	root, err := build.Root()
	if err != nil {
		return vm.Job{}, err
	}
	files := map[string]string{"deploy": filepath.Join(root, "..", "deploy")}
	for name, program := range programs {
		files["bin/"+name] = program
	}
	return vm.Job{Run: string(script), Files: files}, nil
}
