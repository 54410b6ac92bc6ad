package policy

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// pathJudge is the rule with its paths resolved for one container.
type pathJudge struct {
	rule      *HostPaths
	subject   *Subject
	entries   []AllowedPath  // those of all lists of the rule
	lists     []int          // where each list of the rule ends in entries
	allowed   []allowedPlace // as in entries
	forbidden []forbiddenPlace
	located   bool            // those are
	sensitive []sensitivePath // once they are needed
	removals  *removal        // once it is
}

// allowedPlace is where an allowed path leads.
type allowedPlace struct {
	resolution

	// stray is why it covers nothing: a container may have made it lead there.
	stray string
}

func (h *HostPaths) judge(s *Subject) *pathJudge {
	j := &pathJudge{rule: h, subject: s}
	for _, list := range h.pathLists() {
		j.entries = append(j.entries, list...)
		j.lists = append(j.lists, len(j.entries))
	}
	j.allowed = make([]allowedPlace, len(j.entries))
	for i, a := range j.entries {
		at := allowedPlace{resolution: s.lookUp(string(a.Path))}
		if link, place := s.strayLink(at.links, resolution{}); link != "" {
			at.stray = fmt.Sprintf("the allowed path %s leads through the link %s in %s, where containers may write", a.Path, link, place)
		}
		j.allowed[i] = at
	}
	j.forbidden = h.forbiddenPlaces(s)
	return j
}

func (j *pathJudge) findings(hm hostMount) []Finding {
	m := &j.subject.Spec.Mounts[hm.at]
	entry, why := j.covering(hm)
	if entry == nil {
		found := j.name(hm, j.kept(hm.at)) + " is not allowed"
		if why != "" {
			found += ": " + why
		}
		return []Finding{{Found: found, Allowed: j.list(), Fix: fixHostPath(m)}}
	}
	name := j.name(hm, "")
	var out []Finding
	if entry.ReadOnly && !isReadOnly(m) {
		out = append(out, Finding{Found: name + " is writable",
			Allowed: entry.String(), Fix: fmt.Sprintf("set readOnly: true in the volumeMount at %s", mountPoint(m))})
	}
	if p := propagation(m.Options); p.strength() > entry.Propagation.strength() {
		out = append(out, Finding{Found: fmt.Sprintf("%s has propagation %s", name, p), Allowed: entry.String(), Fix: fixPropagation(m)})
	}
	return out
}

// fixHostPath is what the author of a pod that mounts the host's path writes.
func fixHostPath(m *specs.Mount) string {
	if m.Type != "bind" && !path.IsAbs(m.Source) {
		return ""
	}
	return fmt.Sprintf("remove the hostPath volume that is mounted at %s, or mount an allowed path there", mountPoint(m))
}

func fixPropagation(m *specs.Mount) string {
	return fmt.Sprintf("remove mountPropagation from the volumeMount at %s", mountPoint(m))
}

// covering gives the allowed path that speaks for the mount: of the first list that lets it
// pass as it is, or else of the first that covers it, the longest that covers it. One that a
// container may have made lead there speaks against it: what containers do, or other policies
// allow, never allows more. Where none does, why may say more. A forbidden path is covered by
// none, unless an exception spares it.
func (j *pathJudge) covering(hm hostMount) (entry *AllowedPath, why string) {
	if hm.err != nil {
		return nil, hm.err.Error()
	}
	if why := j.forbids(hm.source); why != "" {
		return j.spared(hm, why)
	}
	if j.rule.allowsOthers() {
		if why := j.unsafe(hm); why != "" {
			return nil, why
		}
		return &AllowedPath{Path: "/", Propagation: PropagationBidirectional}, ""
	}
	from := 0
	for i, to := range j.lists {
		more, stray := j.longest(hm, from, to)
		switch {
		case stray != "" && i == 0:
			return nil, stray
		case stray != "":
			why = cmp.Or(why, stray)
		case more != nil && more.fits(hm):
			return more, ""
		case entry == nil:
			entry = more
		}
		from = to
	}
	if entry != nil {
		return entry, ""
	}
	return nil, why
}

// longest gives the longest of the entries from one index to another that cover the mount.
func (j *pathJudge) longest(hm hostMount, from, to int) (entry *AllowedPath, why string) {
	best := -1
	for i := from; i < to; i++ {
		if j.covers(i, hm) && (best < 0 || len(j.allowed[i].path) > len(j.allowed[best].path)) {
			best = i
		}
	}
	if best < 0 {
		return nil, ""
	}
	if why := cmp.Or(j.allowed[best].stray, j.unsafe(hm)); why != "" {
		return nil, why
	}
	return &j.entries[best], ""
}

// fits reports whether the mount is as the path allows.
func (a *AllowedPath) fits(hm hostMount) bool {
	return (hm.readOnly || !a.ReadOnly) && hm.propagation.strength() <= a.Propagation.strength()
}

