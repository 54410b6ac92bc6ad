package install

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

func isNotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// wrapperFiles returns the changes that put the wrapper in place under all its
// names, once it has run under each.
func (i *installer) wrapperFiles(ctx context.Context, s scratch, w wrapping) ([]Change, error) {
	binary, err := os.ReadFile(i.Binary)
	if err != nil {
		return nil, fmt.Errorf("the wrapper: %w", err)
	}
	var config []byte
	if w.exists {
		config, err = i.tree.read(i.RuntimeConfig)
	} else {
		config, err = w.render(i.PassNamespaces)
	}
	if err != nil {
		return nil, err
	}
	if err := i.tryWrapper(ctx, s, w, binary, config); err != nil {
		return nil, err
	}

	var out []Change
	main := filepath.Join(i.Prefix, wrapper)
	if c, ok := i.file(main, binary, 0o755); ok {
		c.Binary = true
		out = append(out, c)
	}
	for _, name := range slices.Sorted(maps.Keys(w.real)) {
		if name == wrapper {
			continue
		}
		if c, ok := i.link(filepath.Join(i.Prefix, name)); ok {
			out = append(out, c)
		}
	}
	if !w.exists {
		c, _ := i.file(i.RuntimeConfig, config, 0o644)
		out = append(out, c)
	}
	return out, nil
}

// tryWrapper runs the wrapper from a scratch folder: it must answer under each
// of its names as the real runtime does.
func (i *installer) tryWrapper(ctx context.Context, s scratch, w wrapping, binary, config []byte) error {
	settings, err := s.write("runtime.yaml", config, 0o600)
	if err != nil {
		return fmt.Errorf("try the wrapper: %w", err)
	}
	if _, err := s.write(wrapper, binary, 0o700); err != nil {
		return fmt.Errorf("try the wrapper: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(w.real)) {
		if name != wrapper {
			if err := os.Symlink(wrapper, filepath.Join(s.here, name)); err != nil {
				return fmt.Errorf("try the wrapper: %w", err)
			}
		}
		real, _ := i.realOf(w, name)
		if !w.exists {
			real = w.real[name]
		}
		want, err := i.programs.run(ctx, nil, real, "--version")
		if err != nil {
			return fmt.Errorf("the OCI runtime does not run: %w", err)
		}
		got, err := i.programs.run(ctx, []string{RuntimeConfigEnv + "=" + settings}, filepath.Join(s.node, name), "--version")
		if err != nil {
			return fmt.Errorf("%s does not run: %w", i.Binary, err)
		}
		if !bytes.Equal(got, want) {
			return fmt.Errorf("%s, as %s, does not pass --version through to %s", i.Binary, name, real)
		}
	}
	return nil
}

// file returns the change that makes a file be so, if it is not already.
func (i *installer) file(p string, data []byte, mode fs.FileMode) (Change, bool) {
	c := Change{Path: p, After: data, mode: mode}
	if info, err := i.tree.lstat(p); err == nil && info.Mode().IsRegular() {
		if before, err := i.tree.read(p); err == nil {
			if bytes.Equal(before, data) && info.Mode().Perm() == mode {
				return c, false
			}
			c.Before = append([]byte{}, before...) // not nil
		}
	}
	return c, true
}

// link returns the change that makes a file a symlink to the wrapper beside it,
// if it is not already.
func (i *installer) link(p string) (Change, bool) {
	if full, err := i.tree.at(p); err == nil {
		if to, err := os.Readlink(full); err == nil && to == wrapper {
			return Change{}, false
		}
	}
	return Change{Path: p, Target: wrapper}, true
}
