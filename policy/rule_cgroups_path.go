package policy

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/specguard/specguard/internal/strict"
)

// CgroupsPath requires that a container's cgroup is inside the cgroup of its pod. The kubelet
// creates a cgroup for each pod, with the pod's limits, inside the cgroup of its QoS class, which
// is inside the cgroup of all pods. But a client of CRI can choose any cgroup. Outside the pod's
// cgroup, only the container's own limits apply, or they change the limits of others.
//
// The kubelet's cgroup of a pod is called pod<uid>. With the driver systemd it is the slice
// [kubepods...]-pod<uid>.slice, where the uid has _ in place of -. Its place depends on the
// kubelet's --cgroup-root, which nothing on the node shows. So without roots, the rule accepts a
// cgroup of that name in any place.
//
// A spec names a cgroup as a path, or for systemd as slice:prefix:name. An OCI runtime that
// does not use systemd for cgroups treats the second form as a folder below its own cgroup,
// where no limits of pods apply. So set cgroupDriver if clients other than the kubelet can call
// CRI.
//
// linux.resources.unified names files of cgroup v2 to write. The rule allows only files that set
// limits of controllers, at creation and in updates. An OCI runtime would write to any file:
// cgroup.procs, for example, would move a process of the host into the container's cgroup.
//
// Reads: linux.cgroupsPath (OCI runtime spec, config-linux.md, "Cgroups Path"),
// linux.resources.unified, and the pod's uid.
// Adjusts: nothing: in another cgroup, limits meant for other containers would apply.
// Source: Kubernetes, pkg/kubelet/cm (pod_container_manager_linux.go, cgroup_manager_linux.go);
// containerd, internal/cri/server (getCgroupsPath); CRI-O, internal/config/cgmgr.
// Example: {cgroupDriver: systemd, roots: [/]}
type CgroupsPath struct {
	Base      `yaml:",inline"`
	checkOnly `yaml:"-"`

	// CgroupDriver is the driver of the kubelet (its cgroupDriver) and of the container
	// runtime: systemd or cgroupfs. A cgroup in the form of the other driver breaks the rule.
	// Default: any.
	CgroupDriver CgroupDriver `yaml:"cgroupDriver"`

	// Roots lists the cgroups that can contain the kubelet's cgroup kubepods (or kubepods.slice):
	// the values of --cgroup-root on your nodes. With the driver systemd, /a/b means
	// /a.slice/a-b.slice; you can also write it in this form.
	// Default: any.
	Roots []CgroupDir `yaml:"roots"`

	// Allowed lists the paths of further cgroups in which a container's cgroup may be. You need it
	// for kubelets with --cgroups-per-qos=false, which create no cgroups for pods.
	// Default: none.
	Allowed []CgroupDir `yaml:"allowed"`
}

// CgroupDriver says what makes cgroups, by the values of the kubelet's cgroupDriver.
type CgroupDriver string

// The drivers.
const (
	systemdCgroups CgroupDriver = "systemd"
	fileCgroups    CgroupDriver = "cgroupfs"
)

// UnmarshalText reads a driver; an unknown one is an error that names the known
// ones.
func (d *CgroupDriver) UnmarshalText(text []byte) error {
	return oneOf(d, text, systemdCgroups, fileCgroups)
}

// JSONSchema lists the drivers.
func (CgroupDriver) JSONSchema() map[string]any { return strict.Enum(systemdCgroups, fileCgroups) }

// CgroupDir is the absolute path of a cgroup, such as / or /system.slice.
type CgroupDir string

// UnmarshalText reads a path; one that is not absolute and clean is an error.
func (d *CgroupDir) UnmarshalText(text []byte) error {
	if !path.IsAbs(string(text)) || path.Clean(string(text)) != string(text) || strings.Contains(string(text), ":") {
		return fmt.Errorf("%q is not a cgroup path (allowed: / or a path such as /system.slice)", text)
	}
	if strings.ContainsAny(string(text), "*?{}") {
		return fmt.Errorf("%q is a pattern, and cannot be used here (allowed: the path of one cgroup)", text)
	}
	*d = CgroupDir(text)
	return nil
}

// JSONSchema requires an absolute path.
func (CgroupDir) JSONSchema() map[string]any {
	return strict.Named("cgroup", strict.Pattern("^/[^:]*$"))
}

// Validate requires lists that name something, and roots that kubepods can lie in.
func (c *CgroupsPath) Validate() error {
	if c.Roots != nil && len(c.Roots) == 0 {
		return strict.Field("roots", "is an empty list; leave it out for any root")
	}
	for _, root := range c.Roots {
		if root.isKubepods() {
			return strict.Field("roots", "%s is the kubelet's kubepods; name the cgroup that contains it, such as /", root)
		}
	}
	return nil
}

// Warnings tells of a cgroup that holds all others.
func (c *CgroupsPath) Warnings() []error {
	if at := slices.Index(c.Allowed, "/"); at >= 0 {
		return []error{strict.Entry("allowed", at, "/ allows cgroups beside those of all pods, where no limit of the kubelet applies (the "+
			"kubelet's --cgroup-root belongs into roots)")}
	}
	return nil
}

