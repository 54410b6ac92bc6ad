package install

import (
	"context"
	"fmt"
	"path/filepath"
)

// dump has containerd read copies of files, in their order, and gives the
// configuration that it makes of them.
func (c *containerd) dump(ctx context.Context, files []configFile) (table, error) {
	args := []string{"config", "default"}
	if len(files) > 0 {
		main, err := c.copies(files)
		if err != nil {
			return nil, fmt.Errorf("copy containerd's configuration: %w", err)
		}
		args = []string{"--config", main, "config", "dump"}
	}
	out, err := c.programs.run(ctx, nil, c.program, args...)
	if err != nil {
		return nil, fmt.Errorf("containerd cannot read its configuration: %w", err)
	}
	t, err := parse("containerd config dump", out)
	if err != nil {
		return nil, err
	}
	delete(t, "imports") // the copies have other names
	return t, nil
}

// copies writes the files without their imports, and a main file that imports
// them one after the other.
func (c *containerd) copies(files []configFile) (string, error) {
	var imports []string
	for n, f := range files {
		data, err := cutImports(f.path, f.data)
		if err != nil {
			return "", err
		}
		p, err := c.scratch.write(fmt.Sprintf("%03d.toml", n), data, 0o600)
		if err != nil {
			return "", err
		}
		imports = append(imports, p)
	}
	first, err := parse(files[0].path, files[0].data)
	if err != nil {
		return "", err
	}
	version := first["version"]
	if version == nil { // an edit in a file that was ours
		version = int64(2)
	}
	main, err := render(table{"version": version, "imports": imports})
	if err != nil {
		return "", err
	}
	p, err := c.scratch.write("main.toml", main, 0o600)
	return filepath.Clean(p), err
}
