package cli

import (
	"encoding/json"
	"time"

	"github.com/spf13/cobra"

	"github.com/specguard/specguard/internal/app"
	"github.com/specguard/specguard/internal/buildversion"
	"github.com/specguard/specguard/internal/doctor"
	"github.com/specguard/specguard/internal/runtimeconfig"
	"github.com/specguard/specguard/policy"
)

const doctorHelp = `Check whether this node is ready for specguard: the kernel, the container runtimes
and OCI runtimes and their known vulnerabilities, NRI, how the agent would read and
change specs, who can change the configuration, the policies, and the agent. Each
line is ok, a warning or a problem, with what to do. doctor changes nothing, but the
kernel may load the modules of socket families that doctor tries.

The built-in list of known vulnerabilities becomes outdated: read a newer one from a
file with --data. doctor shows which list it used, and its date.

It reads the agent's configuration file, as "specguard run" does, and needs
root. Exit status 0: no problem. 1: a problem, or an error.`

// doctorFlags are the flags of doctor beside those of the configuration.
type doctorFlags struct {
	config, output, color        string
	containerdConfig, crioConfig string
	data                         string
}

func doctorCommand(version string) *cobra.Command {
	var f doctorFlags
	defaults := app.DefaultConfig()
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check whether this node is ready for specguard",
		Long:  doctorHelp,
		Example: `  specguard doctor
  specguard doctor -o json --data vulnerabilities.yaml`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := app.Load(cmd.Flags(), f.config)
			if err != nil {
				return err
			}
			return f.examine(cmd, cfg, buildversion.Of(version))
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.config, "config", app.DefaultConfigFile, "configuration file of the agent")
	defaults.NodeFlags(fs)
	defaults.CRIFlag(fs)
	fs.StringVar(&f.containerdConfig, "containerd-config", runtimeconfig.ContainerdFile, "containerd's configuration file, on the host")
	fs.StringVar(&f.crioConfig, "crio-config", runtimeconfig.CRIOFile,
		"CRI-O's configuration file, on the host; the files in FILE.d override it")
	fs.StringVar(&f.data, "data", "", "a newer list of known vulnerabilities than the built-in one")
	addOutput(fs, &f.output)
	addColor(fs, &f.color)
	earlierName(fs, "crio-socket", "cri-socket")
	return cmd
}

func (f *doctorFlags) examine(cmd *cobra.Command, cfg app.Config, version string) error {
	p, err := newPrinter(cmd.OutOrStdout(), f.color)
	if err != nil {
		return err
	}
	if err := checkOutput(f.output); err != nil {
		return err
	}
	data, err := doctor.ReadData(f.data)
	if err != nil {
		return err
	}
	findings := doctor.Examine(cmd.Context(), doctor.Inspect(cmd.Context(), doctor.Settings{
		Root: cfg.Host.Root, RuntimeDirs: cfg.Host.RuntimeDirs, SeccompDir: cfg.Host.Node().SeccompDir(),
		ContainerdSocket: cfg.ContainerdSocket, CRIOSocket: cfg.CRISocket, NRISocket: cfg.NRI.Socket,
		ContainerdConfig: f.containerdConfig, CRIOConfig: f.crioConfig,
		ConfigFile: f.config, PolicyDir: cfg.PolicyDir, TestedHandlers: cfg.TestedHandlers,
		Oversized: cfg.MaxContainerSize.Oversized,
		Policies:  func() (*policy.Set, error) { return currentPolicies(cfg.PolicyDir, cfg.BuiltinPolicy) },
		Data:      data, Now: time.Now, Bundles: cfg.Host.Bundles,
		Version: version, Plugin: cfg.NRI.Name, Opener: cfg.Opener, Hook: cfg.HookPath, HTTP: cfg.HTTP,
	}))
	if f.output == "json" {
		enc := json.NewEncoder(cmd.OutOrStdout())
		enc.SetEscapeHTML(false)
		for _, finding := range findings {
			if err := enc.Encode(finding); err != nil {
				return err
			}
		}
	} else if printFindings(p, findings); p.err != nil {
		return p.err
	}
	if !doctor.Ready(findings) {
		return exitError
	}
	return nil
}

// printFindings prints the findings and how many want attention.
func printFindings(p *printer, findings []doctor.Finding) {
	styles := map[doctor.Status]style{doctor.OK: green, doctor.Warning: yellow, doctor.Problem: red.bold()}
	counts := make(map[doctor.Status]int)
	for _, f := range findings {
		counts[f.Status]++
		p.line(styles[f.Status], "%-8s %s: %s", f.Status, f.Check, f.Found)
		for _, d := range f.Details {
			p.line(faint, "           %s", d)
		}
		if f.Advice != "" {
			p.line(plain, "         -> %s", f.Advice)
		}
	}
	sum, style := "ready", green.bold()
	if counts[doctor.Problem] > 0 {
		sum, style = "not ready: "+count(counts[doctor.Problem], "problem"), red.bold()
	}
	if counts[doctor.Warning] > 0 {
		sum += ", " + count(counts[doctor.Warning], "warning")
	}
	p.line(style, "%s", sum)
}
