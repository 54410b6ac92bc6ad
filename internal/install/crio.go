package install

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
)

// runtimesPath is where CRI-O's configuration has the runtime handlers.
func runtimesPath() []string { return []string{"crio", "runtime", "runtimes"} }

// crio plans for CRI-O.
//
// A handler's table in a drop-in replaces the one of the files before it (the
// TOML library fills a new value for each key of a map), so the drop-in repeats
// every setting of the handlers that it changes.
type crio struct {
	*installer
	paths   crioPaths
	scratch scratch
	program string
	files   []configFile
	before  crioConfiguration
}

func newCRIO(i *installer, s scratch, program string) *crio {
	return &crio{installer: i, paths: newCRIOPaths(i.Config), scratch: s, program: program}
}

// crioConfiguration is what CRI-O makes of its files, of what matters here.
type crioConfiguration struct {
	// handlers by name, with all that was set.
	handlers       table
	defaultHandler string
	nri            bool
}

// read merges the files over CRI-O's own defaults.
func (c *crio) read(ctx context.Context, files []configFile) (crioConfiguration, error) {
	out, err := c.programs.run(ctx, nil, c.program, "config", "--default")
	if err != nil {
		return crioConfiguration{}, err
	}
	merged := crioConfiguration{handlers: table{}}
	defaults := configFile{path: "crio config --default", data: out}
	for _, f := range append([]configFile{defaults}, files...) {
		t, err := parse(f.path, f.data)
		if err != nil {
			return merged, err
		}
		maps.Copy(merged.handlers, dig(t, runtimesPath()...))
		if name, ok := dig(t, "crio", "runtime")["default_runtime"].(string); ok {
			merged.defaultHandler = name
		}
		if nri, ok := dig(t, "crio", "nri")["enable_nri"].(bool); ok {
			merged.nri = nri
		}
	}
	return merged, nil
}

func (c *crio) handlers(ctx context.Context) ([]handler, error) {
	var err error
	if c.files, err = c.paths.load(c.tree, overlay{c.paths.dropIn: nil}); err != nil {
		return nil, err
	}
	if c.before, err = c.read(ctx, c.files); err != nil {
		return nil, err
	}
	var out []handler
	for _, name := range slices.Sorted(maps.Keys(c.before.handlers)) {
		t := dig(c.before.handlers, name)
		kind, _ := t["runtime_type"].(string)
		if kind != "" && kind != "oci" {
			c.plan.note("runtime handler %q (runtime_type %s) does not call an OCI runtime by its binary; it is not changed", name, kind)
			continue
		}
		if inherits, _ := t["inherit_default_runtime"].(bool); inherits {
			continue // it gets the default handler's wrapper
		}
		h := handler{name: name, isDefault: name == c.before.defaultHandler, binary: name}
		if binary, _ := t["runtime_path"].(string); binary != "" {
			h.binary = binary
		}
		for _, other := range dig(t, "platform_runtime_paths") {
			if binary, ok := other.(string); ok {
				h.others = append(h.others, binary)
			}
		}
		slices.Sort(h.others)
		out = append(out, h)
	}
	return out, nil
}

func (c *crio) configure(ctx context.Context, handlers []handler) ([]Change, error) {
	wrapped := table{}
	for _, h := range handlers {
		t := maps.Clone(dig(c.before.handlers, h.name))
		t["runtime_path"] = h.wrappers[h.binary]
		if others := dig(t, "platform_runtime_paths"); others != nil {
			paths := table{}
			for platform, other := range others {
				if binary, ok := other.(string); ok {
					paths[platform] = h.wrappers[binary]
				}
			}
			t["platform_runtime_paths"] = paths
		}
		wrapped[h.name] = t
	}
	drop := nest(wrapped, runtimesPath()...)
	if !c.before.nri {
		dig(drop, "crio")["nri"] = table{"enable_nri": true}
	}
	body, err := render(drop)
	if err != nil {
		return nil, err
	}
	dropIn := slices.Concat([]byte(crioHead), body)
	if err := c.check(ctx, wrapped, dropIn); err != nil {
		return nil, err
	}
	change, ok := c.file(c.paths.dropIn, dropIn, 0o644)
	if !ok {
		return nil, nil
	}
	change.config = true
	change.stage = filepath.Dir(dropInFolder(c.paths.main)) // CRI-O reads every file of the folder
	return []Change{change}, nil
}

const crioHead = `# Written by specguard install; specguard uninstall removes it.
# CRI-O takes a handler as a whole from the last file that has it: after a change
# of one of these handlers elsewhere, run specguard install again.

`

// check has CRI-O read the configuration as it will be, and compares.
func (c *crio) check(ctx context.Context, wrapped table, dropIn []byte) error {
	files, err := c.paths.load(c.tree, overlay{c.paths.dropIn: dropIn})
	if err != nil {
		return err
	}
	after, err := c.read(ctx, files)
	if err != nil {
		return err
	}
	want := maps.Clone(c.before.handlers)
	maps.Copy(want, wrapped)
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !sameTable(dig(after.handlers, name), dig(want, name)) {
			return fmt.Errorf("runtime handler %q is overridden by another file, which is read after %s", name, c.paths.dropIn)
		}
	}
	if after.defaultHandler != c.before.defaultHandler || !after.nri {
		return fmt.Errorf("a file that is read after %s changes the default runtime or turns NRI off", c.paths.dropIn)
	}
	before, err := c.dump(ctx, c.files)
	if err != nil {
		return err
	}
	dumped, err := c.dump(ctx, files)
	if err != nil {
		return err
	}
	return compareDumps(before, dumped, wrapped)
}

func sameTable(a, b table) bool { return reflect.DeepEqual(flat(a), flat(b)) }
