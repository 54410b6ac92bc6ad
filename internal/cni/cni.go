// Package cni reads what CNI keeps on the node about networks.
package cni

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/specguard/specguard/internal/ocispec"
)

// Cache is the folder in which CNI keeps the settings of networks (libcni's default
// cache folder).
const Cache = "/var/lib/cni/results"

// PortMappings returns, as a JSON list, the capability portMappings of all networks
// that CNI made for the sandbox. dir is the cache folder. ok reports whether there is
// such a network and all of them could be read: they must be files, not symlinks. The ID must
// not be a glob pattern.
func PortMappings(dir, sandboxID string) (mappings []byte, ok bool) {
	files, err := filepath.Glob(filepath.Join(dir, "*-"+sandboxID+"-*"))
	if err != nil {
		return nil, false
	}
	all := []json.RawMessage{}
	for _, file := range files {
		data, err := read(file)
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

func read(name string) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, _, err := ocispec.ReadFile(f)
	return data, err
}
