package install

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The plugins of containerd that have runtime handlers, and what calls an OCI runtime by
// its binary.
const (
	criRuntime2 = "io.containerd.cri.v1.runtime" // containerd 2
	criRuntime1 = "io.containerd.grpc.v1.cri"    // containerd 1.7
	nriPlugin   = "io.containerd.nri.v1.nri"
	runcShim    = "io.containerd.runc.v2"
)

// containerd plans for containerd.
//
// containerd 2 merges imported files table by table, so a drop-in that says
// BinaryName alone is enough, and later edits of the other settings hold.
// containerd 1.7 replaces a plugin's whole section by that of the file that is
// read last: a drop-in would have to repeat the section, and the operator's
// later edits would silently have no effect. There BinaryName is edited where
// it is.
type containerd struct {
	*installer
	paths   containerdPaths
	scratch scratch
	program string
	major   int
	// files are what is there without the drop-in, originals the same without
	// our edits, before what they make. created is a main file that is ours
	// alone, and none of them.
	files, originals []configFile
	created          []byte
	before           table
	// version is the main file's.
	version int64
}

func newContainerd(ctx context.Context, i *installer, s scratch, program string) (*containerd, error) {
	c := &containerd{installer: i, paths: newContainerdPaths(i.Config), scratch: s, program: program, version: 3}
	out, err := i.programs.run(ctx, nil, program, "--version")
	if err != nil {
		return nil, err
	}
	m := regexp.MustCompile(`\sv?(\d+)\.\d+\.\d+`).FindSubmatch(out)
	if m == nil {
		return nil, fmt.Errorf("%s --version prints no version", program)
	}
	c.major, _ = strconv.Atoi(string(m[1])) // digits
	if c.major != 1 && c.major != 2 {
		return nil, fmt.Errorf("containerd %d is not known to specguard", c.major)
	}
	if c.files, err = c.paths.load(i.tree, overlay{c.paths.dropIn: nil}); err != nil {
		return nil, err
	}
	c.originals = c.paths.originals(c.files)
	if len(c.files) > 0 && isOurs(c.files[0].data, c.originals[0].data) {
		c.created, c.files, c.originals = c.files[0].data, nil, nil
	}
	if len(c.files) > 0 {
		main, err := parse(c.paths.main, c.files[0].data)
		if err != nil {
			return nil, err
		}
		if c.version, _ = main["version"].(int64); c.version < 2 {
			return nil, fmt.Errorf("%s has version 1, which is not supported: it needs version = 2 or later", c.paths.main)
		}
	}
	return c, nil
}

// section is the plugin that has the runtime handlers.
func (c *containerd) section() string {
	if c.major == 1 {
		return criRuntime1
	}
	return criRuntime2
}

func (c *containerd) handlers(ctx context.Context) ([]handler, error) {
	var err error
	if c.before, err = c.dump(ctx, c.originals); err != nil {
		return nil, err
	}
	if off, _ := dig(c.before, "plugins", nriPlugin)["disable"].(bool); off {
		c.plan.note("NRI is off in containerd's configuration: the agent needs disable = false under plugins.%q", nriPlugin)
	}
	cri := dig(c.before, "plugins", c.section(), "containerd")
	for _, old := range []string{"default_runtime", "untrusted_workload_runtime"} {
		if shim, _ := dig(cri, old)["runtime_type"].(string); shim != "" {
			return nil, fmt.Errorf("containerd's configuration has the old table %s: make it a table of runtimes", old)
		}
	}
	runtimes := dig(cri, "runtimes")
	var out []handler
	for _, name := range slices.Sorted(maps.Keys(runtimes)) {
		if shim, _ := dig(runtimes, name)["runtime_type"].(string); shim != runcShim {
			c.plan.note("runtime handler %q (%s) does not call an OCI runtime by its binary; it is not changed", name, shim)
			continue
		}
		binary, _ := dig(runtimes, name, "options")["BinaryName"].(string)
		if binary == "" {
			binary = "runc"
		}
		out = append(out, handler{name: name, isDefault: cri["default_runtime_name"] == name, binary: binary})
	}
	return out, nil
}

func (c *containerd) configure(ctx context.Context, handlers []handler) ([]Change, error) {
	if c.major == 1 {
		return c.editInPlace(ctx, handlers)
	}
	return c.addDropIn(ctx, handlers)
}

