package policy

import (
	"fmt"
	"maps"
	"slices"

	"github.com/specguard/specguard/internal/strict"
)

// HostPaths limits which of the host's files a container sees. It judges every mount except file
// systems of the kernel and mounts that the kubelet or the container runtime made for this
// container. It recognizes the latter by their paths, which are in the kubelet's or the runtime's
// folder (host.kubeletDir and host.runtimeDirs of the agent's configuration) and contain the
// pod's uid or the runtime's id. Only a volume's root folder counts as the kubelet's: mounting a
// folder inside it as a hostPath counts as mounting a path of the host.
//
// If the agent can see the host's files, it follows symlinks in what is mounted and in what is
// allowed. But a container could have made a link where containers can write: in the kubelet's
// folder of pods, and below every path that any policy allows without readOnly (even a policy in
// mode audit or for other containers). The rule does not trust such links: an allowed path that
// leads through one covers nothing, and a mount that leads through one never counts as the
// kubelet's or the runtime's. The rule compares paths: if a folder is mounted in two places on
// the host, name both.
//
// A forbidden path is found by where its files are, whichever path leads there: through a symlink, a
// bind mount of the host, a subPath, or a volume of type local. The rule looks at everything that is
// mounted below a path, too. A volume of the pod that merely lies in a forbidden folder, such as an
// emptyDir if /var/lib is forbidden, is not meant. If Forbidden is set and Allowed is not, the rule allows
// everything else, with any propagation. (The profiles set Allowed to an empty list.) A read-only
// mount of a socket does not keep anyone from talking to it. A container that has the host's rights
// needs no mount: forbid that by rules privileged, capabilities and hostNamespaces.
//
// Before the container starts, the agent compares what the kernel has mounted in it with what it
// judged, and denies the container if a path has been replaced in the meantime. If the agent
// cannot see the mounts (a runtime in a virtual machine, an agent that does not see the host's
// files), it denies every path that a container could replace before it is mounted: one below a
// folder where containers can write, or one that leads through a link there. If Forbidden is set
// and Allowed is not, containers may write in every folder that neither is in a forbidden one nor
// contains one.
//
// With id mappings, files in a mount appear with other user and group ids, and are created with
// other ids. Every mount, of a host path or of a volume, must have either no id mappings or
// exactly those of the pod's user namespace, as the kubelet sets them.
//
// If adjusting removes a mount at or below /proc, /sys or /dev, the runtime's own mount appears
// again. Removing a mount may uncover files of the image, but never files of a volume or a host
// path: if the mount is inside one of those and that one stays, the container is denied instead.
//
// With propagation Bidirectional, the host sees what the container mounts in a volume. The API
// server lets only privileged containers ask for it, but any client of CRI can ask for it, too.
// To allow such a volume, add an entry with that propagation whose path contains the volume's
// folder below the kubelet's. A tmpfs or another file system of the kernel with this propagation
// always breaks the rule.
//
// A read-only mount ("ro") is itself read-only. File systems that are mounted below it may be
// writable, unless the container asks for a recursive read-only mount ("rro").
//
// Reads: mounts, with their uidMappings and gidMappings (OCI runtime spec, config.md,
// "Mounts"), linux.uidMappings and linux.gidMappings.
// Adjusts: makes a mount read-only (since Linux 5.12 including the mounts below it), makes its
// propagation private or slave, or removes a mount that is not allowed, unless the container can
// write to it (Remove). A mount that any policy removes is removed. If no shared mount is left, it
// also makes the root filesystem a slave: the runtime made it shared only for that mount.
// Source: mount_namespaces(7); Pod Security Standards, Baseline, "HostPath Volumes".
// Example: {onViolation: adjust, allowed: [{path: /var/log, readOnly: true}, {path: /srv/data}]}
type HostPaths struct {
	Base `yaml:",inline"`

	// Allowed lists the paths that may be mounted, including everything below them. If several
	// cover a mount, the longest counts.
	// Default: none; if Forbidden is set, all that are not forbidden.
	Allowed []AllowedPath `yaml:"allowed"`

	// Forbidden lists paths that must not be mounted, whatever Allowed says: neither the path,
	// nor what is below it, nor a folder that contains it.
	// Default: none.
	Forbidden []ForbiddenPath `yaml:"forbidden"`

	// Remove says which mounts that are not allowed the rule removes, with onViolation: adjust. It
	// denies the container because of the others.
	// Default: readOnly.
	Remove Removal `yaml:"remove"`

	// more are the paths that exceptions allow, one list for each. They are asked about a mount
	// that Allowed does not let pass.
	more [][]AllowedPath

	force force[*HostPaths] // with those of other policies, while it adjusts
}

// pathLists are the lists of allowed paths, Allowed first.
func (h *HostPaths) pathLists() [][]AllowedPath {
	return append([][]AllowedPath{h.Allowed}, h.more...)
}

// AllowedPath is a path of the host that may be mounted, and how.
type AllowedPath struct {
	// Path covers itself and everything below it, except the files of container runtimes (sockets,
	// state), the kubelet, systemd, etcd and specguard. To cover one of those, name it, a path
	// below it, or exactly the path that is mounted. /run covers /run/foo, but not
	// /run/containerd. For writable mounts, the folders with their programs and configuration are
	// excepted too, such as /usr/bin, /opt/cni and /etc/cdi.
	Path absPath `yaml:"path"`

	// ReadOnly: the mount must be read-only.
	ReadOnly bool `yaml:"readOnly"`

	// Propagation is the strongest mount propagation allowed.
	// Default: None.
	Propagation Propagation `yaml:"propagation"`
}

