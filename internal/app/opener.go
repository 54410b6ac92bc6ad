package app

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/specguard/specguard/internal/runtimeconfig"
	"github.com/specguard/specguard/internal/wrapperconfig"
	"github.com/specguard/specguard/plugin/containerruntime"
	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/ociruntime"
)

const (
	openerAuto       = "auto"
	openerContainerd = "containerd"
	openerRuntime    = "runtime"
	openerVerify     = "verify"
)

func openers() []string { return []string{openerAuto, openerContainerd, openerRuntime, openerVerify} }

// Openers returns the configured opener, or with auto the one that fits the runtime. For
// containerd, that is its store; but it is the wrapper if that is installed on the host and
// the socket of the store is not visible. For other runtimes, it is the wrapper if that is
// installed; if not, the seal's hook verifies. A wrong guess is safe: the container then
// does not start.
func (c *Config) Openers(store judge.SpecStore) judge.Openers {
	return func(runtime string) (judge.Opener, error) {
		switch {
		case c.Opener == openerContainerd && runtime != containerruntime.Containerd:
			return nil, errors.New("opener containerd is for containerd only")
		case c.Opener == openerContainerd:
			return judge.InStore{Specs: store}, nil
		case c.Opener == openerRuntime:
			return judge.ByWrapper{Program: c.HookPath}, nil
		case c.Opener == openerVerify:
			return judge.ByHook{Program: c.HookPath}, nil
		case runtime == containerruntime.Containerd && (IsSocket(c.ContainerdSocket) || !c.hasWrapper(runtime)):
			return judge.InStore{Specs: store}, nil
		case c.RuntimeSocket == "":
			return nil, errors.New("no runtime socket is configured for the OCI runtime wrapper")
		case c.hasWrapper(runtime):
			return judge.ByWrapper{Program: c.HookPath}, nil
		default:
			return judge.ByHook{Program: c.HookPath}, nil
		}
	}
}

// handlers say what runs containers.
func (c *Config) handlers() judge.Handlers {
	return judge.Handlers{
		Tested: c.TestedHandlers,
		Configured: func(runtime, handler string) (ociruntime.Runtime, error) {
			return runtimeconfig.OCIRuntime(c.Host.Root, runtime, handler)
		},
	}
}

// hasWrapper reports whether the host is seen to have the OCI runtime wrapper
// installed as the runtime's.
func (c *Config) hasWrapper(runtime string) bool {
	return c.Host.Root != "" && exists(c.OnHost(wrapperconfig.File)) && exists(c.OnHost(c.HookPath)) &&
		(runtime == containerruntime.Containerd || exists(c.OnHost(wrapperconfig.CRIODropIn)))
}

// OnHost returns the place at which the agent sees a path of the host.
func (c *Config) OnHost(path string) string { return filepath.Join(c.Host.Root, path) }

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// IsSocket reports whether the path is a socket.
func IsSocket(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&os.ModeSocket != 0
}
