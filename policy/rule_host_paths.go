package policy

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/policy/strict"
)

// HostPaths bounds which of the host's files a container sees. Every mount
// counts that is neither a file system of the kernel nor made for this
// container by the kubelet or the container runtime. Those are told by the
// pod's uid and the runtime's ids in their paths, in the kubelet's folder and
// the runtime's (host.kubeletDir and host.runtimeDirs of the agent's
// configuration). Of a volume the root alone is the kubelet's: a folder in a
// volume that is mounted as a hostPath is a path of the host as any other.
//
// Symlinks are followed where the host's files can be seen, in what is mounted
// and in what is allowed. Where containers may write, one of them may have made
// the link: in the kubelet's folder of pods, and below every path that any
// policy allows without readOnly, also one in mode audit or for other
// containers. An allowed path that leads over a link there covers nothing, and
// what is mounted over one is neither the kubelet's nor the runtime's. Folders
// are compared by path: of one that is mounted on the host in two places, name
// both.
//
// Before the container starts, what the kernel has mounted in it is compared
// with what was judged: a container in which a path has been replaced meanwhile
// is refused. Where the node does not show the mounts (a runtime in a virtual
// machine, an agent that does not see the host's files), a path that lies below one where containers may write, or that leads over a link
// there, is refused: it could be replaced before it is mounted.
//
// A mount with id mappings shows and makes files under other ids: with those of
// the pod's user namespace, as the kubelet asks for it, or not at all. That holds
// for every mount, be it of the host's files or of a volume.
//
// In the place of a mount that adjusting removes at /proc, /sys, /dev or below
// those, the runtime's own comes back.
//
// A mount that is read-only ("ro") is so itself. File systems that are mounted
// below it may be writable, unless the container asks for a recursive read-only
// mount ("rro").
//
// Reads: mounts, with their uidMappings and gidMappings (OCI runtime spec,
// config.md, "Mounts"), linux.uidMappings and linux.gidMappings.
// Adjusts: makes a mount read-only, with what is mounted below it where the
// kernel can (Linux 5.12), makes its propagation private or slave, removes one
// that is not allowed. The root filesystem, which a runtime makes
// shared for the sake of a shared mount, becomes a slave where none is left.
// Source: mount_namespaces(7); Pod Security Standards, Baseline, "HostPath
// Volumes".
// Example: {onViolation: adjust, allowed: [{path: /var/log, readOnly: true}, {path: /srv/data}]}
type HostPaths struct {
	Base `yaml:",inline"`

	// Allowed lists the paths that may be mounted, with what lies below. Of
	// several that cover a mount the longest counts.
	// Default: none.
	Allowed []AllowedPath `yaml:"allowed"`
}

// AllowedPath is a path of the host that may be mounted, and how.
type AllowedPath struct {
	// Path covers itself and what lies below it. What belongs to a container
	// runtime (sockets, state), the kubelet or specguard is covered only by a
	// path that names it, or lies in it, or is the very path that is mounted:
	// /run covers /run/foo, not /run/containerd.
	Path absPath `yaml:"path"`

	// ReadOnly: the mount must be read-only.
	ReadOnly bool `yaml:"readOnly"`

	// Propagation is the strongest mount propagation allowed.
	// Default: None.
	Propagation Propagation `yaml:"propagation"`
}

// Validate wants a path.
func (a *AllowedPath) Validate() error {
	if a.Path == "" {
		return strict.Field("path", "is missing")
	}
	return nil
}

// JSONSchema says what Validate wants.
func (AllowedPath) JSONSchema() map[string]any { return strict.Required("path") }

