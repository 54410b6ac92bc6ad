package install

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// dump has CRI-O read copies of files, and gives the configuration that it
// makes of them: what differs from its defaults.
func (c *crio) dump(ctx context.Context, files []configFile) (table, error) {
	folder := "crio-" + strconv.Itoa(len(files))
	main := ""
	for n, f := range files {
		name := filepath.Join(folder, "conf.d", fmt.Sprintf("%03d.conf", n))
		if f.path == c.paths.main {
			name = filepath.Join(folder, "crio.conf")
		}
		p, err := c.scratch.write(name, f.data, 0o600)
		if err != nil {
			return nil, fmt.Errorf("copy CRI-O's configuration: %w", err)
		}
		if f.path == c.paths.main {
			main = p
		}
	}
	out, err := c.programs.run(ctx, nil, c.program,
		"--config", main, "--config-dir", filepath.Join(c.scratch.node, folder, "conf.d"), "config")
	if err != nil {
		return nil, fmt.Errorf("CRI-O cannot read its configuration: %w", err)
	}
	return parse("crio config", out)
}

// compareDumps wants nothing to differ but the wrapped handlers' runtime paths
// and, where it was off, NRI.
func compareDumps(before, after, wrapped table) error {
	for name := range wrapped {
		have, want := dig(after, runtimesPath()...), dig(wrapped, name)
		if got, _ := dig(have, name)["runtime_path"].(string); got != want["runtime_path"] {
			return fmt.Errorf("in CRI-O, runtime handler %q would call %q", name, got)
		}
	}
	// Handlers as CRI-O has them by default are comments in what it prints;
	// the files were compared.
	for _, t := range []table{before, after} {
		delete(dig(t, "crio", "runtime"), "runtimes")
		delete(dig(t, "crio", "nri"), "enable_nri")
	}
	for key := range differences(before, after) {
		return fmt.Errorf("the change would also change %s", strings.ReplaceAll(key, pathSeparator, "."))
	}
	return nil
}
