package policy

import (
	"cmp"
	"errors"
	"path"
	"slices"
	"strings"
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
	seTypes   []string          // those that the SELinux policy knows; nil: it cannot be asked
	seccomp   map[string]string // the files in the seccomp folder
	delegated bool
	drivers   map[string]string // by "c MAJOR:MINOR", and "c MAJOR:*"
	binds     map[string]string // what is mounted elsewhere too: sources, by the points
	sockets   []string
	disks     map[string]string // the uids of the pods that have volumes on them, by "b MAJOR:MINOR"
}

func (f fakeHost) PodBlockDevice(podUID string, major, minor int64) bool {
	return f.disks[deviceID{"b", major, minor}.String()] == podUID
}

func (f fakeHost) DeviceDriver(block bool, major, minor int64) string {
	kind := map[bool]string{true: "b", false: "c"}[block]
	return cmp.Or(f.drivers[deviceID{kind, major, anyNumber}.String()], f.drivers[deviceID{kind, major, minor}.String()])
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

func (f fakeHost) RuntimeSockets() []string { return f.sockets }

// Locate has one file system, in which paths are mounted at points.
func (f fakeHost) Locate(p string) ([]Location, error) {
	if f.links == nil {
		return nil, ErrNotVisible
	}
	at := p
	for point, source := range f.binds {
		if rest, ok := under(point, p); ok {
			at = path.Join(source, rest)
		}
	}
	out := []Location{{"8:1", at}}
	for point, source := range f.binds {
		if rest, ok := under(p, point); ok && rest != "" {
			out = append(out, Location{"8:1", source})
		}
	}
	return out, nil
}

func (f fakeHost) RecursiveMountOptions() bool { return !f.oldKernel }

func (f fakeHost) CgroupsDelegated() bool { return f.delegated }

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

func (f fakeHost) SELinuxLabel(label string) (valid bool, err error) {
	if f.seTypes == nil {
		return false, ErrNotVisible
	}
	return slices.Contains(f.seTypes, strings.Split(label, ":")[2]), nil
}

func (f fakeHost) SeccompDir() string { return f.KubeletDir() + "/seccomp" }

func (f fakeHost) SeccompProfile(file string) ([]byte, error) {
	if data, ok := f.seccomp[file]; ok {
		return []byte(data), nil
	}
	return nil, errors.New("no such file or directory")
}
