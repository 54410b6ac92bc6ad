// Package release makes what a release consists of. Two runs on one commit give
// the same bytes, wherever the checkout lies.
package release

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Options say what to make.
type Options struct {
	Checkout string // the folder of the repository, of which a commit is checked out
	Version  string // such as v0.1.0
	Out      string // the folder to make it in; it is made anew
}

// architectures are those that there are programs and images for.
func architectures() []string { return []string{"amd64", "arm64"} }

// Make makes a release. Files in Out are:
//
//	specguard_VERSION_linux_ARCH.tar.gz          programs, systemd units, SELinux module, drop-ins, license, notices
//	specguard_VERSION_linux_ARCH.PROGRAM.cdx.json  what a program is made of, in CycloneDX
//	specguard_VERSION_image.tar                  the image for all architectures, an OCI layout
//	specguard-chart_VERSION.tgz                  the Helm chart
//	SHA256SUMS                                   of all of them
func Make(ctx context.Context, o Options) error {
	if !regexp.MustCompile(`^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`).MatchString(o.Version) {
		return fmt.Errorf("version %q is none (allowed: vMAJOR.MINOR.PATCH, and -PRERELEASE behind it)", o.Version)
	}
	when, err := committed(ctx, o.Checkout)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(o.Out); err != nil {
		return fmt.Errorf("clear the folder: %w", err)
	}
	if err := os.MkdirAll(o.Out, 0o755); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	m := maker{Options: o, when: when}
	for _, step := range []func(context.Context) error{m.programs, m.image, m.chart, m.checksums} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// A maker makes one release.
type maker struct {
	Options
	when  time.Time
	built map[string]folder // by architecture
}

// folder is files by their names.
type folder map[string]file

type file struct {
	data []byte
	mode os.FileMode
}

// committed is when the commit was made. A checkout with changes has none.
func committed(ctx context.Context, checkout string) (time.Time, error) {
	changes, err := output(ctx, checkout, "git", "status", "--porcelain", "--untracked-files=no")
	if err != nil {
		return time.Time{}, err
	}
	if changes != "" {
		return time.Time{}, fmt.Errorf("the checkout has changes that are not committed:\n%s", changes)
	}
	text, err := output(ctx, checkout, "git", "log", "-1", "--format=%ct")
	if err != nil {
		return time.Time{}, err
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("time of the commit: %w", err)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

func output(ctx context.Context, dir, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", program, strings.Join(args, " "), withStderr(err))
	}
	return string(out), nil
}

func withStderr(err error) error {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && len(exit.Stderr) > 0 {
		return fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return err
}

func (m *maker) path(name string) string { return filepath.Join(m.Out, name) }
