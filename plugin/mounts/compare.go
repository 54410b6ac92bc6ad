package mounts

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/moby/sys/mountinfo"

	"github.com/specguard/specguard/policy"
)

// Compare returns where the mounts of a container differ from what was judged. node has the
// mounts of the node. container has those of the container's first process, relative to the
// container's root. rootfs is the place of the container's root filesystem on the node; ""
// if the node does not show it.
//
// For every host path that was judged, the container must have exactly that mount. And
// every mount that shows a file system of the node must have been judged, or have come with
// a judged one: it is mounted below that one on the node, at the same place.
func Compare(judged *policy.JudgedMounts, rootfs string, node, container Table) []policy.Violation {
	c := newComparison(judged, node, container)
	if rootfs != "" {
		c.rootfs = path.Clean(rootfs)
		c.root, _ = c.node.at(c.rootfs)
	}
	return append(c.missing(), c.unexpected()...)
}

// changed is the likely reason for a different mount.
const changed = "; a path may have changed while the container was created"

type comparison struct {
	judged    *policy.JudgedMounts
	node      *tree
	container Table
	rootfs    string   // where the root filesystem is on the node
	root      Identity // of that
	devices   map[string]bool
	onNode    map[Identity][]string // the points of the node's mounts
	byID      map[int]*mountinfo.Info
	inside    map[located]*mountinfo.Info // the container's
	binds     []*expected
	at        map[located][]*expected // by destination
	shows     map[Identity][]*expected
	sources   map[Identity][]string // of recursive binds, each once
	reported  map[*mountinfo.Info]bool
}

// expected is a bind mount, and what it shows.
type expected struct {
	*policy.JudgedBind
	Identity
	found bool // the source is mounted on the node
}

// located is something that is mounted at a point.
type located struct {
	point string
	Identity
}

func where(m *mountinfo.Info) located { return located{m.Mountpoint, identity(m)} }

func newComparison(judged *policy.JudgedMounts, node, container Table) *comparison {
	c := &comparison{
		judged: judged, node: newTree(node), container: container,
		devices: make(map[string]bool), onNode: make(map[Identity][]string), byID: make(map[int]*mountinfo.Info),
		inside: make(map[located]*mountinfo.Info),
		at:     make(map[located][]*expected), shows: make(map[Identity][]*expected), sources: make(map[Identity][]string),
		reported: make(map[*mountinfo.Info]bool),
	}
	for _, m := range node {
		c.devices[device(m)] = true
		c.onNode[identity(m)] = append(c.onNode[identity(m)], m.Mountpoint)
	}
	for _, m := range container {
		c.byID[m.ID] = m
		c.inside[where(m)] = m
	}
	for i := range judged.Binds {
		c.expect(&judged.Binds[i])
	}
	return c
}

func (c *comparison) expect(b *policy.JudgedBind) {
	source := path.Clean(b.Source)
	id, ok := c.node.at(source)
	e := &expected{JudgedBind: b, Identity: id, found: ok}
	c.binds = append(c.binds, e)
	if !ok {
		return
	}
	at := located{b.Destination, id}
	c.at[at] = append(c.at[at], e)
	c.shows[id] = append(c.shows[id], e)
	if b.Recursive && !slices.Contains(c.sources[id], source) {
		c.sources[id] = append(c.sources[id], source)
	}
}

