package app

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"

	"github.com/containerd/nri/pkg/api"

	"github.com/specguard/specguard/plugin/host"
	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/wrapperapi"
)

// validate says in one line what is wrong, what is allowed and what to write.
func (c *Config) validate() error {
	if !slices.Contains(openers(), c.Opener) {
		return fmt.Errorf("opener %q is not one of %s", c.Opener, strings.Join(openers(), ", "))
	}
	if c.RuntimeSocket == "" && c.needsRuntimeSocket() {
		return fmt.Errorf("opener %s needs a runtime socket (runtimeSocket, such as %s)", c.Opener, wrapperapi.DefaultSocket)
	}
	if !filepath.IsAbs(c.HookPath) {
		return fmt.Errorf("hookPath %q is not an absolute path", c.HookPath)
	}
	if all := []judge.ExistingAction{judge.Report, judge.StopDenied, judge.Stop}; !slices.Contains(all, c.Existing) {
		return fmt.Errorf("existing %q is not one of report, stopDenied, stop", c.Existing)
	}
	if c.Log.Format != "text" && c.Log.Format != "json" {
		return fmt.Errorf("log format %q is not one of text, json", c.Log.Format)
	}
	if err := api.CheckPluginIndex(c.NRI.Index); err != nil {
		return fmt.Errorf("nri.index %q is not an index (allowed: two digits, such as \"90\")", c.NRI.Index)
	}
	for _, h := range c.TestedHandlers {
		if strings.ContainsAny(h, "*?[]{},/ \t\n") {
			return fmt.Errorf("testedHandlers: %q is not the name of a runtime handler (allowed: the whole name of one, such as kata, or "+
				"\"\" for the one without a name; no patterns)", h)
		}
	}
	return errors.Join(validHTTP(c.HTTP), c.Host.validate())
}

// validHTTP checks the address of metrics and probes.
func validHTTP(address string) error {
	if address == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil || port == "" {
		return fmt.Errorf("http %q is not an address to listen on (allowed: HOST:PORT, such as 127.0.0.1:9464, :PORT for all addresses of "+
			"the host, or \"\" for none)", address)
	}
	return nil
}

func (c HostConfig) validate() error {
	if c.Root != "" && !filepath.IsAbs(c.Root) {
		return fmt.Errorf("host.root %q is not an absolute path (allowed: / on the host itself, where the host's / is mounted, or \"\" if "+
			"it cannot be seen)", c.Root)
	}
	if !filepath.IsAbs(c.KubeletDir) {
		return fmt.Errorf("host.kubeletDir %q is not an absolute path", c.KubeletDir)
	}
	if c.SeccompDir != "" && !filepath.IsAbs(c.SeccompDir) {
		return fmt.Errorf("host.seccompDir %q is not an absolute path (allowed: one, or \"\" for seccomp in host.kubeletDir)", c.SeccompDir)
	}
	for _, dir := range c.RuntimeDirs {
		if !filepath.IsAbs(dir) || filepath.Clean(dir) != dir || dir == "/" {
			return fmt.Errorf("host.runtimeDirs: %q is not a folder that a runtime can keep its files in (allowed: an absolute path without "+
				"\"..\", \"//\" or a slash at its end, other than /)", dir)
		}
	}
	for _, pattern := range c.Bundles {
		if _, err := filepath.Match(pattern, ""); err != nil || !filepath.IsAbs(pattern) || !strings.Contains(pattern, "{id}") {
			return fmt.Errorf("host.bundles: %q is not the pattern of an absolute path with {id} in it (such as %s)", pattern,
				host.DefaultBundles()[0])
		}
	}
	return nil
}
