package app

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"github.com/specguard/specguard/internal/strict"
	"github.com/specguard/specguard/internal/wrapperconfig"
	"github.com/specguard/specguard/plugin/host"
	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/recordsize"
	"github.com/specguard/specguard/plugin/wrapperapi"
	"github.com/specguard/specguard/policy"
)

// Config is the agent's configuration: the file, with flags overriding it.
type Config struct {
	PolicyDir string     `yaml:"policyDir"`
	NRI       NRIConfig  `yaml:"nri"`
	Opener    string     `yaml:"opener"`
	HTTP      string     `yaml:"http"`
	Log       LogConfig  `yaml:"log"`
	Host      HostConfig `yaml:"host"`

	// DecisionLog receives a JSON line per decision: a file, "-" for standard output, "" for
	// none. AuditLog is its earlier name.
	DecisionLog string `yaml:"decisionLog"`
	AuditLog    string `yaml:"auditLog"`

	// BuiltinPolicy is in force while PolicyDir has no policies.
	BuiltinPolicy policy.Builtin `yaml:"builtinPolicy"`

	// Existing says what to do about containers that existed before the agent connected.
	Existing judge.ExistingAction `yaml:"existing"`

	// MaxContainerSize limits the size of a container's record in NRI: environment,
	// arguments, labels, annotations, mounts.
	MaxContainerSize MaxContainerSize `yaml:"maxContainerSize"`

	// TestedHandlers are the runtime handlers whose OCI runtimes the operator has tested:
	// they run the hooks of seals.
	TestedHandlers []string `yaml:"testedHandlers"`

	ContainerdSocket string `yaml:"containerdSocket"`

	// CRISocket is CRI-O's socket, to list and stop containers.
	CRISocket string `yaml:"criSocket"`

	// RuntimeSocket is the socket on which the OCI runtime wrapper and the seal's hook ask
	// the agent; "" for none. HookPath is the seal's hook, by the host's path.
	RuntimeSocket string `yaml:"runtimeSocket"`
	HookPath      string `yaml:"hookPath"`
}

// NRIConfig says how the agent registers with NRI.
type NRIConfig struct {
	Socket string `yaml:"socket"`
	Name   string `yaml:"name"`
	Index  string `yaml:"index"`
}

// LogConfig configures the agent's log. File is "" for standard error.
type LogConfig struct {
	Level  string `yaml:"level"`
	Format string `yaml:"format"`
	File   string `yaml:"file"`
}

// HostConfig says where the agent sees the node's files. SeccompDir is the folder of
// seccomp profiles; "" for the folder seccomp in KubeletDir. RuntimeDirs are the folders of
// the container runtime. Bundles are patterns of the containers' config.json. All are the
// host's paths.
type HostConfig struct {
	Root        string   `yaml:"root"`
	KubeletDir  string   `yaml:"kubeletDir"`
	SeccompDir  string   `yaml:"seccompDir"`
	RuntimeDirs []string `yaml:"runtimeDirs"`
	Bundles     []string `yaml:"bundles"`
}

// Node returns the node.
func (c HostConfig) Node() *host.Host {
	return host.New(c.Root, c.KubeletDir, c.RuntimeDirs...).WithSeccompDir(c.SeccompDir)
}

// Node returns the node that the agent runs on, with the sockets that it uses there.
func (c *Config) Node() *host.Host {
	return c.Host.Node().WithRuntimeSockets(c.NRI.Socket, c.ContainerdSocket, c.CRISocket)
}

// The default places of the configuration and the policies.
const (
	DefaultConfigFile = "/etc/specguard/config.yaml"
	DefaultPolicyDir  = "/etc/specguard/policies"
)

// DefaultConfig returns the configuration without a file and flags.
func DefaultConfig() Config {
	return Config{
		PolicyDir:        DefaultPolicyDir,
		NRI:              NRIConfig{Socket: "/var/run/nri/nri.sock", Name: "specguard", Index: "90"},
		ContainerdSocket: "/run/containerd/containerd.sock",
		CRISocket:        "/run/crio/crio.sock",
		BuiltinPolicy:    policy.DefaultBuiltin(),
		Existing:         judge.Report,
		TestedHandlers:   []string{},
		MaxContainerSize: recordsize.DefaultContainer,
		RuntimeSocket:    wrapperapi.DefaultSocket,
		HookPath:         wrapperconfig.Program,
		Opener:           openerAuto,
		HTTP:             "127.0.0.1:9464",
		Log:              LogConfig{Level: "info", Format: "text"},
		Host: HostConfig{
			Root: "/", KubeletDir: policy.DefaultKubeletDir, RuntimeDirs: policy.DefaultRuntimeDirs(), Bundles: host.DefaultBundles(),
		},
	}
}

// Flags adds the flags that override the configuration file.
func (c *Config) Flags(fs *pflag.FlagSet) {
	c.NodeFlags(fs)
	c.CRIFlag(fs)
	fs.StringVar(&c.DecisionLog, "decision-log", c.DecisionLog,
		"the decision log: write a JSON line per decision to this file; - for standard output")
	fs.StringVar(&c.DecisionLog, "audit-log", c.DecisionLog, "earlier name of --decision-log")
	_ = fs.MarkDeprecated("audit-log", "use --decision-log") // it fails for a flag that does not exist only
	fs.StringVar(&c.Log.Level, "log-level", c.Log.Level, "debug, info, warning or error")
	fs.StringVar(&c.Log.Format, "log-format", c.Log.Format, "text or json")
	fs.StringVar(&c.Log.File, "log-file", c.Log.File, "log to this file instead of standard error")
}

// NodeFlags adds the flags that doctor also has.
func (c *Config) NodeFlags(fs *pflag.FlagSet) {
	c.CommonFlags(fs)
	fs.StringVar(&c.NRI.Socket, "nri-socket", c.NRI.Socket, "the runtime's NRI socket")
	fs.StringVar(&c.RuntimeSocket, "runtime-socket", c.RuntimeSocket,
		"socket on which the agent answers the OCI runtime wrapper; empty for none")
	fs.StringVar(&c.HTTP, "http", c.HTTP, "address of /metrics, /healthz and /readyz; empty for none")
}

// CRIFlag adds the flag for CRI-O's socket.
func (c *Config) CRIFlag(fs *pflag.FlagSet) {
	fs.StringVar(&c.CRISocket, "cri-socket", c.CRISocket, "CRI-O's socket, to list and stop containers")
}

// CommonFlags adds the flags that audit also has.
func (c *Config) CommonFlags(fs *pflag.FlagSet) {
	fs.StringVar(&c.PolicyDir, "policy-dir", c.PolicyDir, "folder of policy files")
	fs.StringVar(&c.ContainerdSocket, "containerd-socket", c.ContainerdSocket, "containerd's gRPC socket")
	fs.StringVar(&c.Opener, "opener", c.Opener,
		"how complete specs are read and adjusted: auto, containerd, runtime (the OCI runtime wrapper) or verify (can only deny)")
}

// read reads a configuration file over the defaults. A missing file is an error only if it was
// asked for.
func (c *Config) read(path string, asked bool) error {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && !asked {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	var errs []error
	for _, e := range strict.DecodeDocument(data, c) {
		errs = append(errs, fmt.Errorf("%s:%d:%d: %w", path, e.Line, e.Column, e))
	}
	if c.AuditLog != "" && c.DecisionLog != "" {
		errs = append(errs, fmt.Errorf("%s: auditLog is the earlier name of decisionLog: set decisionLog only", path))
	}
	if c.DecisionLog == "" {
		c.DecisionLog = c.AuditLog
	}
	return errors.Join(errs...)
}
