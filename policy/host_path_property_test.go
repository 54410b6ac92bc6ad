package policy

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The invariants of host paths, on a small host: paths of few names, so that
// links, allowed paths and mounts meet.

func drawPath(t *rapid.T, label string, deepest int) string {
	parts := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "l"}), 1, deepest).Draw(t, label)
	return "/" + strings.Join(parts, "/")
}

// drawLinks draws symlinks, each in its real place.
func drawLinks(t *rapid.T) map[string]string {
	links := make(map[string]string)
	for range rapid.IntRange(0, 4).Draw(t, "links") {
		target := pick(t, "to", drawPath(t, "target", 3), drawPath(t, "target", 2), "/", "/var/lib/kubelet/pods/3f2a/volumes/kubernetes.io~secret/s")
		from := path.Join(pick(t, "in", drawPath(t, "link", 3), "/"+rapid.SampledFrom([]string{"a", "b"}).Draw(t, "top"), drawVolume(t)+"/l"))
		below := func(a, b string) bool { _, ok := under(a, b); return ok }
		real := true
		for other := range links {
			real = real && !below(other, from) && !below(from, other)
		}
		if real {
			links[from] = target
		}
	}
	return links
}

func drawVolume(t *rapid.T) string {
	return podVolumes + pick(t, "plugin", "kubernetes.io~empty-dir", "kubernetes.io~csi", "kubernetes.io~secret", "example.com~x") + "/" + pick(t, "volume", "v", "mount")
}

func drawAllowing(t *rapid.T, name string) string {
	var entries []string
	for i := range rapid.IntRange(0, 3).Draw(t, "entries") {
		p := drawPath(t, "allowed", 3)
		if !slices.ContainsFunc(entries, func(e string) bool { return strings.HasPrefix(e, "{path: "+p+",") }) {
			entries = append(entries, fmt.Sprintf("{path: %s, readOnly: %t}", p, rapid.Bool().Draw(t, fmt.Sprint("read-only ", i))))
		}
	}
	return allowing(name, entries...)
}

// theirs is a policy for other containers.
func theirs(t *rapid.T, name string) string {
	return in("other", drawAllowing(t, name), pick(t, "mode", "mode: enforce", "mode: audit"))
}

func drawSource(t *rapid.T, links map[string]string) string {
	sources := []string{drawPath(t, "source", 4), drawPath(t, "source", 2), "/", drawVolume(t), drawVolume(t) + "/mount", drawVolume(t) + "/l", drawVolume(t) + "/d/e"}
	for from, to := range links {
		sources = append(sources, from, to)
	}
	slices.Sort(sources)
	return rapid.SampledFrom(sources).Draw(t, "mounted")
}

// mountOf judges a bind mount of the source.
func mountOf(t *rapid.T, host Host, source, option, unverified string, docs ...string) *Decision {
	sub := subject(newSpec(withMount(bind("/x", source, "rbind", "rprivate", option))))
	sub.Host, sub.MountsUnverified = host, unverified
	files := make([]Source, len(docs))
	for i, d := range docs {
		files[i] = Source{Name: fmt.Sprintf("%d.yaml", i), Data: []byte(d)}
	}
	return compileFiles(t, files).Evaluate(sub, Complete)
}

// TestPropertyHostPathsOthers: adding a policy for other containers never makes
// more of the host's paths allowed, and the order of policies does not matter.
func TestPropertyHostPathsOthers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		links := drawLinks(t)
		host, source, option := fakeHost{links: links}, drawSource(t, links), pick(t, "option", "ro", "rw")
		unverified := pick(t, "unverified", "", "no")
		docs := []string{in("team-a", drawAllowing(t, "mine"))}
		before := mountOf(t, host, source, option, unverified, docs...)
		for i := range rapid.IntRange(1, 3).Draw(t, "others") {
			docs = append(docs, theirs(t, fmt.Sprint("other-", i)))
		}
		after := mountOf(t, host, source, option, unverified, docs...)
		if before.Outcome() == Denied && after.Outcome() != Denied {
			t.Errorf("%s over %v is allowed only with others' policies:\n%s", source, links, strings.Join(docs, "---\n"))
		}
		slices.Reverse(docs)
		if again := mountOf(t, host, source, option, unverified, docs...); !slices.Equal(findings(again), findings(after)) {
			t.Errorf("in another order: %q and %q", findings(after), findings(again))
		}
	})
}