// addDropIn writes the drop-in and has the main file import it. The drop-in has
// the version of the main file: before 2.3, containerd took the version of the
// file that it read last for that of all.
func (c *containerd) addDropIn(ctx context.Context, handlers []handler) ([]Change, error) {
	runtimes := table{}
	for _, h := range handlers {
		runtimes[h.name] = nest(h.wrappers[h.binary], "options", "BinaryName")
	}
	version, section := min(c.version, 3), criRuntime2
	if version == 2 {
		section = criRuntime1
	}
	body, err := render(nest(runtimes, "plugins", section, "containerd", "runtimes"))
	if err != nil {
		return nil, err
	}
	head := fmt.Sprintf("# Written by specguard install; specguard uninstall removes it.\nversion = %d\n\n", version)
	dropIn := slices.Concat([]byte(head), body)

	var out []Change
	if change, ok := c.file(c.paths.dropIn, dropIn, 0o644); ok {
		change.config = true
		out = append(out, change)
	}
	edited, err := c.importDropIn(dropIn)
	if err != nil {
		return nil, err
	}
	o := overlay{c.paths.dropIn: dropIn}
	if edited != nil {
		o[edited.Path] = edited.After
		out = append(out, *edited)
	}
	return out, c.check(ctx, handlers, o)
}

// importDropIn returns the change of the main file, or nil if some file
// imports the drop-in already.
func (c *containerd) importDropIn(dropIn []byte) (*Change, error) {
	if len(c.files) == 0 {
		text := "version = 3\nimports = [" + c.paths.importsElement() + "]\n"
		change, ok := c.file(c.paths.main, []byte(createdHead+added(text)), 0o644)
		if change.config = true; !ok {
			return nil, nil
		}
		return &change, nil
	}
	files, err := c.paths.load(c.tree, overlay{c.paths.dropIn: dropIn})
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(files, func(f configFile) bool { return f.path == c.paths.dropIn }) {
		return nil, nil
	}
	main := c.files[0]
	after, err := addImport(main.path, main.data, c.paths.importsElement())
	if err != nil {
		return nil, err
	}
	change, err := c.tree.replace(main.path, main.data, after)
	return &change, err
}

// editInPlace edits the file whose section of the CRI plugin holds.
func (c *containerd) editInPlace(ctx context.Context, handlers []handler) ([]Change, error) {
	change := Change{Path: c.paths.main, Before: c.created, mode: 0o644, config: true}
	after := []byte(createdHead + added("version = 2\n"))
	if len(c.files) > 0 {
		n, err := c.lastWithSection()
		if err != nil {
			return nil, err
		}
		if change, err = c.tree.replace(c.files[n].path, c.files[n].data, nil); err != nil {
			return nil, err
		}
		after = c.originals[n].data
	}
	var err error
	for _, h := range handlers {
		path := []string{"plugins", c.section(), "containerd", "runtimes", h.name}
		if after, err = setBinaryName(change.Path, after, path, dig(c.before, path...), h.wrappers[h.binary]); err != nil {
			return nil, err
		}
	}
	if err := c.check(ctx, handlers, overlay{change.Path: after}); err != nil {
		return nil, err
	}
	if bytes.Equal(after, change.Before) {
		return nil, nil
	}
	change.After = after
	return []Change{change}, nil
}

// lastWithSection is the file that is read last of those that have the section.
func (c *containerd) lastWithSection() (int, error) {
	last := 0
	for n, f := range c.originals {
		t, err := parse(f.path, f.data)
		if err != nil {
			return 0, err
		}
		if dig(t, "plugins", c.section()) != nil {
			last = n
		}
	}
	return last, nil
}

// check has containerd read the configuration as it will be: nothing but the
// handlers' BinaryName may have changed.
func (c *containerd) check(ctx context.Context, handlers []handler, o overlay) error {
	files, err := c.paths.load(c.tree, o)
	if err != nil {
		return err
	}
	after, err := c.dump(ctx, files)
	if err != nil {
		return err
	}
	found := differences(c.before, after)
	for _, h := range handlers {
		key := strings.Join([]string{"plugins", c.section(), "containerd", "runtimes", h.name, "options", "BinaryName"}, pathSeparator)
		have, ok := found[key]
		if want := h.wrappers[h.binary]; have != want && (ok || want != h.binary) {
			return fmt.Errorf("runtime handler %q would not call %s: another file of containerd's configuration overrides it", h.name, want)
		}
		delete(found, key)
	}
	if len(found) > 0 {
		key := slices.Sorted(maps.Keys(found))[0]
		return errors.New("the change would also change " + strings.ReplaceAll(key, pathSeparator, "."))
	}
	return nil
}
