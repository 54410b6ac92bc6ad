// Command compare judges the pods of Kubernetes manifests twice: by specguard's
// profiles baseline and restricted, and by Kubernetes' own implementation of
// the Pod Security Standards. It prints counts, and every pod for which the
// verdicts differ, with the reason. Exit status 1: a difference has no reason.
//
//	compare [-v] FILE|FOLDER...
//
// Of folders, files are read whose names end in .yaml, .yml or .json. Pods that
// are the same but for names and labels count once.
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
	"syscall"

	"k8s.io/pod-security-admission/api"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/conformance"
)

// errDisagree says that a difference has no reason.
var errDisagree = errors.New("specguard and Kubernetes disagree")

func main() {
	verbose := flag.Bool("v", false, "print also what pods of the same verdict differ in, and what is skipped")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout, flag.Args(), *verbose); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1) //nolint:gocritic // the system undoes what is deferred
	}
}

func run(ctx context.Context, out io.Writer, paths []string, verbose bool) error {
	if len(paths) == 0 {
		return errors.New("which files or folders?")
	}
	cache, err := build.Open()
	if err != nil {
		return err
	}
	binary, err := cache.Agent(ctx)
	if err != nil {
		return err
	}
	m, err := readAll(paths)
	if err != nil {
		return err
	}
	m.print(out, verbose)
	if len(m.pods) == 0 {
		return errors.New("there is no pod to compare")
	}
	dir, err := os.MkdirTemp("", "compare")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	files := make([]string, len(m.pods))
	for i, p := range m.pods {
		files[i] = filepath.Join(dir, fmt.Sprintf("%06d.yaml", i))
		if err := os.WriteFile(files[i], p.Data, 0o600); err != nil {
			return err
		}
	}
	disagree := 0
	for _, level := range []api.Level{api.LevelBaseline, api.LevelRestricted} {
		r, err := compare(ctx, binary, level, m.pods, files)
		if err != nil {
			return err
		}
		r.print(out, verbose)
		disagree += r.count[conformance.Disagree]
	}
	if disagree > 0 {
		return errDisagree
	}
	return nil
}
