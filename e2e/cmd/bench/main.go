// Command bench measures what specguard costs at container creation.
//
// Three nodes run side by side: one without any NRI plugin, one with a plugin
// that does nothing, and one with specguard and policies that adjust. The
// containers are created and started one at a time, alternating between the
// nodes in a rotating order, so that whatever else the machine does hits all
// three alike. For comparison, the first node also runs containers that ask by
// themselves for what specguard adjusts. Containers that mount a path of the
// host are measured apart: what the kernel has mounted in them is compared with
// what was judged. Earlier programs can be measured beside, on a node of their
// own.
//
// Every container asks for the runtime's default seccomp profile, as a kubelet
// with seccompDefault does: compiling a filter takes the OCI runtime longer
// than all else that is measured here, with or without specguard.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/specguard/specguard/e2e/build"
)

type options struct {
	count, warmup int
	policyDir     string
	release       build.Release
	json          string

	// beforeAgent and beforeRuntime are earlier programs.
	beforeAgent, beforeRuntime string
}

func main() {
	o := options{release: build.Containerd2}
	flag.IntVar(&o.count, "count", 200, "containers per condition")
	flag.IntVar(&o.warmup, "warmup", 5, "containers per condition that are not counted, before the others")
	flag.StringVar(&o.policyDir, "policy-dir", "", "specguard's policies; they must adjust a default container (default: built in)")
	flag.StringVar(&o.json, "json", "", "write the results as JSON to this file (- for standard output)")
	flag.StringVar(&o.beforeAgent, "before", "", "an earlier specguard to measure beside")
	flag.StringVar(&o.beforeRuntime, "before-runtime", "", "the specguard-runtime that goes with it, for CRI-O")
	crio := flag.Bool("cri-o", false, "measure on CRI-O, with the OCI runtime wrapper")
	nri := flag.String("nri", "", "build containerd with this version of NRI, for example v0.12.5")
	flag.Parse()
	o.release.NRI = *nri
	if *crio {
		o.release = build.CRIO
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:gocritic // the system undoes what is deferred
	}
}

func run(ctx context.Context, o options) error {
	report, err := measure(ctx, o)
	if err != nil {
		return err
	}
	if o.json != "-" {
		report.print(os.Stdout)
	}
	return writeJSON(o.json, report)
}

func writeJSON(path string, report *report) error {
	var w io.Writer = os.Stdout
	switch path {
	case "":
		return nil
	case "-":
	default:
		f, err := os.Create(path)
		if err != nil {
			return fmt.Errorf("write results: %w", err)
		}
		defer f.Close()
		w = f
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(report); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return nil
}
