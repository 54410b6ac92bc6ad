package build

import (
	"context"
	"path/filepath"
)

// Away builds the programs of this repository that tests need, for a machine
// that has no Go, and whose cache, in another folder, holds the container
// runtimes: it gets these programs in one folder that SPECGUARD_E2E_PROGRAMS
// names. They are given by name.
func (c *Cache) Away(ctx context.Context, cache string) (map[string]string, error) {
	programs := map[string]string{}
	for name, build := range map[string]func(context.Context) (string, error){
		"specguard":         c.Agent,
		"specguard-runtime": c.Runtime,
		"pinns":             func(ctx context.Context) (string, error) { return c.own(ctx, "", ".", "./cmd/pinns") },
		"fitrunc": func(ctx context.Context) (string, error) {
			return c.fitrunc(ctx, filepath.Join(cache, "runc-"+RuncVersion, "runc"))
		},
	} {
		program, err := build(ctx)
		if err != nil {
			return nil, err
		}
		programs[name] = program
	}
	return programs, nil
}

// Tests returns the tests of a package of the e2e module as a program.
func (c *Cache) Tests(ctx context.Context, pkg string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	dir, unlock, err := c.checkout(ctx, root)
	if err != nil {
		return "", err
	}
	defer unlock()
	program := filepath.Join(dir, filepath.Base(filepath.Join(root, pkg))+".test")
	_, err = goTool(ctx, root, []string{"CGO_ENABLED=0"}, "test", "-c", "-trimpath", "-ldflags=-s -w", "-o", program, pkg)
	return program, err
}
