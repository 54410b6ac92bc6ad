package input

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/specguard/specguard/internal/manifest"
	"github.com/specguard/specguard/policy"
)

// UseSeccompDir makes the files in the folder the seccomp profiles of the container's node. A
// container that is derived from a manifest gets the profile that it asks for: then an error says
// that it cannot be read.
func (c *Container) UseSeccompDir(dir string) error {
	host := c.Subject.Host
	if host == nil {
		host = policy.NoHost{}
	}
	c.Subject.Host = seccompHost{Host: host, dir: dir}
	file, local := strings.CutPrefix(string(c.Subject.Container.Seccomp), "Localhost/")
	if c.Object == "" || !local {
		return nil
	}
	data, err := c.Subject.Host.SeccompProfile(file)
	if err == nil {
		c.Subject.Spec.Linux.Seccomp, err = policy.ParseSeccompProfile(data, c.Subject.Spec)
	}
	if err != nil {
		return fmt.Errorf("seccomp profile %s: %w", file, err)
	}
	c.Notes = slices.DeleteFunc(c.Notes, func(n string) bool { return strings.HasPrefix(n, manifest.SeccompNote) })
	return nil
}

// seccompHost is a node with seccomp profiles.
type seccompHost struct {
	policy.Host
	dir string
}

// SeccompProfile reads the file in the folder.
func (h seccompHost) SeccompProfile(file string) ([]byte, error) {
	if !filepath.IsLocal(file) {
		return nil, fmt.Errorf("%s is not a path in %s", file, h.dir)
	}
	return ReadFile(filepath.Join(h.dir, file))
}
