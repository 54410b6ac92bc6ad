// Package require decides whether a test that needs more than a plain machine
// can run: it skips the test and says why, or fails it where CI=true, because
// there a skipped test would go unnoticed.
package require

import (
	"errors"
	"os"
	"testing"

	"github.com/specguard/specguard/e2e/build"
)

// Host is what a test with a real container runtime needs: root and Debian's
// packages.
func Host(t testing.TB) {
	t.Helper()
	Or(t, missing())
}

// Release is what a test with a release needs: for CRI-O more than [Host].
func Release(t testing.TB, release build.Release) {
	t.Helper()
	Host(t)
	if release.Project == build.ProjectCRIO {
		Or(t, errors.Join(build.Package("conmon"), build.Package("skopeo")))
	}
}

// Cluster is what a test with a Kubernetes cluster needs: more than [Host].
func Cluster(t testing.TB) {
	t.Helper()
	Host(t)
	Or(t, errors.Join(build.Package("containernetworking-plugins"), build.Package("iproute2"), build.Package("iptables")))
}

// Or skips the test, or fails it in CI, if err says that something is missing.
func Or(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("cannot run here, and CI must not skip: %v", err)
	default:
		t.Skipf("cannot run here: %v", err)
	}
}

func missing() error {
	var errs []error
	if os.Geteuid() != 0 {
		errs = append(errs, errors.New("not root"))
	}
	needed := []string{"busybox-static", "runc"}
	if os.Getenv(build.EnvPrograms) == "" { // else all is built
		needed = append(needed, "libseccomp-dev", "pkg-config")
	}
	for _, name := range needed {
		errs = append(errs, build.Package(name))
	}
	return errors.Join(errs...)
}
