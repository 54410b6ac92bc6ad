package policy

import (
	"errors"
	"path"
)

// fakeHost is a node under test.
type fakeHost struct {
	links    map[string]string // symlinks, each in its resolved place
	denied   string            // a path that cannot be read
	kubelet  string
	subpaths map[string]string // the plugins that volume-subpaths are of, by path
	apparmor AppArmor
	selinux  LSM
}

func (f fakeHost) ResolvePath(p string) (string, error) {
	if f.links == nil {
		return p, ErrNotVisible
	}
	if _, ok := under(f.denied, p); ok && f.denied != "" {
		return "", errors.New("permission denied")
	}
	for range 10 {
		before := p
		for from, to := range f.links {
			if rest, ok := under(from, p); ok {
				p = path.Join(to, rest)
			}
		}
		if p == before {
			return p, nil
		}
	}
	return "", errors.New("too many links")
}

func (f fakeHost) KubeletDir() string {
	if f.kubelet != "" {
		return f.kubelet
	}
	return DefaultKubeletDir
}

func (f fakeHost) PodVolume(_, path string) (plugin string, ok bool) {
	plugin, ok = f.subpaths[path]
	return plugin, ok
}

func (f fakeHost) AppArmor() AppArmor { return f.apparmor }

func (f fakeHost) SELinux() LSM { return f.selinux }
