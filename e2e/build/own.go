package build

import (
	"context"
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

// own builds a program of this repository. It is compiled on every call: go's
// own cache makes that quick, and a stale agent would make the tests lie.
func (c *Cache) own(ctx context.Context, env, module, pkg string, ldflags ...string) (string, error) {
	return c.forArch(ctx, "", env, module, pkg, ldflags...)
}

func (c *Cache) forArch(ctx context.Context, arch, env, module, pkg string, ldflags ...string) (string, error) {
	if path := os.Getenv(env); env != "" && path != "" {
		return filepath.Abs(path)
	}
	root, err := Root()
	if err != nil {
		return "", err
	}
	name, environ := filepath.Base(pkg), []string{"CGO_ENABLED=0"}
	if arch != "" {
		name, environ = name+"-"+arch, append(environ, "GOARCH="+arch)
	}
	unlock, err := c.lock(ctx, name)
	if err != nil {
		return "", err
	}
	defer unlock()
	final := filepath.Join(c.dir, name)
	temp := final + ".new"
	_, err = goTool(ctx, filepath.Join(root, module), environ,
		"build", "-trimpath", "-tags=grpcnotrace", "-ldflags="+strings.Join(append(ldflags, "-s -w"), " "), "-o", temp, pkg)
	if err != nil {
		return "", err
	}
	if err := os.Rename(temp, final); err != nil {
		return "", err
	}
	return final, nil
}
