package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/specguard/specguard/plugin/judge"
)

// cniCache is where CNI keeps what networks were made with (libcni's default
// cache folder).
const cniCache = "/var/lib/cni/results"

// sandboxOf is what the host shows of a container's pod: the spec in the
// sandbox's own bundle, which runtimes keep beside those of the pod's
// containers under its id, and what its network was made with.
func sandboxOf(bundle, id, sandboxID string) *judge.Sandbox {
	if sandboxID == "" || strings.ContainsAny(sandboxID, "/*?[\\") || sandboxID == ".." {
		return nil
	}
	out := &judge.Sandbox{ID: sandboxID}
	if beside, ok := sibling(bundle, id, sandboxID); ok {
		if b, err := openBundle(beside); err == nil {
			out.Spec = b.spec
			_ = b.Close()
		}
	}
	out.PortMappings, out.Networked = portMappings(cniCache, sandboxID)
	return out
}

// sibling is the bundle's path with another container's id in place of its own.
func sibling(bundle, id, other string) (string, bool) {
	parts := strings.Split(bundle, "/")
	found := 0
	for i, p := range parts {
		if p == id {
			parts[i] = other
			found++
		}
	}
	return strings.Join(parts, "/"), found == 1
}

// portMappings reads the capability portMappings of all networks that CNI made
// for the sandbox; ok tells whether there is any.
func portMappings(dir, sandboxID string) (mappings []byte, ok bool) {
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
