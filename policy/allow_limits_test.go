package policy

import (
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"pgregory.net/rapid"
)

// TestAllowForbidden: an exception from one forbidden path does not speak for what others forbid,
// however their files get there.
func TestAllowForbidden(t *testing.T) {
	excepted := exceptionFor("x", "{hostPaths: [{path: /srv/data}]}")
	for _, tt := range []struct {
		name, forbidden string
		binds           map[string]string
		source          string
		want            Outcome
	}{
		{"its own", "/srv, RuntimeSockets", nil, "/srv/data", Allowed},
		{"another, below it", "/srv, RuntimeSockets", map[string]string{"/srv/data/sock": "/run/containerd"}, "/srv/data", Denied},
		{"another, at it", "/srv, /run/containerd", map[string]string{"/srv/data": "/run/containerd"}, "/srv/data", Denied},
		{"another, below what is mounted", "/srv, RuntimeSockets", map[string]string{"/srv/data/a/b": "/run/crio"}, "/srv/data/a", Denied},
		{"another, beside it", "/srv, RuntimeSockets", map[string]string{"/srv/other": "/run/containerd"}, "/srv/data", Allowed},
		{"its own, elsewhere", "/srv", map[string]string{"/srv/data/a": "/srv/b"}, "/srv/data", Allowed},
	} {
		set := compileDocs(t, forbidding("test", tt.forbidden), excepted)
		sub := subject(newSpec(withMount(bind("/x", tt.source, "rbind", "rw"))))
		sub.Host = fakeHost{links: map[string]string{}, binds: tt.binds}
		if d := set.Evaluate(sub, Complete); d.Outcome() != tt.want {
			t.Errorf("%s: %s %s", tt.name, d.Outcome(), d.Message())
		}
	}
}

// TestPropertyForbidMore: to forbid a path, and to except from that, lets nothing pass that was
// forbidden before.
func TestPropertyForbidMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		forbidden, another := drawPath(t, "forbidden", 2), drawPath(t, "another", 3)
		source, excepted := pick(t, "source", forbidden, forbidden+"/a"), pick(t, "excepted", forbidden, forbidden+"/a")
		host := fakeHost{links: drawLinks(t), binds: map[string]string{}}
		for range rapid.IntRange(0, 2).Draw(t, "binds") {
			host.binds[pick(t, "point", source, source+"/b", drawPath(t, "point", 3))] = pick(t, "from", another, drawPath(t, "from", 3))
		}
		if forbidden == another || forbidden == "/" {
			return
		}
		outcome := func(paths string) Outcome {
			docs := []string{forbidding("mine", paths), exceptionFor("x", "{hostPaths: [{path: "+excepted+"}]}", "policies: [mine]")}
			return mountOf(t, host, source, "rw", "", docs...).Outcome()
		}
		if outcome(another) == Denied && outcome(forbidden+", "+another) != Denied {
			t.Errorf("%s is allowed once %s is forbidden beside %s; links %v, binds %v; %s is excepted", source, forbidden, another, host.links, host.binds, excepted)
		}
	})
}

// TestAwaitsExcepted: while it is not known whether an exception holds, nothing is adjusted that
// a rule is to see as it came; where one holds for sure, the rule does not matter.
func TestAwaitsExcepted(t *testing.T) {
	const image = "registry.example.com/a:1"
	docs := []string{policyDoc("test", "hostPaths: {on: request}"), policyDoc("q", "volumeTypes: {onViolation: adjust, remove: writable, allowed: [projected]}")}
	for _, tt := range []struct {
		name, exception, image string
		awaits                 bool
	}{
		{"no exception", "", "", false}, // it decides early
		{"not known", exceptionDoc("rules: [hostPaths]", `match: {images: ["registry.example.com/**"]}`), "", true},
		{"not known, bounded", exceptionFor("x", "{hostPaths: [{path: /etc}]}", `match: {images: ["registry.example.com/**"]}`), "", true},
		{"holds", exceptionDoc("rules: [hostPaths]", `match: {images: ["registry.example.com/**"]}`), image, false},
		{"does not hold", exceptionDoc("rules: [hostPaths]", `match: {images: ["b/**"]}`), image, false},
	} {
		with := docs
		if tt.exception != "" {
			with = append(with, tt.exception)
		}
		sub := subject(newSpec(withMount(bind("/x", "/etc", "rbind", "ro"))))
		sub.Pod.Namespace, sub.Container.Image, sub.Container.OtherImages = "team-a", tt.image, nil
		if d := compileDocs(t, with...).Evaluate(sub, Partial); d.AwaitsSpec != tt.awaits {
			t.Errorf("%s: awaits the spec %v", tt.name, d.AwaitsSpec)
		}
	}
	late := compileDocs(t, policyDoc("test", "readOnlyRootFilesystem: {on: request}"), exceptionDoc("rules: [readOnlyRootFilesystem]"))
	sub := subject(newSpec())
	if sub.Pod.Namespace = "team-a"; late.Evaluate(sub, Partial).AwaitsSpec {
		t.Error("awaits the spec for a rule from which the container is excused")
	}
}

// TestSelectByExceptedImage: the image matters too where only an exception selects by it.
func TestSelectByExceptedImage(t *testing.T) {
	for match, want := range map[string]bool{`{images: ["registry.example.com/**"]}`: true, `{excludeImages: [a]}`: true, "{namespaces: [team-a]}": false, "{namespaces: [team-b], images: [a]}": false} {
		set := compileDocs(t, policyDoc("test", "resources: {memory: {max: 1Gi}}"), exceptionDoc("rules: [resources]", "match: "+match))
		sub := subject(newSpec())
		sub.Pod.Namespace, sub.Container.Image = "team-a", ""
		if got := set.Select(&sub).ByImage; got != want {
			t.Errorf("%s: by image %v", match, got)
		}
	}
}

// TestAllowRefused: an exception that spares all that is refused does not lift the denial of a
// container that has every capability because its spec lists none.
func TestAllowRefused(t *testing.T) {
	none := func(s *specs.Spec) { s.Process.Capabilities = nil }
	for _, action := range []string{"adjust", "reject"} {
		rule := policyDoc("test", "capabilities: {onViolation: "+action+", drop: [NET_ADMIN], refuse: [NET_ADMIN, SYS_TIME]}")
		set := compileDocs(t, rule, exceptionFor("x", "{capabilities: [NET_ADMIN, SYS_TIME]}"))
		for spec, want := range map[string]struct {
			option
			outcome Outcome
		}{
			"none":   {none, Denied},
			"spared": {withCaps("CAP_NET_ADMIN"), Allowed},
		} {
			sub := subject(newSpec(want.option))
			sub.Pod.Namespace = "team-a"
			d := set.Evaluate(sub, Complete)
			if d.Outcome() != want.outcome {
				t.Errorf("%s, %s: %s %v", action, spec, d.Outcome(), findings(d))
			}
		}
	}
}
