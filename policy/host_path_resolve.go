package policy

import (
	"errors"
	"path"
	"slices"
)

// resolution is what became of a path of the host.
type resolution struct {
	path  string   // with the symlinks followed
	links []string // those, each in its real place
	err   error    // why it cannot be resolved
}

// resolve gives the path with the host's symlinks followed.
func (s *Subject) resolve(p string) (string, error) {
	r := s.lookUp(p)
	return r.path, r.err
}

// lookUp follows the host's symlinks in the path. Where the host cannot be
// seen, only what is a symlink on every distribution is. One decision has one
// answer for a path.
func (s *Subject) lookUp(p string) resolution {
	if !path.IsAbs(p) {
		return resolution{path: p, err: errors.New("it is not an absolute path")}
	}
	if climbs(p) { // the parent of what a symlink before it leads to
		return resolution{path: p, err: errors.New(`it contains ".."`)}
	}
	p = path.Clean(p)
	r, known := s.paths[p]
	if !known && s.ended() {
		return resolution{path: p, err: errEnded}
	}
	if !known {
		r = s.lookUpNow(p)
		if s.paths == nil {
			s.paths = make(map[string]resolution, len(s.Spec.Mounts)+4)
		}
		s.paths[p] = r
	}
	return r
}

func (s *Subject) lookUpNow(p string) resolution {
	resolved, links, err := s.Host.ResolvePath(p)
	if err == nil {
		return resolution{path: resolved, links: links}
	}
	if !errors.Is(err, ErrNotVisible) {
		return resolution{path: p, err: err}
	}
	to, link := FollowUsualLink(p)
	if link == "" {
		return resolution{path: to}
	}
	return resolution{path: to, links: []string{link}}
}

// FollowUsualLink follows the symlink in the path that every distribution has, and names it. Where there
// is none it gives the path.
func FollowUsualLink(p string) (to, link string) {
	for _, alias := range []struct{ from, to string }{{"/var/run", "/run"}, {"/var/lock", "/run/lock"}} {
		if rest, ok := under(alias.from, p); ok {
			return path.Join(alias.to, rest), alias.from
		}
	}
	return p, ""
}

// writablePlaces are the folders of the host in which containers may write,
// symlinks followed: those that any policy's rule hostPaths allows to mount
// writable, whichever container it is for, and the kubelet's folder of pods,
// with their volumes. One that cannot be resolved counts as it is written.
func (s *Subject) writablePlaces() []string {
	if s.places == nil {
		for _, p := range append([]string{s.podsDir()}, s.writable...) {
			s.places = append(s.places, s.lookUp(p).path)
		}
	}
	return s.places
}

// podsDir is where the kubelet keeps what it makes for pods.
func (s *Subject) podsDir() string { return path.Join(s.Host.KubeletDir(), "pods") }

// writableAround gives the writable place in which the path lies, the innermost
// one; "" for none. Whoever can write there can put something else in the path's
// place. The place itself is not in it.
func (s *Subject) writableAround(p string) string {
	innermost := ""
	for _, place := range s.writablePlaces() {
		if rest, ok := under(place, p); ok && rest != "" && len(place) > len(innermost) {
			innermost = place
		}
	}
	return innermost
}

// strayLink gives the last of the links that lies where containers may write, so
// that one of them may have made it, and that place; "" for none. Links of the
// trusted resolution do not count: whoever can replace these has what lies
// behind them anyway.
func (s *Subject) strayLink(links []string, trusted resolution) (link, place string) {
	for _, link := range slices.Backward(links) {
		if slices.Contains(trusted.links, link) {
			continue
		}
		if place := s.writableAround(link); place != "" {
			return link, place
		}
	}
	return "", ""
}
