package doctor

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/specguard/specguard/plugin/host"
	"github.com/specguard/specguard/plugin/ociruntime"
)

// Where the container runtimes' configuration is by default.
const (
	ContainerdConfig = "/etc/containerd/config.toml"
	CRIOConfig       = "/etc/crio/crio.conf"
)

// ConfiguredRuntime reads what runs the containers of a runtime handler from the
// container runtime's configuration, which is seen below root.
func ConfiguredRuntime(root, runtime, handler string) (ociruntime.Runtime, error) {
	if root == "" {
		return ociruntime.Runtime{}, fmt.Errorf("the host's files cannot be seen")
	}
	f := files{root: root, host: host.New(root, "")}
	var c runtimeConfig
	switch runtime {
	case containerd:
		c = readContainerd(f, ContainerdConfig)
	case crio:
		c = readCRIO(f, CRIOConfig)
	default:
		return ociruntime.Runtime{}, fmt.Errorf("%q is neither containerd nor CRI-O", runtime)
	}
	if c.err != nil {
		return ociruntime.Runtime{}, c.err
	}
	if handler == "" {
		handler = c.byDefault
	}
	out, ok := c.runtime(handler)
	if runtime == containerd && c.found && (handler == "" || handler == containerdHandler) {
		return c.builtIn(), nil
	}
	if !ok {
		return out, fmt.Errorf("%s does not name the runtime handler %q", c.path, handler)
	}
	return out, nil
}

// containerdHandler is the runtime handler that containerd has by itself, and that
// pods have which name none, unless its configuration says otherwise (containerd,
// internal/cri/config: DefaultRuntimeConfig).
const containerdHandler = "runc"

// builtIn is what runs the containers of containerd's own handler. The configuration
// goes over what is built in.
func (c *runtimeConfig) builtIn() ociruntime.Runtime {
	out, _ := c.runtime(containerdHandler)
	return ociruntime.Runtime{Shim: cmp.Or(out.Shim, "io.containerd.runc.v2"), Program: cmp.Or(out.Program, "runc")}
}

// runtime is what runs the containers of the handler, if the configuration
// says so.
func (c *runtimeConfig) runtime(handler string) (ociruntime.Runtime, bool) {
	program, ok := c.handlers[handler]
	return ociruntime.Runtime{Shim: c.shims[handler], Program: program}, ok
}

// checkHandlers tells which runtime handlers have OCI runtimes that are not
// known to run the hooks that seals are.
func checkHandlers(_ context.Context, n *Node) []Finding {
	if n.Root == "" {
		return []Finding{notSeen("runtime handlers")}
	}
	var out []Finding
	for _, r := range n.runtimes {
		out = append(out, n.handlers(&r))
	}
	return out
}

func (n *Node) handlers(r *containerRuntime) Finding {
	closed := r.component == containerd && (n.Opener == "containerd" || n.Opener == "auto")
	var untested []string
	for _, name := range slices.Sorted(maps.Keys(r.config.handlers)) {
		runtime, _ := r.config.runtime(name)
		if !runtime.Runs(closed) && !slices.Contains(n.TestedHandlers, name) {
			untested = append(untested, fmt.Sprintf("%s (%s)", name, runtime))
		}
	}
	switch {
	case r.config.err != nil:
		return problem("fix it", "%v", r.config.err)
	case len(untested) > 0:
		return warning("test that it runs the hooks and stops if one fails, and name the handler in testedHandlers of "+n.ConfigFile,
			"%s: not known to run seals (OCI hooks): %s; their containers that need a seal are refused", r.component, strings.Join(untested, ", "))
	case len(r.config.handlers) == 0:
		return ok("%s: only its own is configured", r.component)
	default:
		return ok("%s: %s", r.component, strings.Join(slices.Sorted(maps.Keys(r.config.handlers)), ", "))
	}
}
