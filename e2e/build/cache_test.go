package build

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func open(t *testing.T) *Cache {
	t.Setenv(EnvCache, t.TempDir())
	c, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEntryIsBuiltOnceByParallelCallers(t *testing.T) {
	c := open(t)
	var fills atomic.Int32
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			dir, err := c.entry(t.Context(), "thing", func(dir string) error {
				fills.Add(1)
				time.Sleep(20 * time.Millisecond)
				return os.WriteFile(filepath.Join(dir, "program"), nil, 0o755)
			})
			if err != nil || !exists(filepath.Join(dir, "program")) {
				t.Errorf("entry = %q, %v", dir, err)
			}
		})
	}
	callers.Wait()
	if n := fills.Load(); n != 1 {
		t.Errorf("built %d times", n)
	}
}

func TestEntryLeavesNothingOfAFailedBuild(t *testing.T) {
	c := open(t)
	broken := errors.New("broken")
	_, err := c.entry(t.Context(), "thing", func(dir string) error {
		os.WriteFile(filepath.Join(dir, "half"), nil, 0o755)
		return broken
	})
	if !errors.Is(err, broken) {
		t.Fatalf("error %v", err)
	}
	left, _ := filepath.Glob(filepath.Join(c.Dir(), "*"))
	hidden, _ := filepath.Glob(filepath.Join(c.Dir(), ".building-*"))
	if len(left) != 1 || !strings.HasSuffix(left[0], ".lock") || len(hidden) != 0 {
		t.Errorf("left behind: %v %v", left, hidden)
	}
}

func TestLockWaitIsBounded(t *testing.T) {
	c := open(t)
	unlock, err := c.lock(t.Context(), "thing")
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := c.lock(ctx, "thing"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestRelease(t *testing.T) {
	for _, test := range []struct {
		release      Release
		name, module string
	}{
		{Containerd1, "1.7.35", "github.com/containerd/containerd"},
		{Containerd2, "2.4.2", "github.com/containerd/containerd/v2"},
		{Containerd2NRI, "2.4.2-nri-0.12.5", "github.com/containerd/containerd/v2"},
		{CRIO, "cri-o-1.34.0", "github.com/cri-o/cri-o"},
	} {
		if got := test.release.String(); got != test.name {
			t.Errorf("name %q, want %q", got, test.name)
		}
		if got := test.release.module(); got != test.module {
			t.Errorf("%s: module %q, want %q", test.name, got, test.module)
		}
	}
}