// unsafe says why the mount may show something else than is judged; "" where
// that will be seen, or cannot be.
func (j *pathJudge) unsafe(hm hostMount) string {
	s := j.subject
	if s.MountsUnverified == "" {
		return ""
	}
	at, place := hm.source, j.replaceable(hm.source)
	for _, link := range slices.Backward(hm.links) {
		if place == "" {
			at, place = link, j.replaceable(link)
		}
	}
	if place == "" {
		return ""
	}
	return fmt.Sprintf("%s is in %s, where containers may write: they could replace it before it is mounted, and the agent cannot "+
		"compare what is mounted: %s",
		at, place, s.MountsUnverified)
}

// covers reports whether the path of that index covers the mount.
func (j *pathJudge) covers(i int, hm hostMount) bool {
	allowed := j.allowed[i]
	if !j.above(i, hm) || allowed.path == hm.source {
		return j.above(i, hm)
	}
	return !slices.ContainsFunc(j.sensitivePaths(), func(p sensitivePath) bool {
		_, named := under(p.path, allowed.path)
		return p.touches(hm.source) && !named && (p.read || j.writes(i, hm))
	})
}

// above reports whether the path of that index is the mount's, or lies above it.
func (j *pathJudge) above(i int, hm hostMount) bool {
	_, ok := under(j.allowed[i].path, hm.source)
	return ok && j.allowed[i].err == nil
}

// writes reports whether the path of that index lets the mount be written.
func (j *pathJudge) writes(i int, hm hostMount) bool {
	return !hm.readOnly && !j.entries[i].ReadOnly
}

func (j *pathJudge) sensitivePaths() []sensitivePath {
	if j.sensitive == nil {
		j.sensitive = sensitivePaths(j.subject)
	}
	return j.sensitive
}

// name describes the mount in a message, with more that is to be noted of it.
func (j *pathJudge) name(hm hostMount, more string) string {
	m := &j.subject.Spec.Mounts[hm.at]
	name := "host path " + m.Source
	if m.Type != "bind" && !path.IsAbs(m.Source) {
		name = fmt.Sprintf("mount of type %q", m.Type)
	}
	var notes []string
	if hm.source != m.Source {
		notes = append(notes, "that is "+hm.source)
	}
	switch owner := j.owner(hm); {
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
	if more != "" {
		notes = append(notes, more)
	}
	if len(notes) > 0 {
		name += " (" + strings.Join(notes, ", ") + ")"
	}
	return name + " at " + m.Destination
}

// owner says whose the path is where that is no ordinary path, and matters.
func (j *pathJudge) owner(hm hostMount) string {
	written, holds := false, ""
	for i := range j.allowed {
		written = written || j.above(i, hm) && j.writes(i, hm)
	}
	for _, p := range j.sensitivePaths() {
		if !p.read && !written {
			continue
		}
		if _, in := under(p.path, hm.source); in {
			return p.owner + " own"
		}
		if p.touches(hm.source) && holds == "" {
			holds = "with " + p.owner + " " + p.path
		}
	}
	return holds
}

func (j *pathJudge) list() string {
	if j.rule.allowsOthers() {
		return "all but " + few(j.rule.Forbidden)
	}
	var out []string
	for i := range j.entries {
		if i == maxListed {
			out = append(out, fmt.Sprintf("and %d more", len(j.entries)-i))
			break
		}
		out = append(out, j.entries[i].String())
	}
	return listOrNone(out)
}

// removal is what becomes of the mounts that no path covers or that are forbidden. What the runtime
// mounts by itself has no files that they hide.
func (j *pathJudge) removal() removal {
	var mounts []int
	for _, hm := range j.subject.hostMounts() {
		if entry, _ := j.covering(hm); entry == nil {
			mounts = append(mounts, hm.at)
		}
	}
	for _, v := range j.forbiddenVolumes() {
		mounts = append(mounts, v.at)
	}
	at := func(i int) *specs.Mount { return &j.subject.Spec.Mounts[i] }
	keep := func(i int) (string, bool) { return j.rule.Remove.keeps(j.subject, at(i)) }
	return j.subject.removal(mounts, keep, func(i int) bool {
		own := []VolumeType{runtimeFile, sharedMemory}
		return !isPseudo(at(i)) && !remounts(at(i)) && !slices.Contains(own, j.subject.origin(at(i)).volume)
	})
}

// kept says why the adjusting rule has not removed the mount of that index; "" if it does not adjust.
func (j *pathJudge) kept(i int) string {
	if j.rule.Action() != Adjust {
		return ""
	}
	if j.removals == nil {
		r := j.removal()
		j.removals = &r
	}
	return j.removals.kept[i]
}
