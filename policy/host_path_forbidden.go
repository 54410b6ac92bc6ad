package policy

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/specguard/specguard/internal/strict"
)

// ForbiddenPath is a path of the host, or the word RuntimeSockets. That stands for the sockets of
// container runtimes (containerd, CRI-O, Docker, Podman and others), of NRI and of the kubelet, with
// the folders that hold them, in their usual places and where the agent's configuration names them.
type ForbiddenPath string

// runtimeSockets is the word.
const runtimeSockets ForbiddenPath = "RuntimeSockets"

// UnmarshalText reads a path or the word.
func (f *ForbiddenPath) UnmarshalText(text []byte) error {
	if string(text) == string(runtimeSockets) {
		*f = runtimeSockets
		return nil
	}
	var p absPath
	if err := p.UnmarshalText(text); err != nil && path.IsAbs(string(text)) && path.Clean(string(text)) == string(text) {
		return err
	} else if err != nil {
		return fmt.Errorf("%q cannot be used here (allowed: %s, or an absolute path without \"..\", \"//\" or a slash at its end)",
			text, runtimeSockets)
	}
	*f = ForbiddenPath(p)
	return nil
}

// JSONSchema wants the word, or a path.
func (ForbiddenPath) JSONSchema() map[string]any {
	return strict.Named("forbidden path", map[string]any{"anyOf": []any{strict.Enum(runtimeSockets), absPath("").JSONSchema()}})
}

// allowsOthers reports whether the rule allows every path that it does not forbid.
func (h *HostPaths) allowsOthers() bool { return h.Allowed == nil && len(h.Forbidden) > 0 }

// validateForbidden wants a list that says something, and no allowed path that can never be mounted.
func (h *HostPaths) validateForbidden() error {
	if h.Forbidden != nil && len(h.Forbidden) == 0 {
		return strict.Field("forbidden", "is an empty list; leave it out to forbid no path")
	}
	for i, f := range h.Forbidden {
		for _, g := range h.Forbidden[:i] {
			if f == g {
				return strict.Field("forbidden", "has %s twice", f)
			}
		}
		for _, a := range h.Allowed {
			if _, in := under(string(f), string(a.Path)); in {
				return strict.Field("allowed", "has %s, which is forbidden by %s", a.Path, f)
			}
		}
	}
	return nil
}

// forbiddenPlace is where a forbidden path leads.
type forbiddenPlace struct {
	path string // with symlinks followed
	word string // RuntimeSockets, if that stands for it

	// at is where its files are; "" of what cannot be located.
	at Location
}

// forbiddenPlaces are those of the rule, each on its own. One that cannot be resolved counts as it is
// written. A link that a container may have made counts too, not only what it leads to.
func (h *HostPaths) forbiddenPlaces(s *Subject) []forbiddenPlace {
	var out []forbiddenPlace
	add := func(written string, word ForbiddenPath) {
		r := s.lookUp(written)
		if r.err != nil {
			r.path = written
		}
		out = append(out, forbiddenPlace{path: r.path, word: string(word)})
		if link, _ := s.strayLink(r.links, resolution{}); link != "" {
			out = append(out, forbiddenPlace{path: link, word: string(word)})
		}
	}
	for _, f := range h.Forbidden {
		if f != runtimeSockets {
			add(string(f), "")
			continue
		}
		for _, o := range socketPaths(s.Host) {
			for _, p := range o.paths {
				add(p, f)
			}
		}
	}
	return out
}

func (f *forbiddenPlace) String() string {
	if f.word == "" {
		return f.path
	}
	return f.path + " (" + f.word + ")"
}

// touch says how a path that the mount shows is to a forbidden one; "" where it is not to any.
func (j *pathJudge) touch(source string) string {
	for i := range j.forbidden {
		f := &j.forbidden[i]
		if rest, in := under(f.path, source); in {
			return cmp.Or(map[bool]string{true: "it is the forbidden "}[rest == ""], "it is in the forbidden ") + f.String()
		}
		if _, holds := under(source, f.path); holds {
			return "it contains the forbidden " + f.String()
		}
	}
	return ""
}

// forbids says why a path of the host must not be mounted, whatever is allowed; "" where it may.
func (j *pathJudge) forbids(source string) string {
	if len(j.forbidden) == 0 {
		return ""
	}
	if why := j.touch(source); why != "" {
		return why
	}
	return j.byFiles(source, func(*forbiddenPlace) bool { return false })
}

// byFiles says why the files that the path shows are forbidden, whichever way leads there; "" where
// none is, and where all forbidden paths are named.
func (j *pathJudge) byFiles(source string, named func(*forbiddenPlace) bool) string {
	first := slices.IndexFunc(j.forbidden, func(f forbiddenPlace) bool { return !named(&f) })
	if first < 0 {
		return ""
	}
	if ofProcesses(source) {
		return throughProcesses(&j.forbidden[first])
	}
	shown, err := j.subject.locate(source)
	switch {
	case errors.Is(err, ErrNotVisible) && j.subject.isSubPath(source):
		return "what is mounted there is not known, and may be forbidden"
	case errors.Is(err, ErrNotVisible):
		return ""
	case err != nil:
		return err.Error()
	}
	for i := range shown {
		if j.showsProcesses(shown[i]) {
			return throughProcesses(&j.forbidden[first])
		}
		if f := j.at(shown[i], true, named); f != nil {
			return "it shows files of the forbidden " + f.String()
		}
	}
	return ""
}

