package policy

import (
	"errors"
	"path"
)

// fakeHost is a node under test.
type fakeHost struct {
	links     map[string]string // symlinks, each in its resolved place
	denied    string            // a path that cannot be read
	kubelet   string
	runtime   []string
	oldKernel bool
	subpaths  map[string]string // the plugins that volume-subpaths are of, by path
	apparmor  AppArmor
	selinux   LSM
	seccomp   map[string]string // the files in the seccomp folder
}

func (f fakeHost) ResolvePath(p string) (resolved string, links []string, err error) {
	if f.links == nil {
		return p, nil, ErrNotVisible
	}
	for range 10 {
		if _, ok := under(f.denied, p); ok && f.denied != "" {
			return "", nil, errors.New("permission denied")
		}
		link, to := "", ""
		for from, target := range f.links { // the outermost first
			if _, ok := under(from, p); ok && (link == "" || len(from) < len(link)) {
				link, to = from, target
			}
		}
		if link == "" {
			return p, links, nil
		}
		rest, _ := under(link, p)
		p = path.Join(to, rest)
		links = append(links, link)
	}
	return "", nil, errors.New("too many links")
}

func (f fakeHost) RuntimeDirs() []string {
	if f.runtime != nil {
		return f.runtime
	}
	return DefaultRuntimeDirs()
}

func (f fakeHost) RecursiveMountOptions() bool { return !f.oldKernel }

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

func (f fakeHost) SeccompDir() string { return f.KubeletDir() + "/seccomp" }

func (f fakeHost) SeccompProfile(file string) ([]byte, error) {
	if data, ok := f.seccomp[file]; ok {
		return []byte(data), nil
	}
	return nil, errors.New("no such file or directory")
}