// TestPropertyHostPathsLinks: a link adds nothing. What is mounted over one is
// allowed only if it would be by its own name; and an allowed path that leads
// over one where containers may write allows nothing that would not be without
// that path.
func TestPropertyHostPathsLinks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		links := drawLinks(t)
		host := fakeHost{links: links}
		source, option := drawSource(t, links), pick(t, "option", "ro", "rw")
		mine, other := in("team-a", drawAllowing(t, "mine")), theirs(t, "theirs")
		d := mountOf(t, host, source, option, "", mine, other)
		resolved, followed, err := host.ResolvePath(source)
		if err != nil {
			if d.Outcome() != Denied {
				t.Errorf("%s, which is not known: %s", source, d.Outcome())
			}
			return
		}
		if d.Outcome() != Denied && mountOf(t, host, resolved, option, "", mine, other).Outcome() == Denied {
			t.Errorf("%s is allowed over %v, %s is not", source, links, resolved)
		}
		if d.Outcome() == Denied {
			return
		}
		sub := subject(newSpec()).ready()
		sub.Host = host
		set := compileFiles(t, []Source{{Name: "0", Data: []byte(mine)}, {Name: "1", Data: []byte(other)}})
		sub.writable = set.writable
		stray := func(links []string) bool { link, _ := sub.strayLink(links, resolution{}); return link != "" }
		m := bind("/x", source, "rbind", option)
		if o := sub.origin(&m); !o.host { // made
			if stray(followed) {
				t.Errorf("%s is the kubelet's, over %v", source, followed)
			}
			return
		}
		h := set.policies[slices.IndexFunc(set.policies, func(p *compiled) bool { return p.name == "mine" })].rules[0].Rule.(*HostPaths)
		if !slices.ContainsFunc(h.Allowed, func(a AllowedPath) bool {
			to, over, err := host.ResolvePath(string(a.Path))
			_, covers := under(to, resolved)
			return err == nil && covers && !stray(over)
		}) {
			t.Errorf("%s (%s) is allowed over strays alone: %v\n%s", source, resolved, links, mine)
		}
	})
}

// TestPropertyVolumesBelow: nothing below what the kubelet mounts of a volume is
// ever the kubelet's own, whatever it is called.
func TestPropertyVolumesBelow(t *testing.T) {
	plugins := []string{"example.com~x", "kubernetes.io~to-come"}
	for _, p := range volumePlugins() {
		plugins = append(plugins, "kubernetes.io~"+p.folder)
	}
	name := rapid.OneOf(rapid.StringMatching(`[a-z0-9.~_-]{1,8}`), rapid.SampledFrom([]string{"mount", "volumes", "etc-hosts", "containers", "app", "0", "..data", "kubernetes.io~secret"}))
	rapid.Check(t, func(t *rapid.T) {
		root := VolumeRoot(rapid.SampledFrom(plugins).Draw(t, "plugin"), name.Filter(isComponent).Draw(t, "volume"))
		below := path.Join(rapid.SliceOfN(name.Filter(isComponent), 1, 4).Draw(t, "below")...)
		sub := subject(newSpec()).ready()
		sub.Host = fakeHost{links: map[string]string{}}
		m := bind("/x", podVolumes+path.Join(root, below))
		if o := sub.origin(&m); !o.host || o.volume != hostPath || o.source != m.Source {
			t.Errorf("%s: %+v", m.Source, o)
		}
		m = bind("/x", podVolumes+root)
		if o := sub.origin(&m); o.host || o.source != m.Source || o.err != nil {
			t.Errorf("%s: %+v", m.Source, o)
		}
	})
}

// TestPropertyHostPathsReached: the generators reach what the properties are
// about.
func TestPropertyHostPathsReached(t *testing.T) {
	seen := make(map[string]int)
	decisions := rapid.Custom(func(t *rapid.T) string {
		links := drawLinks(t)
		host, source := fakeHost{links: links}, drawSource(t, links)
		mine, other := in("team-a", drawAllowing(t, "mine")), theirs(t, "theirs")
		alone := mountOf(t, host, source, "ro", "", mine)
		both := mountOf(t, host, source, "ro", "", mine, other)
		switch {
		case alone.Outcome() != both.Outcome():
			return "taken away by another policy"
		case both.Outcome() != Denied:
			return "allowed"
		case strings.Contains(strings.Join(findings(both), ""), "where containers may write"):
			return "stray"
		default:
			return "denied"
		}
	})
	for seed := range 3000 {
		seen[decisions.Example(seed)]++
	}
	t.Log(seen)
	if len(seen) != 4 {
		t.Errorf("only %v", seen)
	}
}