// missing returns the judged mounts of the host that are not there. Each needs a mount of
// its own. If other programs may have mounted more, it must be at the spec's destination,
// because what they mount must not count for it. If not, links of the image may have led it
// elsewhere; but a mount that came with another one does not count for it either.
func (c *comparison) missing() []policy.Violation {
	left := make(map[located]int)
	for _, m := range c.container {
		left[where(m)]++
	}
	var elsewhere []*expected
	for _, b := range c.binds {
		at := located{b.Destination, b.Identity}
		if b.found && left[at] > 0 {
			left[at]--
			continue
		}
		elsewhere = append(elsewhere, b)
	}
	if len(elsewhere) == 0 {
		return nil
	}
	free := make(map[Identity]int)
	for _, m := range c.container {
		if at := where(m); left[at] > 0 && len(c.cameWith(m)) == 0 && c.copied(m) == nil {
			left[at]--
			free[at.Identity]++
		}
	}
	var out []policy.Violation
	for _, b := range elsewhere {
		switch {
		case b.found && !c.judged.Hooks && free[b.Identity] > 0:
			free[b.Identity]--
		case b.Host:
			out = append(out, c.violation(fmt.Sprintf("host path %s at %s: %s", b.Source, b.Destination, c.instead(b))))
		}
	}
	return out
}

// instead says what is mounted in place of a judged mount.
func (c *comparison) instead(b *expected) string {
	for _, m := range slices.Backward(c.container) {
		if m.Mountpoint == b.Destination && identity(m) != b.Identity {
			c.reported[m] = true
			return fmt.Sprintf("the kernel has mounted %s there, and not %s%s", identity(m), b.Identity, changed)
		}
	}
	return fmt.Sprintf("the kernel has not mounted %s%s", b.Identity, changed)
}

func (c *comparison) violation(found string) policy.Violation {
	return policy.Violation{Policy: c.judged.Policy, Rule: c.judged.Rule, Finding: policy.Finding{Found: found}}
}

// unexpected returns the mounts that show a file system of the node and were not judged,
// and those that lack options that they must have.
func (c *comparison) unexpected() []policy.Violation {
	var out []policy.Violation
	for _, m := range c.container {
		if c.reported[m] || m.Mountpoint == "/" && identity(m) == c.root || c.judged.Hooks && !c.atDestination(m.Mountpoint) {
			continue
		}
		if of := c.copied(m); of != nil {
			out = append(out, withoutOptions(m, c.bindsOf(of), len(c.cameWith(of)) > 0)...)
			continue
		}
		if with := c.cameWith(m); len(with) > 0 {
			out = append(out, withoutOptions(m, with, true)...)
			continue
		}
		if binds := c.bindsOf(m); len(binds) > 0 {
			out = append(out, withoutOptions(m, binds, false)...)
			continue
		}
		if c.devices[device(m)] && !c.ofKernel(m) && !c.isDevice(m) {
			out = append(out, c.violation(fmt.Sprintf("the kernel has mounted %s at %s, which was not judged%s", identity(m), m.Mountpoint,
				changed)))
		}
	}
	return out
}

// bindsOf returns the judged mounts that m can be: those that show the same at m's point;
// if there are none, all that show the same, because links of the image may have led one
// there.
func (c *comparison) bindsOf(m *mountinfo.Info) []*expected {
	if here := c.at[where(m)]; len(here) > 0 {
		return here
	}
	return c.shows[identity(m)]
}

// cameWith returns the judged mounts with which m has come: m is at the place in one of
// them at which it is on the node in that one's source.
func (c *comparison) cameWith(m *mountinfo.Info) []*expected {
	points := c.onNode[identity(m)]
	if len(points) == 0 {
		return nil
	}
	above := c.byID[m.Parent]
	for range c.container {
		if above == nil || above == m {
			break
		}
		for _, point := range points {
			if c.cameFrom(point, m, above) {
				return c.bindsOf(above)
			}
		}
		above = c.byID[above.Parent]
	}
	return nil
}

// cameFrom reports whether m is in the mount above it at the place at which the point on
// the node is in a source of that mount.
func (c *comparison) cameFrom(point string, m, above *mountinfo.Info) bool {
	if len(m.Mountpoint)-len(above.Mountpoint) > len(point) { // with long paths the rest takes time
		return false
	}
	rest, in := under(above.Mountpoint, m.Mountpoint)
	source, ends := strings.CutSuffix(point, "/"+rest)
	return in && rest != "" && ends && slices.Contains(c.sources[identity(above)], path.Join("/", source))
}