// Validate refuses a path that stands twice.
func (h *HostPaths) Validate() error {
	for i, a := range h.Allowed {
		if slices.ContainsFunc(h.Allowed[:i], func(b AllowedPath) bool { return a.Path == b.Path }) {
			return strict.Field("allowed", "has %s twice", a.Path)
		}
	}
	return nil
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

// Propagation says whether mounts made later are seen on the other side, in
// the words of Kubernetes' mountPropagation.
type Propagation string

// The propagations, in order of strength.
const (
	PropagationNone            Propagation = "None"            // private
	PropagationHostToContainer Propagation = "HostToContainer" // slave
	PropagationBidirectional   Propagation = "Bidirectional"   // shared
)

// UnmarshalText reads a propagation; an unknown one is an error that names the
// known ones.
func (p *Propagation) UnmarshalText(text []byte) error {
	return oneOf(p, text, PropagationNone, PropagationHostToContainer, PropagationBidirectional)
}

// JSONSchema lists the propagations.
func (Propagation) JSONSchema() map[string]any {
	return strict.Enum(PropagationNone, PropagationHostToContainer, PropagationBidirectional)
}

func (p Propagation) strength() int {
	return slices.Index([]Propagation{PropagationHostToContainer, PropagationBidirectional}, p) + 1
}

// Check finds mounts of the host's paths that are not allowed, or not so.
func (h *HostPaths) Check(s *Subject) []Finding {
	var out []Finding
	for _, i := range s.foreignIDs() {
		out = append(out, Finding{
			Found: s.volumeName(&s.Spec.Mounts[i]) + " maps user or group ids", Allowed: "the mappings of the pod's own user namespace",
		})
	}
	mounts := s.hostMounts()
	if len(mounts) == 0 {
		return out
	}
	j := h.judge(s)
	for _, hm := range mounts {
		out = append(out, j.findings(hm)...)
	}
	return out
}

// Adjust makes mounts comply with the path that covers them and removes those
// that none covers.
func (h *HostPaths) Adjust(s *Subject) []string {
	j := h.judge(s)
	var done []string
	removed := make(map[int]bool)
	for _, hm := range s.hostMounts() {
		m := &s.Spec.Mounts[hm.at]
		name := fmt.Sprintf("host path %s at %s", m.Source, m.Destination)
		entry, _ := j.covering(hm)
		if remounts(m) { // it may be what protects
			continue
		}
		if entry == nil {
			removed[hm.at] = true
			done = append(done, "removed "+name)
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
	done = append(done, s.removeMounts(removed)...)
	if unshareRoot(s.Spec) {
		done = append(done, "lowered the propagation of the root filesystem")
	}
	return done
}

// unshareRoot makes a shared root filesystem a slave of the host's where no
// mount is shared, and tells whether it did.
func unshareRoot(spec *specs.Spec) bool {
	shared := func(options ...string) bool { return propagation(options) == PropagationBidirectional }
	if spec.Linux == nil || !shared(spec.Linux.RootfsPropagation) ||
		slices.ContainsFunc(spec.Mounts, func(m specs.Mount) bool { return shared(m.Options...) }) {
		return false
	}
	spec.Linux.RootfsPropagation = "rslave"
	return true
}

// pathJudge is the rule with its paths resolved for one container.
type pathJudge struct {
	rule      *HostPaths
	subject   *Subject
	allowed   []allowedPlace // as in rule.Allowed
	sensitive []sensitivePath
}

// allowedPlace is where an allowed path leads.
type allowedPlace struct {
	resolution

	// stray is why it covers nothing: a container may have made it lead there.
	stray string
}

func (h *HostPaths) judge(s *Subject) *pathJudge {
	j := &pathJudge{rule: h, subject: s, allowed: make([]allowedPlace, len(h.Allowed)), sensitive: sensitivePaths(s)}
	for i, a := range h.Allowed {
		at := allowedPlace{resolution: s.lookUp(string(a.Path))}
		if link, place := s.strayLink(at.links, resolution{}); link != "" {
			at.stray = fmt.Sprintf("the allowed path %s leads over the link %s, in %s, where containers may write", a.Path, link, place)
		}
		j.allowed[i] = at
	}
	return j
}

// writablePaths are the paths of the host that the policies allow to mount
// writable, sorted, each once.
func writablePaths(policies []*compiled) []string {
	var out []string
	for _, p := range policies {
		for _, a := range p.allowedPaths() {
			if !a.ReadOnly {
				out = append(out, string(a.Path))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (j *pathJudge) findings(hm hostMount) []Finding {
	m := &j.subject.Spec.Mounts[hm.at]
	name := j.name(hm)
	entry, why := j.covering(hm)
	switch {
	case entry == nil && why != "":
		return []Finding{{Found: fmt.Sprintf("%s is not allowed: %s", name, why), Allowed: j.list()}}
	case entry == nil:
		return []Finding{{Found: name + " is not allowed", Allowed: j.list()}}
	}
	var out []Finding
	if entry.ReadOnly && !isReadOnly(m) {
		out = append(out, Finding{Found: name + " is writable", Allowed: entry.String()})
	}
	if p := propagation(m.Options); p.strength() > entry.Propagation.strength() {
		out = append(out, Finding{Found: fmt.Sprintf("%s has propagation %s", name, p), Allowed: entry.String()})
	}
	return out
}

// covering gives the allowed path that speaks for the mount: the longest of
// those that cover it. One that a container may have made lead there speaks
// against it: what containers do, or other policies allow, never allows more.
// Where none does, why may say more.
func (j *pathJudge) covering(hm hostMount) (entry *AllowedPath, why string) {
	if hm.err != nil {
		return nil, hm.err.Error()
	}
	best := -1
	for i, at := range j.allowed {
		if j.covers(at, hm.source) && (best < 0 || len(at.path) > len(j.allowed[best].path)) {
			best = i
		}
	}
	if best < 0 {
		return nil, ""
	}
	if why := cmp.Or(j.allowed[best].stray, j.unsafe(hm)); why != "" {
		return nil, why
	}
	return &j.rule.Allowed[best], ""
}

// unsafe says why the mount may show something else than is judged; "" where
// that will be seen, or cannot be.
func (j *pathJudge) unsafe(hm hostMount) string {
	s := j.subject
	if s.MountsUnverified == "" {
		return ""
	}
	at, place := hm.source, s.writableAround(hm.source)
	if place == "" {
		at, place = s.strayLink(hm.links, resolution{})
	}
	if place == "" {
		return ""
	}
	return fmt.Sprintf("%s lies in %s, where containers may write and can replace it before it is mounted, and what gets mounted cannot be compared: %s",
		at, place, s.MountsUnverified)
}

func (j *pathJudge) covers(allowed allowedPlace, source string) bool {
	if _, ok := under(allowed.path, source); !ok || allowed.err != nil {
		return false
	}
	return allowed.path == source || !slices.ContainsFunc(j.sensitive, func(p sensitivePath) bool {
		_, named := under(p.path, allowed.path)
		return p.touches(source) && !named
	})
}

// name describes the mount in a message.
func (j *pathJudge) name(hm hostMount) string {
	m := &j.subject.Spec.Mounts[hm.at]
	name := "host path " + m.Source
	if m.Type != "bind" && !path.IsAbs(m.Source) {
		name = fmt.Sprintf("mount of type %q", m.Type)
	}
	var notes []string
	if hm.source != m.Source {
		notes = append(notes, "that is "+hm.source)
	}
	switch owner := j.owner(hm.source); {
	case strings.Contains(hm.source, "/volume-subpaths/"):
		notes = append(notes, "a subPath that may be of a hostPath volume")
	case owner != "":
		notes = append(notes, owner)
	case likeClaim(hm.source):
		notes = append(notes, "that may be of a claim bound to a hostPath volume")
	}
	if j.subject.likeRuntimeMade(m, hm.source) {
		notes = append(notes, "like the container runtime's own, but in none of the folders in host.runtimeDirs")
	}
	if len(notes) > 0 {
		name += " (" + strings.Join(notes, ", ") + ")"
	}
	return name + " at " + m.Destination
}

// owner says whose the path is where that is no ordinary path.
func (j *pathJudge) owner(source string) string {
	holds := ""
	for _, p := range j.sensitive {
		if _, in := under(p.path, source); in {
			return p.owner + " own"
		}
		if p.touches(source) && holds == "" {
			holds = "with " + p.owner + " " + p.path
		}
	}
	return holds
}

func (j *pathJudge) list() string {
	var out []string
	for i := range j.rule.Allowed {
		if i == maxListed {
			out = append(out, fmt.Sprintf("and %d more", len(j.rule.Allowed)-i))
			break
		}
		out = append(out, j.rule.Allowed[i].String())
	}
	return listOrNone(out)
}
