package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"github.com/specguard/specguard/internal/strict"
	"github.com/specguard/specguard/internal/wrapperconfig"
	"github.com/specguard/specguard/plugin/host"
	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/synchronize"
	"github.com/specguard/specguard/plugin/wrapperapi"
	"github.com/specguard/specguard/policy"
)

// config is the agent's configuration: the file, over which flags go.
type config struct {
	PolicyDir string     `yaml:"policyDir"`
	NRI       nriConfig  `yaml:"nri"`
	Opener    string     `yaml:"opener"`
	HTTP      string     `yaml:"http"`
	Log       logConfig  `yaml:"log"`
	Host      hostConfig `yaml:"host"`

	// DecisionLog gets a JSON line per decision: a file, "-" for standard output,
	// "" for none. AuditLog is its earlier name.
	DecisionLog string `yaml:"decisionLog"`
	AuditLog    string `yaml:"auditLog"`

	// Existing says what to do about containers that were there before.
	Existing judge.ExistingAction `yaml:"existing"`

	// MaxContainerSize bounds what a container may bring along: environment,
	// arguments, labels, annotations, mounts.
	MaxContainerSize maxContainerSize `yaml:"maxContainerSize"`

	// TestedHandlers are runtime handlers whose OCI runtimes the operator has
	// tested: they run the hooks that seals are.
	TestedHandlers []string `yaml:"testedHandlers"`

	ContainerdSocket string `yaml:"containerdSocket"`

	// CRISocket is CRI-O's, to stop containers and to list them.
	CRISocket string `yaml:"criSocket"`

	// RuntimeSocket is where the OCI runtime wrapper and the seal's hook ask;
	// empty for nowhere. HookPath is the seal's hook, as the host names it.
	RuntimeSocket string `yaml:"runtimeSocket"`
	HookPath      string `yaml:"hookPath"`
}

type nriConfig struct {
	Socket string `yaml:"socket"`
	Name   string `yaml:"name"`
	Index  string `yaml:"index"`
}

type logConfig struct {
	Level  string `yaml:"level"`
	Format string `yaml:"format"`
	File   string `yaml:"file"`
}

// hostConfig tells where the agent sees the node's files. SeccompDir is the folder
// of seccomp profiles, "" for seccomp in KubeletDir, RuntimeDirs are the folders of
// the container runtime, Bundles are patterns of the config.json of containers, all
// as the host names them.
type hostConfig struct {
	Root        string   `yaml:"root"`
	KubeletDir  string   `yaml:"kubeletDir"`
	SeccompDir  string   `yaml:"seccompDir"`
	RuntimeDirs []string `yaml:"runtimeDirs"`
	Bundles     []string `yaml:"bundles"`
}

// node is the node that it tells of.
func (c hostConfig) node() *host.Host {
	return host.New(c.Root, c.KubeletDir, c.RuntimeDirs...).WithSeccompDir(c.SeccompDir)
}

const (
	defaultConfigFile = "/etc/specguard/config.yaml"
	defaultPolicyDir  = "/etc/specguard/policies"
)

func defaultConfig() config {
	return config{
		PolicyDir:        defaultPolicyDir,
		NRI:              nriConfig{Socket: "/var/run/nri/nri.sock", Name: "specguard", Index: "90"},
		ContainerdSocket: "/run/containerd/containerd.sock",
		CRISocket:        "/run/crio/crio.sock",
		Existing:         judge.Report,
		TestedHandlers:   []string{},
		MaxContainerSize: synchronize.DefaultContainer,
		RuntimeSocket:    wrapperapi.DefaultSocket,
		HookPath:         wrapperconfig.Program,
		Opener:           openerAuto,
		HTTP:             "127.0.0.1:9464",
		Log:              logConfig{Level: "info", Format: "text"},
		Host: hostConfig{
			Root: "/", KubeletDir: policy.DefaultKubeletDir, RuntimeDirs: policy.DefaultRuntimeDirs(), Bundles: host.DefaultBundles(),
		},
	}
}

// flags adds the flags that go over the configuration file's values.
func (c *config) flags(fs *pflag.FlagSet) {
	c.nodeFlags(fs)
	c.criFlag(fs)
	fs.StringVar(&c.DecisionLog, "decision-log", c.DecisionLog, "the decision log: write a JSON line per decision to this file; - for standard output")
	fs.StringVar(&c.DecisionLog, "audit-log", c.DecisionLog, "earlier name of --decision-log")
	_ = fs.MarkDeprecated("audit-log", "use --decision-log") // it fails for a flag that does not exist only
	fs.StringVar(&c.Log.Level, "log-level", c.Log.Level, "debug, info, warning or error")
	fs.StringVar(&c.Log.Format, "log-format", c.Log.Format, "text or json")
	fs.StringVar(&c.Log.File, "log-file", c.Log.File, "log to this file instead of standard error")
}

// nodeFlags adds those of the flags that doctor has, too.
func (c *config) nodeFlags(fs *pflag.FlagSet) {
	c.commonFlags(fs)
	fs.StringVar(&c.NRI.Socket, "nri-socket", c.NRI.Socket, "the runtime's NRI socket")
	fs.StringVar(&c.RuntimeSocket, "runtime-socket", c.RuntimeSocket, "socket for the OCI runtime wrapper; empty for none")
	fs.StringVar(&c.HTTP, "http", c.HTTP, "address of /metrics, /healthz and /readyz; empty for none")
}

// criFlag adds the one for CRI-O.
func (c *config) criFlag(fs *pflag.FlagSet) {
	fs.StringVar(&c.CRISocket, "cri-socket", c.CRISocket, "CRI-O's socket")
}

// commonFlags adds those that audit has, too.
func (c *config) commonFlags(fs *pflag.FlagSet) {
	fs.StringVar(&c.PolicyDir, "policy-dir", c.PolicyDir, "folder of policy files")
	fs.StringVar(&c.ContainerdSocket, "containerd-socket", c.ContainerdSocket, "containerd's gRPC socket")
	fs.StringVar(&c.Opener, "opener", c.Opener, "how seals are opened: auto, containerd, runtime or verify")
}

// read reads a configuration file over the defaults. A file that is missing is
// an error only where it was asked for.
func (c *config) read(path string, asked bool) error {
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
