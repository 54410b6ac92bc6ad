package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Agent returns a specguard built from the checkout, or the one that
// SPECGUARD_BIN names.
func (c *Cache) Agent(ctx context.Context) (string, error) {
	return c.own(ctx, EnvAgent, "..", "./cmd/specguard")
}

// Runtime returns a specguard-runtime built from the checkout, or the one that
// SPECGUARD_RUNTIME_BIN names.
func (c *Cache) Runtime(ctx context.Context) (string, error) {
	return c.own(ctx, EnvRuntime, "..", "./cmd/specguard-runtime")
}

// Nothing returns the NRI plugin that does nothing.
func (c *Cache) Nothing(ctx context.Context) (string, error) {
	return c.own(ctx, "", ".", "./cmd/nothing")
}

// Syscalls returns the program that makes system calls, for GOARCH arch; "" is
// this machine's.
func (c *Cache) Syscalls(ctx context.Context, arch string) (string, error) {
	return c.forArch(ctx, arch, "", ".", "./cmd/syscalls")
}

// own builds a program of this repository, once for a cache that is open: go's
// own cache makes compiling quick, but not linking. A program of an earlier
// process is never taken: a stale agent would make the tests lie.
func (c *Cache) own(ctx context.Context, env, module, pkg string, ldflags ...string) (string, error) {
	return c.forArch(ctx, "", env, module, pkg, ldflags...)
}

func (c *Cache) forArch(ctx context.Context, arch, env, module, pkg string, ldflags ...string) (string, error) {
	if path := os.Getenv(env); env != "" && path != "" {
		return filepath.Abs(path)
	}
	if dir := os.Getenv(EnvPrograms); dir != "" {
		return filepath.Join(dir, filepath.Base(pkg)), nil
	}
	root, err := Root()
	if err != nil {
		return "", err
	}
	name, environ := filepath.Base(pkg), []string{"CGO_ENABLED=0"}
	if arch != "" {
		name, environ = name+"-"+arch, append(environ, "GOARCH="+arch)
	}
	key := strings.Join(append(ldflags, name), " ")
	c.mu.Lock()
	defer c.mu.Unlock()
	if path := c.built[key]; path != "" {
		return path, nil
	}
	dir, unlock, err := c.checkout(ctx, root, ldflags...)
	if err != nil {
		return "", err
	}
	defer unlock()
	final := filepath.Join(dir, name)
	temp := final + ".new"
	_, err = goTool(ctx, filepath.Join(root, module), environ,
		"build", "-trimpath", "-tags=grpcnotrace", "-ldflags="+strings.Join(append(ldflags, "-s -w"), " "), "-o", temp, pkg)
	if err != nil {
		return "", err
	}
	if err := os.Rename(temp, final); err != nil {
		return "", err
	}
	if c.built == nil {
		c.built = make(map[string]string)
	}
	c.built[key] = final
	return final, nil
}

// checkout is the folder of the programs of one checkout, and of flags: those of
// several can be tested at once. It is locked until unlock is called.
func (c *Cache) checkout(ctx context.Context, root string, ldflags ...string) (dir string, unlock func(), err error) {
	sum := sha256.Sum256([]byte(strings.Join(append([]string{root}, ldflags...), "\x00")))
	dir = filepath.Join(c.dir, "checkout-"+hex.EncodeToString(sum[:4]))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", nil, fmt.Errorf("build cache: %w", err)
	}
	unlock, err = c.lock(ctx, filepath.Base(dir))
	return dir, unlock, err
}
