package build

import "context"

// Programs are those of a built container runtime.
type Programs struct {
	Release Release
	Dir     string // goes into PATH, so that containerd finds its shim
	Daemon  string
	Ctr     string // containerd's own client
	Pinns   string // what CRI-O has namespaces pinned by
}

// Programs returns the programs of release, building them at first use.
func (c *Cache) Programs(ctx context.Context, release Release) (Programs, error) {
	if release.Project == ProjectCRIO {
		return c.crio(ctx, release)
	}
	return c.containerd(ctx, release)
}
