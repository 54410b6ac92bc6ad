package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/specguard/specguard/e2e/node"
)

// pluginName is NRI's index and name of the installed agent.
const pluginName = "10-specguard"

// Install puts an agent where NRI looks for plugins to start by itself; it is
// meant for node.Options.BeforeStart. Options.Config becomes the plugin's
// configuration, which NRI hands over.
//
// NRI starts a plugin without arguments and with an empty environment, so the
// plugin is a script that adds them.
func Install(n *node.Node, o Options) (*Agent, error) {
	a, err := newAgent(n, o)
	if err != nil {
		return nil, err
	}
	f := a.files
	command := append([]string{o.Binary}, append(f.args(o, n, a.http), "--config", f.config)...)
	for i, word := range command {
		command[i] = quote(word)
	}
	var script strings.Builder
	script.WriteString("#!/bin/sh\n")
	for _, variable := range o.Env {
		script.WriteString("export " + quote(variable) + "\n")
	}
	fmt.Fprintf(&script, "echo $$ >%s\nexec %s >>%s 2>&1\n",
		quote(f.pid), strings.Join(command, " "), quote(f.log))

	if err := os.WriteFile(filepath.Join(n.PluginDir(), pluginName), []byte(script.String()), 0o755); err != nil {
		return nil, fmt.Errorf("install agent: %w", err)
	}
	config := filepath.Join(n.PluginConfigDir(), pluginName+".conf")
	if err := writeConfig(config, n, o.Config); err != nil {
		return nil, err
	}
	return a, nil
}

// quote quotes a word for the shell.
func quote(word string) string {
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
