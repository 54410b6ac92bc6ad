package host

import (
	"fmt"

	"github.com/specguard/specguard/plugin/mounts"
	"github.com/specguard/specguard/policy"
)

// Snapshot returns the node for one decision. It reads the table of mounts, which is long
// on a busy node, at most once, when it is first needed. It is not safe for concurrent use,
// and must not be kept.
func (h *Host) Snapshot() policy.Host {
	return &snapshot{Host: h, volumes: make(map[string]podVolumes)}
}

type snapshot struct {
	*Host
	mounts  []mount
	read    bool
	err     error
	volumes map[string]podVolumes // by pod uid
	places  *mounts.Places        // nil: nobody has asked

	delegated *bool // what CgroupsDelegated said; nil: nobody has asked
}

// CgroupsDelegated is Host.CgroupsDelegated.
func (s *snapshot) CgroupsDelegated() bool {
	if s.delegated == nil {
		s.delegated = new(s.Host.CgroupsDelegated())
	}
	return *s.delegated
}

// podVolumes is what a pod's volumes show.
type podVolumes struct {
	sources []volumeSource
	err     error
}

// PodVolume is Host.PodVolume.
func (s *snapshot) PodVolume(podUID, p string) (plugin string, ok bool) {
	if s.root == "" || !namesFolder(podUID) {
		return "", false
	}
	if !s.read {
		s.mounts, s.err = readMounts(s.Host.mounts)
		s.read = true
	}
	subpath, ok := mountedAt(s.mounts, s.at(p))
	if s.err != nil || !ok {
		return "", false
	}
	v, known := s.volumes[podUID]
	if !known {
		v.sources, v.err = s.volumeSources(s.mounts, podUID)
		s.volumes[podUID] = v
	}
	if v.err != nil {
		return "", false
	}
	root := "" // of the volume found, the innermost one
	for _, m := range v.sources {
		if m.device == subpath.device && within(m.root, subpath.root) && len(m.root) > len(root) {
			plugin, root = m.plugin, m.root
		}
	}
	return plugin, true
}

// Locate is Host.Locate.
func (s *snapshot) Locate(p string) ([]policy.Location, error) {
	if s.root == "" {
		return nil, policy.ErrNotVisible
	}
	if s.places == nil {
		table, err := s.Mounts()
		if err != nil {
			return nil, fmt.Errorf("read what is mounted on the node: %w", err)
		}
		s.places = mounts.NewPlaces(table)
	}
	return s.places.Shown(p)
}