// copied returns the container's mount of which m is a copy; nil if there is none. A bind
// mount of the node's root contains the container's root filesystem, with everything
// mounted in it until then. Each of these mounts is compared in its own place.
func (c *comparison) copied(m *mountinfo.Info) *mountinfo.Info {
	above := c.byID[m.Parent]
	for range c.container {
		if above == nil || above == m || c.rootfs == "" {
			return nil
		}
		if len(m.Mountpoint)-len(above.Mountpoint) > 0 && len(c.sources[identity(above)]) > 0 {
			rest, in := under(above.Mountpoint, m.Mountpoint)
			for _, source := range c.sources[identity(above)] {
				point, own := under(c.rootfs, path.Join(source, rest))
				if of := c.inside[located{"/" + point, identity(m)}]; in && own && of != nil {
					return of
				}
			}
		}
		above = c.byID[above.Parent]
	}
	return nil
}

// withoutOptions returns the options that rules require of the binds and the kernel does
// not show. Mounts that came with them need only the recursive options.
func withoutOptions(m *mountinfo.Info, binds []*expected, came bool) []policy.Violation {
	var out []policy.Violation
	for _, b := range binds {
		for _, o := range b.Options {
			if came && !o.Option.Recursive() || hasOption(m, o.Option.Plain()) {
				continue
			}
			v := policy.Violation{Policy: o.Policy, Rule: o.Rule, Finding: policy.Finding{
				Found: fmt.Sprintf("%s at %s is not mounted %s by the kernel", b.Source, m.Mountpoint, o.Option),
			}}
			if !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	return out
}

// hasOption reports whether the mount, or its file system, has the option.
func hasOption(m *mountinfo.Info, option string) bool {
	has := func(options string) bool { return slices.Contains(strings.Split(options, ","), option) }
	return has(m.Options) || has(m.VFSOptions)
}

// ofKernel reports whether m is a file system of the kernel where one was judged, or a part
// of it in its own place, as runtimes mount to protect it. If it was judged read-only, it
// must be read-only, with nothing mounted over it.
func (c *comparison) ofKernel(m *mountinfo.Info) bool {
	return slices.ContainsFunc(c.judged.Kernel, func(k policy.JudgedKernel) bool {
		rest, in := under(k.Destination, m.Mountpoint)
		if !in || k.Type == "tmpfs" || strings.TrimSuffix(k.Type, "2") != strings.TrimSuffix(m.FSType, "2") || k.ReadOnly && !hasOption(m, "ro") {
			return false
		}
		if strings.HasPrefix(k.Type, "cgroup") { // its root is the container's own cgroup
			return !strings.Contains(rest, "/")
		}
		return m.Root == "/"+rest && !c.stacked(m)
	})
}

// stacked reports whether another mount of the same type is at the same place.
func (c *comparison) stacked(m *mountinfo.Info) bool {
	return slices.ContainsFunc(c.container, func(o *mountinfo.Info) bool {
		return o != m && o.Mountpoint == m.Mountpoint && o.FSType == m.FSType
	})
}

// isDevice reports whether m is a device node that the spec gives the container, or
// /dev/null, with which runtimes mask files.
func (c *comparison) isDevice(m *mountinfo.Info) bool {
	usual := []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"}
	dev, ok := c.node.at("/dev") // a tmpfs where the node is itself a container
	rest, in := under(dev.Root, m.Root)
	if !ok || !in || device(m) != dev.Device {
		return false
	}
	node := path.Join("/dev", rest)
	return node == "/dev/null" || node == m.Mountpoint && (slices.Contains(usual, node) || slices.Contains(c.judged.Devices, node))
}

// atDestination reports whether the point is a judged mount's destination, or is in one.
func (c *comparison) atDestination(point string) bool {
	return slices.ContainsFunc(c.binds, func(b *expected) bool {
		_, in := under(b.Destination, point)
		return in
	})
}
