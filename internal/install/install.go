// Package install installs the OCI runtime wrapper and the runtime's drop-in on a node, and
// removes them.
//
// The node can start containers at every moment of both. What a file refers to is there
// before the file. Every file is created or removed in one rename. The runtime's own
// configuration is changed last on installation and first on removal. The runtime itself
// has checked a copy of its configuration before anything is changed.
package install

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/specguard/specguard/internal/wrapperconfig"
)

// Places on a node.
const (
	DefaultPrefix = "/usr/local/bin"
	wrapper       = "specguard-runtime"
	wrapperPrefix = "specguard-"

	// RuntimeConfig is the wrapper's configuration.
	RuntimeConfig = wrapperconfig.File
	// RuntimeConfigEnv is the environment variable that names another file.
	RuntimeConfigEnv = wrapperconfig.Variable
)

// Options say what to install, and where. Paths are the node's, except Root and Binary.
type Options struct {
	// Root is the folder with the node's files.
	Root string
	// Prefix is the folder of the wrapper; DefaultPrefix if empty.
	Prefix string
	// Binary is the wrapper to install, by this process's own path.
	Binary string
	// Runtime is auto, containerd or crio.
	Runtime string
	// Config is the runtime's main configuration file, if it is not in its default place.
	Config string
	// RuntimeConfig is the wrapper's configuration; "" is the constant.
	RuntimeConfig string
	// Handlers are the runtime handlers to wrap; none means all that can be wrapped.
	Handlers []string
	// PassNamespaces are the namespaces whose pods may run while the agent cannot be asked.
	PassNamespaces []string
}

// Plan is what to change, in this order.
type Plan struct {
	Changes []Change
	// Notes are for the operator, one line each.
	Notes []string
	// Runtime is the runtime whose configuration changes, or would if there were changes.
	Runtime string

	tree tree
}

func (p *Plan) note(format string, args ...any) {
	p.Notes = append(p.Notes, fmt.Sprintf(format, args...))
}

// Effective reports whether the runtime must read its configuration again.
func (p *Plan) Effective() bool {
	for _, c := range p.Changes {
		if c.config {
			return true
		}
	}
	return false
}

// Apply makes the changes. It stops at the first error. The node can then still start
// containers, and the Apply of a new plan completes the work.
func (p *Plan) Apply() error {
	for _, c := range p.Changes {
		if err := p.tree.apply(c); err != nil {
			return fmt.Errorf("%s: %w", c.Path, err)
		}
	}
	return nil
}

// installer makes a plan.
type installer struct {
	Options
	tree     tree
	programs programs
	plan     *Plan
}

// runtime is what differs between the container runtimes.
type runtime interface {
	// handlers returns the handlers that call an OCI runtime, as they are
	// configured without specguard.
	handlers(ctx context.Context) ([]handler, error)
	// configure returns the changes that make the handlers call their wrappers,
	// after it had the runtime check them on a copy.
	configure(ctx context.Context, handlers []handler) ([]Change, error)
}

// handler is a runtime handler of the node's runtime.
type handler struct {
	name string
	// isDefault: pods that name no handler have it.
	isDefault bool
	// binary is the OCI runtime as it is configured: a path, or a name that is
	// looked up.
	binary string
	// others are further OCI runtimes that it calls.
	others []string
	// wrappers are the paths to call in place of each.
	wrappers map[string]string
}

// New looks at the node and returns the plan of an installation. It changes nothing.
func New(ctx context.Context, o Options) (*Plan, error) {
	t, err := newTree(o.Root)
	if err != nil {
		return nil, err
	}
	return plan(ctx, o, t, chroot{t.root})
}

func plan(ctx context.Context, o Options, t tree, p programs) (*Plan, error) {
	o.setDefaults()
	i := &installer{Options: o, tree: t, programs: p, plan: &Plan{tree: t}}
	if err := i.run(ctx); err != nil {
		return nil, err
	}
	return i.plan, nil
}

func (o *Options) setDefaults() {
	if o.Prefix == "" {
		o.Prefix = DefaultPrefix
	}
	if o.RuntimeConfig == "" {
		o.RuntimeConfig = RuntimeConfig
	}
}

func (i *installer) run(ctx context.Context) error {
	if !filepath.IsAbs(i.Prefix) {
		return fmt.Errorf("prefix %s: must be an absolute path", i.Prefix)
	}
	name, err := i.choose()
	if err != nil {
		return err
	}
	i.plan.Runtime = name
	s, err := newScratch(i.tree, i.Prefix)
	if err != nil {
		return err
	}
	defer s.remove()

	rt, err := i.open(ctx, name, s)
	if err != nil {
		return err
	}
	all, err := rt.handlers(ctx)
	if err != nil {
		return err
	}
	chosen, err := i.pick(all)
	if err != nil {
		return err
	}
	wrappers, err := i.wrap(chosen)
	if err != nil {
		return err
	}
	files, err := i.wrapperFiles(ctx, s, wrappers)
	if err != nil {
		return err
	}
	config, err := rt.configure(ctx, chosen)
	if err != nil {
		return err
	}
	i.plan.Changes = slices.Concat(files, config)
	return nil
}

// pick returns the handlers to wrap.
func (i *installer) pick(all []handler) ([]handler, error) {
	var out []handler
	if len(i.Handlers) == 0 {
		for _, h := range all {
			if _, ok := i.lookup(h.binary); !ok && !h.isDefault {
				i.plan.note("runtime handler %q is not changed: its OCI runtime %s does not exist", h.name, h.binary)
				continue
			}
			out = append(out, h)
		}
		if len(out) == 0 {
			return nil, errors.New("no runtime handler calls an OCI runtime that exists")
		}
		return out, nil
	}
	for _, name := range i.Handlers {
		found := false
		for _, h := range all {
			if h.name == name && !found {
				out, found = append(out, h), true
			}
		}
		if !found {
			return nil, fmt.Errorf("no runtime handler %q that calls an OCI runtime (there are: %s)", name, names(all))
		}
	}
	for _, h := range all {
		if !slices.Contains(i.Handlers, h.name) {
			i.plan.note("runtime handler %q is not changed: the wrapper does not see its containers", h.name)
		}
	}
	return out, nil
}

func names(handlers []handler) string {
	out := make([]string, 0, len(handlers))
	for _, h := range handlers {
		out = append(out, h.name)
	}
	return strings.Join(out, ", ")
}
