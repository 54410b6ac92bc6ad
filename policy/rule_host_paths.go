package policy

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/policy/strict"
)

// HostPaths bounds which of the host's files a container sees. Every mount
// counts that is neither a file system of the kernel nor made for this
// container by the kubelet (its volumes) or the container runtime. Those are
// told by the pod's uid and the runtime's ids in their paths.
//
// Symlinks are followed where the host's files can be seen, in what is mounted
// and in what is allowed. Two limits remain. The path is looked at before the
// runtime mounts it, so who can write its parent directory can swap a symlink
// in between: do not allow paths below directories that containers can write.
// And "ro" does not reach file systems mounted below the path, unless the
// container asks for a recursive read-only mount ("rro").
//
// An allowed path that is a link within another allowed path covers nothing,
// unless that one is read-only: a container could have made the link.
//
// Reads: mounts (OCI runtime spec, config.md, "Mounts").
// Adjusts: makes a mount read-only, makes its propagation private or slave,
// removes one that is not allowed. The root filesystem, which a runtime makes
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
	mounts := s.hostMounts()
	if len(mounts) == 0 {
		return nil
	}
	j := h.judge(s)
	var out []Finding
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
	var removed []int
	for _, hm := range s.hostMounts() {
		m := &s.Spec.Mounts[hm.at]
		name := fmt.Sprintf("host path %s at %s", m.Source, m.Destination)
		entry := j.covering(hm)
		if entry == nil {
			removed = append(removed, hm.at)
			done = append(done, "removed "+name)
			continue
		}
		if entry.ReadOnly && !isReadOnly(m.Options) {
			m.Options = readOnly(m.Options)
			done = append(done, "made "+name+" read-only")
		}
		if entry.Propagation.strength() < propagation(m.Options).strength() {
			m.Options = propagate(m.Options, entry.Propagation)
			done = append(done, fmt.Sprintf("lowered the propagation of %s to %s", name, propagation(m.Options)))
		}
	}
	for _, at := range slices.Backward(removed) {
		s.Spec.Mounts = slices.Delete(s.Spec.Mounts, at, at+1)
	}
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
	mounts    []specs.Mount
	allowed   []string // resolved, as in rule.Allowed; "" where it cannot be
	sensitive []sensitivePath
}

func (h *HostPaths) judge(s *Subject) *pathJudge {
	j := &pathJudge{rule: h, mounts: s.Spec.Mounts, allowed: make([]string, len(h.Allowed)), sensitive: sensitivePaths(s)}
	resolved := make([]string, len(h.Allowed))
	for i, a := range h.Allowed {
		if p, err := s.resolve(string(a.Path)); err == nil {
			resolved[i] = p
		}
	}
	for i, p := range resolved {
		if !h.strays(i, resolved) {
			j.allowed[i] = p
		}
	}
	return j
}

// strays tells whether the path leads out of another allowed path in which it
// lies and which containers may write: one of them may have made the link.
func (h *HostPaths) strays(i int, resolved []string) bool {
	for k, outer := range h.Allowed {
		rest, in := under(string(outer.Path), string(h.Allowed[i].Path))
		if in && rest != "" && !outer.ReadOnly && path.Join(resolved[k], rest) != resolved[i] {
			return true
		}
	}
	return false
}

func (j *pathJudge) findings(hm hostMount) []Finding {
	m := &j.mounts[hm.at]
	name := j.name(hm)
	entry := j.covering(hm)
	switch {
	case entry == nil && hm.err != nil:
		return []Finding{{Found: fmt.Sprintf("%s is not allowed: %s", name, hm.err), Allowed: j.list()}}
	case entry == nil:
		return []Finding{{Found: name + " is not allowed", Allowed: j.list()}}
	}
	var out []Finding
	if entry.ReadOnly && !isReadOnly(m.Options) {
		out = append(out, Finding{Found: name + " is writable", Allowed: entry.String()})
	}
	if p := propagation(m.Options); p.strength() > entry.Propagation.strength() {
		out = append(out, Finding{Found: fmt.Sprintf("%s has propagation %s", name, p), Allowed: entry.String()})
	}
	return out
}

// covering gives the allowed path that speaks for the mount: the longest of
// those that cover it.
func (j *pathJudge) covering(hm hostMount) *AllowedPath {
	if hm.err != nil {
		return nil
	}
	best := -1
	for i, p := range j.allowed {
		if j.covers(p, hm.source) && (best < 0 || len(p) > len(j.allowed[best])) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	return &j.rule.Allowed[best]
}

func (j *pathJudge) covers(allowed, source string) bool {
	if _, ok := under(allowed, source); !ok || allowed == "" {
		return false
	}
	return allowed == source || !slices.ContainsFunc(j.sensitive, func(p sensitivePath) bool {
		_, named := under(p.path, allowed)
		return p.touches(source) && !named
	})
}

// name describes the mount in a message.
func (j *pathJudge) name(hm hostMount) string {
	m := &j.mounts[hm.at]
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
