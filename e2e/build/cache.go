package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Environment variables that override where programs come from.
const (
	EnvCache   = "SPECGUARD_E2E_CACHE"   // the cache folder
	EnvAgent   = "SPECGUARD_BIN"         // a ready specguard, instead of building one
	EnvRuntime = "SPECGUARD_RUNTIME_BIN" // a ready specguard-runtime, instead of building one
	// EnvPrograms is a folder that holds every program of this repository, where
	// there is no Go to build them.
	EnvPrograms = "SPECGUARD_E2E_PROGRAMS"
)

// lockPoll is how often a waiting builder asks for the lock again.
const lockPoll = 200 * time.Millisecond

// Cache is a folder of built programs.
type Cache struct {
	dir string

	mu    sync.Mutex
	built map[string]string // programs of this repository, by name and flags
}

// Open returns the cache in the folder named by SPECGUARD_E2E_CACHE, or else
// in the user's cache folder.
func Open() (*Cache, error) {
	dir := os.Getenv(EnvCache)
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("build cache: %w", err)
		}
		dir = filepath.Join(base, "specguard-e2e")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("build cache: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("build cache: %w", err)
	}
	return &Cache{dir: dir}, nil
}

// Dir is the cache's folder.
func (c *Cache) Dir() string { return c.dir }

// Entry returns the folder of a key, which names all that fill makes it from.
func (c *Cache) Entry(ctx context.Context, key string, fill func(dir string) error) (string, error) {
	return c.entry(ctx, key, fill)
}

// entry returns the folder of key, calling fill to make it if it is not there.
// fill writes into a folder that is renamed only once fill succeeded.
func (c *Cache) entry(ctx context.Context, key string, fill func(dir string) error) (string, error) {
	final := filepath.Join(c.dir, key)
	if exists(final) {
		return final, nil
	}
	unlock, err := c.lock(ctx, key)
	if err != nil {
		return "", err
	}
	defer unlock()
	if exists(final) { // somebody else built it while this call waited
		return final, nil
	}
	temp, err := os.MkdirTemp(c.dir, ".building-")
	if err != nil {
		return "", fmt.Errorf("build %s: %w", key, err)
	}
	defer os.RemoveAll(temp)
	if err := fill(temp); err != nil {
		return "", fmt.Errorf("build %s: %w", key, err)
	}
	if err := os.Chmod(temp, 0o755); err != nil {
		return "", fmt.Errorf("build %s: %w", key, err)
	}
	if err := os.Rename(temp, final); err != nil {
		return "", fmt.Errorf("build %s: %w", key, err)
	}
	return final, nil
}

// lock takes the file lock of key, waiting no longer than ctx allows. The
// kernel releases it when the process ends, however it ends.
func (c *Cache) lock(ctx context.Context, key string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(c.dir, key+".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", key, err)
	}
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", key, err)
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("lock %s: another build holds it: %w", key, ctx.Err())
		case <-time.After(lockPoll):
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
