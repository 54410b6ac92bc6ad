package mounts

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/moby/sys/mountinfo"

	"github.com/specguard/specguard/policy"
)

// Compare finds where what is mounted in a container is not what was judged.
// node is the table of the node, container the one of the container's first
// process, seen from the container's root.
//
// Of every host path that was judged the container must have the very mount.
// And each mount that shows a file system of the node must be one that was
// judged, or have come with one: what is mounted below it on the node.
func Compare(judged *policy.JudgedMounts, node, container Table) []policy.Violation {
	c := comparison{judged: judged, container: container, devices: make(map[string]bool), came: make(map[Identity]bool), told: make(map[*mountinfo.Info]bool)}
	for _, m := range node {
		c.devices[device(m)] = true
	}
	paths := newTree(node)
	for i := range judged.Binds {
		c.expect(&judged.Binds[i], paths)
	}
	return append(c.missing(), c.unexpected()...)
}

// changed is the likely reason for another mount.
const changed = "; a path may have changed while the container was created"

type comparison struct {
	judged    *policy.JudgedMounts
	container Table
	devices   map[string]bool // of the node's file systems
	binds     []expected
	told      map[*mountinfo.Info]bool // what is said of in another finding
	came      map[Identity]bool        // with a bind mount, from below its source
}

// expected is a bind mount, and what it shows.
type expected struct {
	*policy.JudgedBind
	Identity
	known bool
}

func (c *comparison) expect(b *policy.JudgedBind, node *tree) {
	id, ok := node.at(path.Clean(b.Source))
	c.binds = append(c.binds, expected{JudgedBind: b, Identity: id, known: ok})
	if b.Recursive {
		for _, below := range node.inside(path.Clean(b.Source)) {
			c.came[below] = true
		}
	}
}

// missing finds judged mounts of the host that are not there, or not with the
// options that they must have.
func (c *comparison) missing() []policy.Violation {
	left := make(map[Identity]int)
	for _, m := range c.container {
		left[identity(m)]++
	}
	var out []policy.Violation
	for i := range c.binds {
		b := &c.binds[i]
		if !b.known || left[b.Identity] == 0 || c.judged.Hooks && b.Host && !c.isAt(b) {
			if b.Host {
				out = append(out, c.violation(fmt.Sprintf("host path %s at %s: %s", b.Source, b.Destination, c.instead(b))))
			}
			continue
		}
		left[b.Identity]--
		out = append(out, c.withoutOptions(b)...)
	}
	return out
}

// isAt tells whether the mount is where the spec says. Where other programs may
// have mounted more, it has to be: what they mount must not stand for it.
func (c *comparison) isAt(b *expected) bool {
	return slices.ContainsFunc(c.container, func(m *mountinfo.Info) bool {
		return m.Mountpoint == b.Destination && identity(m) == b.Identity
	})
}

// instead says what is mounted in the place of a judged mount.
func (c *comparison) instead(b *expected) string {
	for _, m := range slices.Backward(c.container) {
		if m.Mountpoint == b.Destination {
			c.told[m] = true
			return fmt.Sprintf("the kernel has mounted %s there, and not %s%s", identity(m), b.Identity, changed)
		}
	}
	return fmt.Sprintf("the kernel has not mounted %s%s", b.Identity, changed)
}

func (c *comparison) violation(found string) policy.Violation {
	return policy.Violation{Policy: c.judged.Policy, Rule: c.judged.Rule, Finding: policy.Finding{Found: found}}
}

// withoutOptions finds options that a rule wants and that the kernel does not
// show. Where links of the image lead the destination elsewhere, every mount of
// the same must have them.
func (c *comparison) withoutOptions(b *expected) []policy.Violation {
	var out []policy.Violation
	for _, m := range c.mountsOf(b) {
		for _, o := range b.Options {
			for _, n := range c.meant(m, o.Option) {
				if !hasOption(n, o.Option.Plain()) {
					out = append(out, policy.Violation{Policy: o.Policy, Rule: o.Rule, Finding: policy.Finding{
						Found: fmt.Sprintf("%s at %s is not mounted %s by the kernel", b.Source, n.Mountpoint, o.Option),
					}})
				}
			}
		}
	}
	return out
}

// meant are the mounts that an option is for: a recursive one is for what has
// come with the mount, too.
func (c *comparison) meant(m *mountinfo.Info, o policy.MountOption) []*mountinfo.Info {
	out := []*mountinfo.Info{m}
	if !o.Recursive() {
		return out
	}
	for _, n := range c.container {
		if rest, in := under(m.Mountpoint, n.Mountpoint); in && rest != "" && c.came[identity(n)] {
			out = append(out, n)
		}
	}
	return out
}

// mountsOf are the mounts that the judged one has become.
func (c *comparison) mountsOf(b *expected) []*mountinfo.Info {
	var all []*mountinfo.Info
	for _, m := range c.container {
		if identity(m) != b.Identity {
			continue
		}
		if m.Mountpoint == b.Destination {
			return []*mountinfo.Info{m}
		}
		if !c.isDestination(m.Mountpoint) {
			all = append(all, m)
		}
	}
	return all
}

func (c *comparison) isDestination(point string) bool {
	return slices.ContainsFunc(c.binds, func(b expected) bool { return b.Destination == point })
}

// hasOption tells whether the mount, or its file system, has the option.
func hasOption(m *mountinfo.Info, option string) bool {
	has := func(options string) bool { return slices.Contains(strings.Split(options, ","), option) }
	return has(m.Options) || has(m.VFSOptions)
}

// unexpected finds mounts that show a file system of the node and were not
// judged.
func (c *comparison) unexpected() []policy.Violation {
	var out []policy.Violation
	for _, m := range c.container {
		if m.Mountpoint == "/" || !c.devices[device(m)] || c.told[m] || c.ofKernel(m) || c.isDevice(m) || c.explained(identity(m)) ||
			c.judged.Hooks && !c.atDestination(m.Mountpoint) {
			continue
		}
		out = append(out, c.violation(fmt.Sprintf("the kernel has mounted %s at %s, which was not judged%s", identity(m), m.Mountpoint, changed)))
	}
	return out
}

// ofKernel tells whether it is a file system of the kernel, where one was judged.
func (c *comparison) ofKernel(m *mountinfo.Info) bool {
	types := []string{"proc", "sysfs", "cgroup", "cgroup2", "mqueue", "devpts"}
	return slices.Contains(types, m.FSType) && slices.ContainsFunc(c.judged.Kernel, func(at string) bool {
		_, ok := under(at, m.Mountpoint)
		return ok
	})
}

// isDevice tells whether it is a device node that the container has by its spec,
// or /dev/null, with which runtimes mask files.
func (c *comparison) isDevice(m *mountinfo.Info) bool {
	usual := []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"}
	if m.FSType != "devtmpfs" {
		return false
	}
	node := path.Join("/dev", m.Root)
	return node == "/dev/null" || node == m.Mountpoint && (slices.Contains(usual, node) || slices.Contains(c.judged.Devices, node))
}

func (c *comparison) explained(id Identity) bool {
	return c.came[id] || slices.ContainsFunc(c.binds, func(b expected) bool { return b.known && b.Identity == id })
}

// atDestination tells whether the point is a judged mount's, or lies in one.
func (c *comparison) atDestination(point string) bool {
	return slices.ContainsFunc(c.binds, func(b expected) bool {
		_, in := under(b.Destination, point)
		return in
	})
}
