package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/specguard/specguard/internal/cni"
	"github.com/specguard/specguard/internal/ocispec"
	"github.com/specguard/specguard/policy"
)

// DefaultBundles returns the patterns for [Host.Bundles] that fit the defaults of
// containerd and CRI-O.
func DefaultBundles() []string {
	return []string{
		"/run/containerd/io.containerd.runtime.v2.task/k8s.io/{id}/config.json",
		"/run/containers/storage/*-containers/{id}/userdata/config.json",
	}
}

// Bundles reads the specs with which containers run: the config.json in each OCI bundle. It
// is safe for concurrent use.
type Bundles struct {
	host     *Host
	patterns []string
}

// Bundles returns the bundles on the node. Patterns are the host's paths, in the form of
// [filepath.Match]. {id} stands for the ID of a container or sandbox.
func (h *Host) Bundles(patterns []string) *Bundles { return &Bundles{host: h, patterns: patterns} }

// anID matches IDs that can be part of a path.
var anID = regexp.MustCompile(`^[0-9A-Za-z_-][0-9A-Za-z._-]*$`)

// Spec reads the config.json of a container or sandbox.
func (b *Bundles) Spec(id string) ([]byte, error) {
	if b.host.root == "" {
		return nil, policy.ErrNotVisible
	}
	if !anID.MatchString(id) {
		return nil, fmt.Errorf("find the bundle of %q: that is not an id", id)
	}
	for _, pattern := range b.patterns {
		found, err := b.find(strings.ReplaceAll(pattern, "{id}", id))
		if err != nil {
			return nil, fmt.Errorf("find the bundle: %w", err)
		}
		if len(found) > 0 {
			return readSpec(found[0])
		}
	}
	return nil, fmt.Errorf("find the bundle: none in %s", strings.Join(b.patterns, ", "))
}

// All reads the config.json of every container and sandbox that has a bundle. It skips
// bundles that disappear meanwhile.
func (b *Bundles) All() ([][]byte, error) {
	if b.host.root == "" {
		return nil, policy.ErrNotVisible
	}
	var out [][]byte
	for _, pattern := range b.patterns {
		found, err := b.find(strings.ReplaceAll(pattern, "{id}", "*"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("find the bundles: %w", err)
		}
		for _, name := range found {
			spec, err := readSpec(name)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			out = append(out, spec)
		}
	}
	return out, nil
}

// PortMappings reads the port mappings of a pod's network, by the ID of its sandbox. It
// resolves symlinks as the host would. ok reports whether the node shows them.
func (b *Bundles) PortMappings(sandboxID string) (mappings []byte, ok bool) {
	if b.host.root == "" || !anID.MatchString(sandboxID) {
		return nil, false
	}
	folder, _, err := b.host.ResolvePath(cni.Cache)
	if err != nil {
		return nil, false
	}
	return cni.PortMappings(b.host.at(folder), sandboxID)
}

// find lists the files of a pattern. It resolves the symlinks of its leading folder as the
// host would.
func (b *Bundles) find(pattern string) ([]string, error) {
	folder, rest := filepath.Dir(pattern), filepath.Base(pattern)
	for strings.ContainsAny(folder, `*?[\`) {
		folder, rest = filepath.Dir(folder), filepath.Join(filepath.Base(folder), rest)
	}
	folder, _, err := b.host.ResolvePath(folder)
	if err != nil {
		return nil, err
	}
	return filepath.Glob(filepath.Join(b.host.at(folder), rest))
}

// readSpec reads a config.json. A symlink is an error.
func readSpec(name string) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("read the bundle: %w", err)
	}
	defer f.Close()
	spec, _, err := ocispec.ReadFile(f)
	if err != nil {
		return nil, fmt.Errorf("read the bundle: %s: %w", name, err)
	}
	return spec, nil
}