// isKubepods reports whether the path is one of kubepods, or lies in it.
func (d CgroupDir) isKubepods() bool {
	return slices.ContainsFunc(strings.Split(string(d), "/"), func(part string) bool {
		stem, _ := strings.CutSuffix(part, ".slice")
		return slices.Contains(strings.Split(stem, "-"), "kubepods")
	})
}

// Check finds a cgroup that lies elsewhere, and files that are more than limits.
func (c *CgroupsPath) Check(s *Subject) []Finding {
	return append(c.place(s), fileFindings(resourcesOf(s))...)
}

// place finds a cgroup that lies elsewhere.
func (c *CgroupsPath) place(s *Subject) []Finding {
	own := ""
	if s.Spec.Linux != nil {
		own = s.Spec.Linux.CgroupsPath
	}
	parent, driver, ok := cgroupParent(own)
	switch {
	case ok && c.CgroupDriver != "" && driver != c.CgroupDriver:
		return []Finding{{Found: "cgroup " + own + " has the form of the cgroup driver " + string(driver), Allowed: string(c.CgroupDriver)}}
	case ok && (slices.Contains(c.Allowed, CgroupDir(parent)) || c.ofPod(parent, driver, &s.Pod)):
		return nil
	}
	return []Finding{{Found: "cgroup " + orUnnamed(own) + " is not inside the pod's cgroup", Allowed: c.allowed(&s.Pod)}}
}

// cgroupParent is the path of the cgroup in which one lies that is written as a
// path, or for systemd as slice:prefix:name, and the driver that it is written for. It
// is false for what names none.
func cgroupParent(cgroup string) (parent string, driver CgroupDriver, ok bool) {
	if slice, scope, systemd := strings.Cut(cgroup, ":"); systemd {
		prefix, id, named := strings.Cut(scope, ":")
		if !named || prefix == "" || id == "" || strings.Contains(scope, "/") || strings.Contains(id, ":") || strings.HasSuffix(id, ".slice") {
			return "", "", false
		}
		// CRI-O writes the last of nested slices, and its kubelet's whole path
		// too. The last names those above it.
		dir, ok := slicePath(path.Base(slice))
		return dir, systemdCgroups, ok && (slice == path.Base(slice) || "/"+strings.TrimPrefix(slice, "/") == dir)
	}
	if !path.IsAbs(cgroup) || path.Clean(cgroup) != cgroup || cgroup == "/" {
		return "", "", false
	}
	return path.Dir(cgroup), fileCgroups, true
}

// slicePath is where systemd has a slice: a-b.slice lies in a.slice.
func slicePath(slice string) (dir string, ok bool) {
	stem, ok := strings.CutSuffix(slice, ".slice")
	if !ok {
		return "", false
	}
	parts := strings.Split(stem, "-")
	for i, p := range parts {
		if p == "" {
			return "", false
		}
		dir += "/" + strings.Join(parts[:i+1], "-") + ".slice"
	}
	return dir, true
}

// ofPod reports whether a cgroup is the one that the kubelet makes for the pod, with
// that driver.
func (c *CgroupsPath) ofPod(dir string, driver CgroupDriver, pod *Pod) bool {
	if pod.UID == "" {
		return pod.Unseen && strings.Contains(path.Base(dir), "pod")
	}
	name, uid := path.Base(dir), pod.UID
	if driver == systemdCgroups {
		name = strings.TrimSuffix(name, ".slice")
		name = name[strings.LastIndex(name, "-")+1:]
		uid = strings.ReplaceAll(uid, "-", "_")
	}
	if of, ok := strings.CutPrefix(name, "pod"); !ok || of != uid {
		return false
	}
	return len(c.Roots) == 0 || slices.ContainsFunc(c.Roots, func(root CgroupDir) bool {
		return slices.ContainsFunc([]string{"", "burstable", "besteffort"}, func(qos string) bool {
			if driver == systemdCgroups {
				return dir == root.slices("kubepods", qos, name)
			}
			return dir == path.Join(string(root), "kubepods", qos, name)
		})
	})
}

// slices is the path of nested slices below the root.
func (d CgroupDir) slices(names ...string) string {
	var parts []string
	for part := range strings.SplitSeq(string(d), "/") {
		if stem, ok := strings.CutSuffix(part, ".slice"); ok {
			part = stem[strings.LastIndex(stem, "-")+1:]
		}
		parts = append(parts, strings.ReplaceAll(part, "-", "_"))
	}
	parts = slices.DeleteFunc(append(parts, names...), func(p string) bool { return p == "" })
	dir, _ := slicePath(strings.Join(parts, "-") + ".slice")
	return dir
}

func (c *CgroupsPath) allowed(pod *Pod) string {
	names := []string{"the kubelet's pod" + pod.UID}
	for _, r := range c.Roots {
		names = append(names, "below "+string(r))
	}
	return joined(append(names, texts(c.Allowed)...))
}
