package host

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	securejoin "github.com/cyphar/filepath-securejoin"

	"github.com/specguard/specguard/policy"
)

// maxSeccompProfile limits the file of a seccomp profile, in bytes.
const maxSeccompProfile = 1 << 20

// WithSeccompDir sets the folder of seccomp profiles, by the host's path; "" is the
// kubelet's. Call it before other methods.
func (h *Host) WithSeccompDir(dir string) *Host {
	h.seccomp = dir
	return h
}

// SeccompDir returns the folder of seccomp profiles. The kubelet's is in its root
// directory.
func (h *Host) SeccompDir() string {
	if h.seccomp != "" {
		return h.seccomp
	}
	return path.Join(h.kubelet, "seccomp")
}

// SeccompProfile reads a file in the folder of seccomp profiles. It does not follow a
// symlink out of the host's files.
func (h *Host) SeccompProfile(file string) ([]byte, error) {
	if h.root == "" {
		return nil, policy.ErrNotVisible
	}
	name := path.Join(h.SeccompDir(), file)
	full, err := securejoin.SecureJoin(h.root, name)
	if err != nil {
		return nil, fmt.Errorf("seccomp profile: %w", h.strip(err))
	}
	info, err := os.Stat(full)
	switch {
	case err != nil:
		return nil, fmt.Errorf("seccomp profile: %w", h.strip(err))
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("seccomp profile: %s is not a file", name)
	}
	f, err := os.Open(full)
	if err != nil {
		return nil, fmt.Errorf("seccomp profile: %w", h.strip(err))
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSeccompProfile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("seccomp profile: %w", h.strip(err))
	case len(data) > maxSeccompProfile:
		return nil, errors.New("seccomp profile: " + name + " is larger than 1 MiB")
	}
	return data, nil
}
