package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/specguard/specguard/plugin"
	"github.com/specguard/specguard/plugin/runtimeconfig"
)

const (
	openerAuto       = "auto"
	openerContainerd = "containerd"
	openerRuntime    = "runtime"
	openerVerify     = "verify"
)

func openers() []string { return []string{openerAuto, openerContainerd, openerRuntime, openerVerify} }

// openers picks the opener that is configured, or the one that fits the
// runtime: containerd's specs can be written through its socket. For any other
// runtime, and for containerd without its socket, the wrapper opens where it is
// seen to be installed. Else the seal's hook verifies. Neither is a risk: the
// seal is the same, and a hook that is not on the host is a container that does
// not start.
func (c *config) openers(store plugin.SpecStore) plugin.Openers {
	return func(runtime string) (plugin.Opener, error) {
		switch {
		case c.Opener == openerContainerd && runtime != openerContainerd:
			return nil, errors.New("opener containerd is for containerd only")
		case c.Opener == openerContainerd:
			return plugin.InStore{Specs: store}, nil
		case c.Opener == openerRuntime:
			return plugin.ByWrapper{Program: c.HookPath}, nil
		case c.Opener == openerVerify:
			return plugin.ByHook{Program: c.HookPath}, nil
		case runtime == openerContainerd && (isSocket(c.ContainerdSocket) || !c.hasWrapper()):
			return plugin.InStore{Specs: store}, nil
		case c.RuntimeSocket == "":
			return nil, errors.New("no runtime socket is configured for the OCI runtime wrapper")
		case c.hasWrapper():
			return plugin.ByWrapper{Program: c.HookPath}, nil
		default:
			return plugin.ByHook{Program: c.HookPath}, nil
		}
	}
}

// hasWrapper tells whether the host is seen to have the OCI runtime wrapper
// installed.
func (c *config) hasWrapper() bool {
	return c.Host.Root != "" && exists(c.onHost(runtimeconfig.File)) && exists(c.onHost(c.HookPath))
}

// onHost is where the agent sees a path of the host.
func (c *config) onHost(path string) string { return filepath.Join(c.Host.Root, path) }

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func isSocket(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&os.ModeSocket != 0
}