// spared gives the path of an exception that covers a mount which is forbidden, as why says, and
// that is itself each of the forbidden paths around it, or lies in it: a folder around a forbidden
// path does not speak for that. The mount must show no files of any other forbidden path.
func (j *pathJudge) spared(hm hostMount, why string) (*AllowedPath, string) {
	if j.touch(hm.source) == "" { // by its files alone
		return nil, why
	}
	var entry *AllowedPath
	for i := j.lists[0]; i < len(j.entries); i++ {
		names := func(f *forbiddenPlace) bool {
			_, in := under(f.path, j.allowed[i].path)
			return in
		}
		touched := func(f forbiddenPlace) bool {
			_, in := under(f.path, hm.source)
			_, holds := under(hm.source, f.path)
			return in || holds
		}
		missed := func(f forbiddenPlace) bool { return touched(f) && !names(&f) }
		if !j.covers(i, hm) || j.allowed[i].stray != "" || j.unsafe(hm) != "" || slices.ContainsFunc(j.forbidden, missed) {
			continue
		}
		if other := j.byFiles(hm.source, names); other != "" {
			why = other
			continue
		}
		if entry == nil || !entry.fits(hm) {
			entry = &j.entries[i]
		}
	}
	if entry == nil {
		return nil, why
	}
	return entry, ""
}

// at finds a forbidden path that is not named and whose files are at the location, or, with within,
// around it.
func (j *pathJudge) at(l Location, within bool, named func(*forbiddenPlace) bool) *forbiddenPlace {
	j.locateForbidden()
	for i := range j.forbidden {
		f := &j.forbidden[i]
		if f.at == (Location{}) || named(f) {
			continue
		}
		if l.holds(f.at) || within && f.at.holds(l) {
			return f
		}
	}
	return nil
}

// locateForbidden finds out where the files of the forbidden paths are.
func (j *pathJudge) locateForbidden() {
	if j.located {
		return
	}
	j.located = true
	for i := range j.forbidden {
		if at, err := j.subject.locate(j.forbidden[i].path); err == nil {
			j.forbidden[i].at = at[0]
		}
	}
}

// isSubPath reports whether the path is where the kubelet mounts subPaths of volumes.
func (s *Subject) isSubPath(source string) bool {
	pods := s.lookUp(s.podsDir())
	rest, in := under(pods.path, source)
	_, below, _ := strings.Cut(rest, "/")
	return in && pods.err == nil && strings.HasPrefix(below, "volume-subpaths/")
}

// forbiddenVolume is a mount, by its index, and why it is forbidden.
type forbiddenVolume struct {
	at  int
	why string
}

// forbiddenVolumes are mounts of what the kubelet or the runtime made that show files of a forbidden
// path all the same: a volume of type local is a path of the host. A volume that merely lies in a
// forbidden folder is not meant.
func (j *pathJudge) forbiddenVolumes() []forbiddenVolume {
	if len(j.forbidden) == 0 {
		return nil
	}
	s := j.subject
	var out []forbiddenVolume
	for i := range s.Spec.Mounts {
		m := &s.Spec.Mounts[i]
		o := s.origin(m)
		if o.host || !isBind(m) {
			continue
		}
		shown, err := s.locate(o.source)
		switch {
		case errors.Is(err, ErrNotVisible):
			continue
		case err != nil:
			out = append(out, forbiddenVolume{i, err.Error()})
			continue
		}
		for k, l := range shown {
			if f := j.at(l, o.volume == localVolume || k > 0 || !s.ownPlace(l, o.source), func(*forbiddenPlace) bool { return false }); f != nil {
				out = append(out, forbiddenVolume{i, "it shows files of the forbidden " + f.String()})
				break
			}
		}
	}
	return out
}

// ownPlace reports whether the location is where what is made for the container belongs: in the pod's
// folder, or, of a source in one of the runtime's folders, in those.
func (s *Subject) ownPlace(l Location, source string) bool {
	dirs := s.Host.RuntimeDirs()
	if _, ofKubelet := under(s.lookUp(s.podsDir()).path, source); ofKubelet {
		dirs = []string{path.Join(s.podsDir(), s.Pod.UID)}
	}
	for _, dir := range dirs {
		if at, err := s.locate(s.lookUp(dir).path); err == nil && at[0].holds(l) {
			return true
		}
	}
	return false
}

// locate finds out where on the host the files at the path are, once for a decision.
func (s *Subject) locate(p string) ([]Location, error) {
	l, known := s.locations[p]
	if !known {
		if s.ended() {
			return nil, errEnded
		}
		l.shown, l.err = s.Host.Locate(p)
		if l.err == nil && len(l.shown) == 0 {
			l.err = ErrNotVisible
		}
		if s.locations == nil {
			s.locations = make(map[string]located)
		}
		s.locations[p] = l
	}
	return l.shown, l.err
}

// located is what Host.Locate said.
type located struct {
	shown []Location
	err   error
}

// replaceable gives the folder in which a container may put something else in the place of the path; ""
// for none. Where the rule allows all paths that it does not forbid, every folder counts that neither
// is in a forbidden one nor contains one.
func (j *pathJudge) replaceable(p string) string {
	if place := j.subject.writableAround(p); place != "" || !j.rule.allowsOthers() {
		return place
	}
	for i, c := range p {
		if c == '/' && i > 0 && j.touch(p[:i]) == "" {
			return p[:i]
		}
	}
	return ""
}
