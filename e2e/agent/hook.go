package agent

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/specguard/specguard/e2e/node"
)

// Hook makes a script that calls binary, specguard-runtime, as the seal's hook
// with the node's configuration, which on other hosts stands in its place. It
// returns the script's path, for the agent's hookPath.
func Hook(n *node.Node, binary string) (string, error) {
	dir := filepath.Join(n.Dir(), "hook")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("hook: %w", err)
	}
	config, script := filepath.Join(dir, wrapperConfig), filepath.Join(dir, "specguard-runtime")
	text := "#!/bin/sh\nSPECGUARD_RUNTIME_CONFIG=" + config + " exec " + binary + " \"$@\"\n"
	err := errors.Join(replace(config, "socket: "+RuntimeSocket(n)+"\n", 0o644), replace(script, text, 0o755))
	if err != nil {
		return "", fmt.Errorf("hook: %w", err)
	}
	return script, nil
}

// replace writes a file in one step: whoever reads it meanwhile finds a whole
// one.
func replace(path, text string, mode os.FileMode) error {
	temp := fmt.Sprintf("%s.%d", path, rand.Uint64())
	if err := os.WriteFile(temp, []byte(text), mode); err != nil {
		return err
	}
	return os.Rename(temp, path)
}
