// Package cni reads what CNI keeps on the node about networks.
package cni

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
)

// Cache is the folder in which CNI keeps the settings of networks (libcni's default
// cache folder).
const Cache = "/var/lib/cni/results"

// PortMappings returns, as a JSON list, the capability portMappings of all networks
// that CNI made for the sandbox. dir is the cache folder. ok reports whether there is
// such a network and all of them could be read. The ID must not be a glob pattern.
func PortMappings(dir, sandboxID string) (mappings []byte, ok bool) {
	files, err := filepath.Glob(filepath.Join(dir, "*-"+sandboxID+"-*"))
	if err != nil {
		return nil, false
	}
	all := []json.RawMessage{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, false
		}
		var network struct {
			ContainerID    string `json:"containerId"`
			CapabilityArgs struct {
				PortMappings []json.RawMessage `json:"portMappings"`
			} `json:"capabilityArgs"`
		}
		if json.Unmarshal(data, &network) != nil || network.ContainerID != sandboxID {
			return nil, false
		}
		for _, m := range network.CapabilityArgs.PortMappings { // each network was made with all of them
			if !slices.ContainsFunc(all, func(n json.RawMessage) bool { return bytes.Equal(m, n) }) {
				all = append(all, m)
			}
		}
	}
	mappings, err = json.Marshal(all)
	return mappings, err == nil && len(files) > 0
}
