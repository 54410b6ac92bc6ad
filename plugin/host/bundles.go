package host

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/specguard/specguard/policy"
)

// DefaultBundles are the patterns of [Host.Bundles] for containerd and CRI-O as
// they come.
func DefaultBundles() []string {
	return []string{
		"/run/containerd/io.containerd.runtime.v2.task/k8s.io/{id}/config.json",
		"/run/containers/storage/*-containers/{id}/userdata/config.json",
	}
}

// Bundles finds what containers run with: the config.json in the OCI bundle of
// each.
type Bundles struct {
	root     string
	patterns []string
}

// Bundles are those of the node. Patterns are paths as the host names them, in
// which {id} stands for the id of a container or sandbox, and as
// [filepath.Match] has them.
func (h *Host) Bundles(patterns []string) *Bundles { return &Bundles{root: h.root, patterns: patterns} }

// anID is an id that a path can be made with.
var anID = regexp.MustCompile(`^[0-9A-Za-z_-][0-9A-Za-z._-]*$`)

// Spec reads the config.json of a container or of a pod's sandbox.
func (b *Bundles) Spec(id string) ([]byte, error) {
	if b.root == "" {
		return nil, policy.ErrNotVisible
	}
	if !anID.MatchString(id) {
		return nil, fmt.Errorf("find the bundle of %q: that is no id", id)
	}
	for _, pattern := range b.patterns {
		found, err := filepath.Glob(filepath.Join(b.root, strings.ReplaceAll(pattern, "{id}", id)))
		if err != nil {
			return nil, fmt.Errorf("find the bundle: %w", err)
		}
		if len(found) == 0 {
			continue
		}
		data, err := os.ReadFile(found[0])
		if err != nil {
			return nil, fmt.Errorf("read the bundle: %w", err)
		}
		return data, nil
	}
	return nil, fmt.Errorf("find the bundle: none in %s", strings.Join(b.patterns, ", "))
}
