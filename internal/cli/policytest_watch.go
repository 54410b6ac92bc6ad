package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// watchEvery is how often --watch looks for changes.
const watchEvery = 300 * time.Millisecond

// watch runs the tests, and runs them again whenever a file changes that they read, until a signal
// ends it. The exit status is that of the last run.
func (f *testFlags) watch(cmd *cobra.Command, paths []string) error {
	if slices.Contains(paths, "-") {
		return errors.New("--watch cannot read standard input again")
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	for {
		inputs, last := f.once(cmd, paths)
		var status exitStatus
		if last != nil && !errors.As(last, &status) {
			fmt.Fprintln(cmd.ErrOrStderr(), last)
		}
		fmt.Fprintln(cmd.ErrOrStderr(), "waiting for changes; Ctrl-C ends it")
		if !changed(ctx, append(inputs, paths...)) {
			return last
		}
		fmt.Fprintf(cmd.OutOrStdout(), "\n%s\n", time.Now().Format(time.TimeOnly))
	}
}

// changed waits until what is at the paths has changed; false if the context ends first.
func changed(ctx context.Context, paths []string) bool {
	before := stateOf(paths)
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
			if stateOf(paths) != before {
				return true
			}
		}
	}
}

// stateOf has a line for each file at the paths, in folders too, with its size and when it was
// written. Hidden folders, such as that of git, do not count.
func stateOf(paths []string) string {
	var out strings.Builder
	for _, path := range paths {
		_ = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				fmt.Fprintln(&out, name, err)
				return nil
			}
			if d.IsDir() && name != path && strings.HasPrefix(d.Name(), ".") {
				return filepath.SkipDir
			}
			if info, err := os.Stat(name); err == nil && !info.IsDir() {
				fmt.Fprintln(&out, name, info.Size(), info.ModTime().UnixNano())
			}
			return nil
		})
	}
	return out.String()
}
