package runtimeconfig

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/specguard/specguard/internal/hostfile"
	"github.com/specguard/specguard/plugin/containerruntime"
	"github.com/specguard/specguard/plugin/host"
	"github.com/specguard/specguard/plugin/ociruntime"
)

// OCIRuntime reads from the container runtime's default configuration files what
// runs the containers of a runtime handler. The host's files are mounted at root.
func OCIRuntime(root, runtime, handler string) (ociruntime.Runtime, error) {
	if root == "" {
		return ociruntime.Runtime{}, errors.New("the host's files cannot be seen")
	}
	f := hostfile.New(root, host.New(root, ""))
	var c Config
	switch runtime {
	case containerruntime.Containerd:
		c = ReadContainerd(f, ContainerdFile)
	case containerruntime.CRIO:
		c = ReadCRIO(f, CRIOFile)
	default:
		return ociruntime.Runtime{}, fmt.Errorf("%q is neither containerd nor CRI-O", runtime)
	}
	if c.Err != nil {
		return ociruntime.Runtime{}, c.Err
	}
	if handler == "" {
		handler = c.Default
	}
	if runtime == containerruntime.Containerd && c.Found && (handler == "" || handler == containerdHandler) {
		return c.builtIn(), nil
	}
	out, ok := c.Runtime(handler)
	if !ok {
		return out, fmt.Errorf("%s does not name the runtime handler %q", c.Path, handler)
	}
	return out, nil
}

// containerdHandler is the runtime handler that containerd has built in. Pods that
// name no handler have it, unless the configuration names another default (containerd,
// internal/cri/config: DefaultRuntimeConfig).
const containerdHandler = "runc"

// builtIn returns what runs the containers of containerd's own handler. The
// configuration overrides what is built in.
func (c *Config) builtIn() ociruntime.Runtime {
	out, _ := c.Runtime(containerdHandler)
	return ociruntime.Runtime{Shim: cmp.Or(out.Shim, "io.containerd.runc.v2"), Program: cmp.Or(out.Program, "runc")}
}

// Runtime returns what runs the containers of the handler. ok reports whether the
// configuration names the handler.
func (c *Config) Runtime(handler string) (out ociruntime.Runtime, ok bool) {
	program, ok := c.Handlers[handler]
	return ociruntime.Runtime{Shim: c.shims[handler], Program: program}, ok
}
