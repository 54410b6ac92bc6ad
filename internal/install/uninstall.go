package install

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// UninstallOptions say what to remove. Paths are the node's, except Root.
type UninstallOptions struct {
	// Root, Prefix, Config and RuntimeConfig are as in Options. Runtime is
	// containerd, crio, or auto for both.
	Root, Prefix, Runtime, Config, RuntimeConfig string
	// Purge removes the wrapper's configuration too, with the wrapper.
	Purge bool
}

// Removal is a Plan that removes what was installed.
type Removal struct {
	Plan
	// Kept says why the wrapper stays, one line each. A later uninstall removes it.
	Kept []string
}

// Uninstall looks at the node and returns the plan of the removal. It changes nothing.
//
// The runtime's configuration goes first. The wrapper goes only when nothing calls it any
// more: a runtime uses the configuration with which it started, and a container the one
// with which it was created.
func Uninstall(o UninstallOptions) (*Removal, error) {
	t, err := newTree(o.Root)
	if err != nil {
		return nil, err
	}
	return removal(o, t)
}

func removal(o UninstallOptions, t tree) (*Removal, error) {
	base := Options{Prefix: o.Prefix, RuntimeConfig: o.RuntimeConfig}
	base.setDefaults()
	u := &uninstaller{Options: base, tree: t, out: &Removal{Plan: Plan{tree: t}}}
	switch {
	case o.Runtime != "auto" && o.Runtime != "containerd" && o.Runtime != "crio":
		return nil, fmt.Errorf("runtime %q is not one of auto, containerd, crio", o.Runtime)
	case o.Runtime == "auto" && o.Config != "":
		return nil, errWhose
	}
	if o.Runtime != "crio" {
		if err := u.containerd(newContainerdPaths(o.Config)); err != nil {
			return nil, err
		}
	}
	if o.Runtime != "containerd" {
		if err := u.crio(newCRIOPaths(o.Config)); err != nil {
			return nil, err
		}
	}
	if err := u.wrapper(o.Purge); err != nil {
		return nil, err
	}
	return u.out, nil
}

type uninstaller struct {
	Options
	tree tree
	out  *Removal
}

// containerd takes back the drop-in, then the edits.
func (u *uninstaller) containerd(p containerdPaths) error {
	changed, err := u.dropIn(p.dropIn)
	if err != nil {
		return err
	}
	files, err := p.load(u.tree, overlay{p.dropIn: nil})
	if err != nil {
		return err
	}
	originals := p.originals(files)
	for n, f := range files {
		if bytes.Equal(f.data, originals[n].data) {
			continue
		}
		changed = true
		c, err := u.tree.replace(f.path, f.data, originals[n].data)
		if err != nil {
			return err
		}
		if isOurs(f.data, c.After) {
			c.After = nil
		}
		u.out.Changes = append(u.out.Changes, c)
	}
	u.keepWhile("containerd", changed, originals, containerdDaemon(p, originals))
	return nil
}

func (u *uninstaller) crio(p crioPaths) error {
	changed, err := u.dropIn(p.dropIn)
	if err != nil {
		return err
	}
	files, err := p.load(u.tree, overlay{p.dropIn: nil})
	if err != nil {
		return err
	}
	u.keepWhile("crio", changed, files, crioDaemon(p, files))
	return nil
}

// dropIn removes a drop-in, and reports whether there was one.
func (u *uninstaller) dropIn(p string) (bool, error) {
	data, err := u.tree.read(p)
	if isNotExist(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	u.out.Changes = append(u.out.Changes, Change{Path: p, Before: data, config: true})
	return true, nil
}

// keepWhile keeps the wrapper while a runtime's files, the runtime itself or
// its containers call it.
func (u *uninstaller) keepWhile(runtime string, changed bool, files []configFile, d daemon) {
	if changed {
		u.out.Runtime = runtime
	}
	for _, f := range files {
		if name, ok := u.calls(f); ok {
			u.keep("%s still names %s", f.path, name)
		}
	}
	switch running := u.tree.runs(d); {
	case running && changed:
		u.keep("%s runs by the configuration that it started with: restart it", runtime)
	case running && u.tree.outdated(d) && u.installed():
		u.keep("%s has not been restarted since its configuration changed: restart it", runtime)
	}
	if n := u.containers(d); n == 1 {
		u.keep("1 container or pod of %s was made with it and still runs", runtime)
	} else if n > 1 {
		u.keep("%d containers and pods of %s were made with it and still run", n, runtime)
	}
}

func (u *uninstaller) keep(format string, args ...any) {
	u.out.Kept = append(u.out.Kept, fmt.Sprintf(format, args...))
}

// calls reports whether a file names the wrapper as an OCI runtime.
func (u *uninstaller) calls(f configFile) (string, bool) {
	t, err := parse(f.path, f.data)
	if err != nil {
		return f.path, true // that cannot be found out
	}
	for _, value := range flat(t) {
		if s, ok := value.(string); ok && u.isWrapper(s) {
			return s, true
		}
	}
	return "", false
}

// installed reports whether the wrapper is there.
func (u *uninstaller) installed() bool {
	_, err := u.tree.lstat(filepath.Join(u.Prefix, wrapper))
	return err == nil
}

// wrapper removes the wrapper, unless it is kept.
func (u *uninstaller) wrapper(purge bool) error {
	links, err := u.tree.links(u.Prefix, wrapper)
	if err != nil {
		return err
	}
	paths := slices.DeleteFunc(links, func(p string) bool {
		return !strings.HasPrefix(filepath.Base(p), wrapperPrefix)
	})
	paths = append(paths, filepath.Join(u.Prefix, wrapper))
	if purge {
		paths = append(paths, u.RuntimeConfig)
	}
	paths = slices.DeleteFunc(paths, func(p string) bool {
		_, err := u.tree.lstat(p)
		return err != nil
	})
	if len(paths) == 0 || !u.installed() && !purge {
		u.out.Kept = nil
	}
	if len(u.out.Kept) > 0 {
		return nil
	}
	for _, p := range paths {
		c := Change{Path: p, Binary: p != u.RuntimeConfig}
		if !c.Binary {
			if c.Before, err = u.tree.read(p); err != nil {
				return err
			}
		}
		u.out.Changes = append(u.out.Changes, c)
	}
	return nil
}