// Validate requires a path.
func (a *AllowedPath) Validate() error {
	if a.Path == "" {
		return strict.Field("path", "is missing")
	}
	return nil
}

// JSONSchema says what Validate requires.
func (AllowedPath) JSONSchema() map[string]any { return strict.Required("path") }

// Validate rejects a path that stands twice.
func (h *HostPaths) Validate() error {
	for i, a := range h.Allowed {
		if slices.ContainsFunc(h.Allowed[:i], func(b AllowedPath) bool { return a.Path == b.Path }) {
			return strict.Field("allowed", "has %s twice", a.Path)
		}
	}
	if err := h.validateForbidden(); err != nil {
		return err
	}
	return h.Remove.validate(h.Action())
}

// Warnings tells of a path that covers nearly everything, and of one that is forbidden again.
func (h *HostPaths) Warnings() []error {
	out := h.doubtForbidden()
	at := slices.IndexFunc(h.Allowed, func(a AllowedPath) bool { return a.Path == "/" })
	if at < 0 {
		return out
	}
	how := "reading and writing"
	if h.Allowed[at].ReadOnly {
		how = "reading"
	}
	return append(out, strict.Entry("allowed", at, "/ allows %s all files of the host, such as /etc/shadow and keys, but for those of "+
		"container runtimes, the kubelet, systemd, etcd and specguard, which need entries of their own", how))
}

func (a *AllowedPath) String() string {
	s := string(a.Path)
	if a.ReadOnly {
		s += " read-only"
	}
	if a.Propagation.strength() > 0 {
		s += " " + string(a.Propagation)
	}
	return s
}

// Check finds mounts of the host's paths that are not allowed, or not so.
func (h *HostPaths) Check(s *Subject) []Finding {
	var out []Finding
	for _, i := range s.foreignIDs() {
		out = append(out, Finding{
			Found: s.volumeName(&s.Spec.Mounts[i]) + " maps user or group ids", Allowed: "the mappings of the pod's own user namespace",
		})
	}
	for _, i := range h.sharedVolumes(s) {
		out = append(out, Finding{
			Found:   fmt.Sprintf("%s has propagation %s", s.volumeName(&s.Spec.Mounts[i]), PropagationBidirectional),
			Allowed: joined([]Propagation{PropagationNone, PropagationHostToContainer}),
			Fix:     fixPropagation(&s.Spec.Mounts[i]),
		})
	}
	mounts := s.hostMounts()
	if len(mounts) == 0 && len(h.Forbidden) == 0 {
		return out
	}
	j := h.judge(s)
	for _, hm := range mounts {
		out = append(out, j.findings(hm)...)
	}
	for _, v := range j.forbiddenVolumes() {
		m := &s.Spec.Mounts[v.at]
		name := s.volumeName(m)
		if note := j.kept(v.at); note != "" {
			name += " (" + note + ")"
		}
		out = append(out, Finding{Found: fmt.Sprintf("%s is not allowed: %s", name, v.why), Allowed: j.list(),
			Fix: "remove the volume that is mounted at " + mountPoint(m)})
	}
	return out
}

// unite has mounts removed that any of the rules removes, before one makes them read-only: another one
// might not remove them then.
func (h *HostPaths) unite(priority int, others []peer) Rule {
	united := *h
	united.force = forceOf(h, priority, others)
	return &united
}

// Adjust makes mounts comply with the path that covers them and removes those
// that none covers.
func (h *HostPaths) Adjust(s *Subject) []string {
	j := h.judge(s)
	var done []string
	removed := j.removal().removed
	for _, m := range h.force {
		if m.rule.Action() == Adjust {
			maps.Copy(removed, m.rule.judge(s).removal().removed)
		}
	}
	for _, hm := range s.hostMounts() {
		m := &s.Spec.Mounts[hm.at]
		name := fmt.Sprintf("host path %s at %s", m.Source, m.Destination)
		if removed[hm.at] {
			done = append(done, "removed "+name)
			continue
		}
		entry, _ := j.covering(hm)
		if entry == nil {
			continue
		}
		if entry.ReadOnly && !isReadOnly(m) {
			s.makeReadOnly(m)
			done = append(done, "made "+name+" read-only")
		}
		if entry.Propagation.strength() < propagation(m.Options).strength() {
			m.Options = propagate(m.Options, entry.Propagation)
			done = append(done, fmt.Sprintf("lowered the propagation of %s to %s", name, propagation(m.Options)))
		}
	}
	for i := range s.Spec.Mounts {
		if m := &s.Spec.Mounts[i]; removed[i] && !s.origin(m).host {
			done = append(done, "removed "+s.volumeName(m))
		}
	}
	for _, i := range h.sharedVolumes(s) {
		m := &s.Spec.Mounts[i]
		m.Options = propagate(m.Options, PropagationHostToContainer)
		done = append(done, fmt.Sprintf("lowered the propagation of %s to %s", s.volumeName(m), propagation(m.Options)))
	}
	done = append(done, s.removeMounts(removed)...)
	if unshareRoot(s.Spec) {
		done = append(done, "lowered the propagation of the root filesystem")
	}
	return done
}
