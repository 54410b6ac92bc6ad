package policy

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestImages(t *testing.T) {
	const sum = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
	const other = "sha512:" + "11111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111"
	const hub = `allowed: ["docker.io/**"]`
	for name, tt := range map[string]struct {
		rule   string
		images []string // the runtime's and others
		want   string
	}{
		"below":              {`allowed: ["registry.example.com/**"]`, []string{"registry.example.com/team/web:1"}, ""},
		"one level":          {`allowed: ["registry.example.com/*"]`, []string{"registry.example.com/web:1"}, ""},
		"too deep":           {`allowed: ["registry.example.com/*"]`, []string{"registry.example.com/team/web:1"}, "image registry.example.com/team/web:1 not allowed (allowed: registry.example.com/*)"},
		"exact, any tag":     {`allowed: [registry.example.com/web]`, []string{"registry.example.com/web:7"}, ""},
		"exact, by digest":   {`allowed: [registry.example.com/web]`, []string{"registry.example.com/web@" + sum}, ""},
		"tag":                {`allowed: ["registry.example.com/web:1.*"]`, []string{"registry.example.com/web:1.2"}, ""},
		"other tag":          {`allowed: ["registry.example.com/web:1.*"]`, []string{"registry.example.com/web:2"}, "image registry.example.com/web:2 not allowed (allowed: registry.example.com/web:1.*)"},
		"longer name":        {`allowed: [registry.example.com/web]`, []string{"registry.example.com/web2:1"}, "image registry.example.com/web2:1 not allowed (allowed: registry.example.com/web)"},
		"other registry":     {`allowed: ["registry.example.com/**"]`, []string{"registry.example.com.evil.test/web:1"}, "image registry.example.com.evil.test/web:1 not allowed (allowed: registry.example.com/**)"},
		"short name":         {`allowed: [docker.io/library/nginx]`, []string{"nginx"}, ""},
		"short, with a user": {`allowed: ["docker.io/team/*"]`, []string{"team/web:1"}, ""},
		"what is claimed":    {`allowed: ["registry.example.com/**"]`, []string{"evil.test/web:1", "registry.example.com/web:1"}, "image evil.test/web:1 not allowed (allowed: registry.example.com/**)"},
		"only an id":         {`allowed: ["**"]`, []string{sum}, "image " + sum + " not allowed (allowed: **)"},
		"only an id, claim":  {`allowed: ["**"]`, []string{sum, "registry.example.com/web:1"}, "image " + sum + " not allowed (allowed: **)"},
		"only a short id":    {hub, []string{"sha256:1111"}, "image sha256:1111 not allowed (allowed: docker.io/**)"},
		"another id":         {hub, []string{other}, "image " + other + " not allowed (allowed: docker.io/**)"},
		"Docker Hub's alias": {hub, []string{"index.docker.io/library/nginx:1"}, ""},
		"any of several":     {`allowed: ["{docker.io,quay.io}/team/**", localhost/web]`, []string{"quay.io/team/a/b:1"}, ""},
		"tag, and a digest":  {`allowed: ["registry.example.com/web:1.*"]`, []string{"registry.example.com/web:1.2@" + sum}, ""},
		"tag, only a digest": {`allowed: ["registry.example.com/web:1.*"]`, []string{"registry.example.com/web@" + sum}, "image registry.example.com/web@" + sum + " not allowed (allowed: registry.example.com/web:1.*)"},
		"digest, only a tag": {`allowed: ["registry.example.com/web@*"]`, []string{"registry.example.com/web:1"}, "image registry.example.com/web:1 not allowed (allowed: registry.example.com/web@*)"},
		"both":               {`requireDigest: true, allowed: ["quay.io/**"]`, []string{"registry.example.com/web:1"}, "image registry.example.com/web:1 not allowed (allowed: quay.io/**)\nimage registry.example.com/web:1 was not asked for by digest (allowed: name@sha256:...)"},
		"a claimed digest":   {`requireDigest: true, allowed: ["quay.io/**"]`, []string{"evil.test/web:1", "quay.io/web@" + sum}, "image evil.test/web:1 not allowed (allowed: quay.io/**)"},
		"no reference":       {`allowed: ["**"]`, []string{"Not A Reference"}, "image Not A Reference not allowed (allowed: **)"},
		"not known":          {`allowed: ["**"]`, []string{""}, "the image is not known"},
		"digest":             {"requireDigest: true", []string{"registry.example.com/web@" + sum}, ""},
		"tag and digest":     {"requireDigest: true", []string{"registry.example.com/web:1@" + sum}, ""},
		"asked for, digest":  {"requireDigest: true", []string{"registry.example.com/web:1", "registry.example.com/web@" + sum}, ""},
		"not pinned":         {"requireDigest: true", []string{"registry.example.com/web:1", "registry.example.com/web"}, "image registry.example.com/web:1 was not asked for by digest (allowed: name@sha256:...)"},
		"an id is no digest": {"requireDigest: true", []string{sum}, "image " + sum + " was not asked for by digest (allowed: name@sha256:...)"},
		"another algorithm":  {"requireDigest: true", []string{"registry.example.com/web@" + other}, ""},
		"a broken digest":    {"requireDigest: true", []string{"registry.example.com/web:1", "registry.example.com/web@sha256:11"}, "image registry.example.com/web:1 was not asked for by digest (allowed: name@sha256:...)"},
		"claim, not known":   {"requireDigest: true", []string{"", "registry.example.com/web@" + sum}, "the image is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			sub := subject(newSpec())
			sub.Container.Image, sub.Container.OtherImages = tt.images[0], tt.images[1:]
			set := compileDocs(t, policyDoc("test", "images: {"+tt.rule+"}"))
			var want []string
			if tt.want != "" {
				for _, w := range strings.Split(tt.want, "\n") {
					want = append(want, "images: "+w)
				}
			}
			if got := findings(set.Evaluate(sub, Complete)); !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
			if sub.Container.Image == "" {
				want = nil // it may become known
			}
			if got := findings(set.Evaluate(sub, Partial)); !slices.Equal(got, want) {
				t.Errorf("early: %q, want %q", got, want)
			}
		})
	}
}

// TestImagesUnseen: where nothing tells the image, what was asked for satisfies
// no list, and is believed to hold a digest.
func TestImagesUnseen(t *testing.T) {
	const unseen = "images: the image is not known on this node, only the name that was asked for: give the agent containerd's socket, or use containerd 2.4 or later"
	const tagged = "images: image of an unknown name was not asked for by digest (allowed: name@sha256:...)"
	digest := "registry.example.com/web@sha256:" + strings.Repeat("1", 64)
	for name, tt := range map[string]struct {
		rule, asked string
		want        []string
	}{
		"allowed":              {`allowed: ["**"]`, "registry.example.com/web:1", []string{unseen}},
		"a digest":             {"requireDigest: true", digest, nil},
		"no digest":            {"requireDigest: true", "registry.example.com/web:1", []string{tagged}},
		"allowed and a digest": {`requireDigest: true, allowed: ["**"]`, digest, []string{unseen}},
		"nothing asked for":    {"requireDigest: true", "", []string{unseen, tagged}},
		"forbidden":            {`forbidden: ["quay.io/**"]`, "registry.example.com/web:1", []string{unseen}},
		"forbidden, asked for": {`forbidden: ["registry.example.com/**"]`, "registry.example.com/web:1", []string{unseen, "images: image registry.example.com/web:1 is forbidden (allowed: all but registry.example.com/**)"}},
	} {
		sub := subject(newSpec())
		sub.Container.Image, sub.Container.ImageUnseen = "", true
		if tt.asked != "" {
			sub.Container.OtherImages = []string{tt.asked}
		}
		set := compileDocs(t, policyDoc("test", "images: {"+tt.rule+"}"))
		if got := findings(set.Evaluate(sub, Complete)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
		if got := findings(set.Evaluate(sub, Partial)); len(got) > 0 {
			t.Errorf("%s, early: %q", name, got)
		}
	}
}

func TestImagesForbidden(t *testing.T) {
	const sum = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
	hub := []string{"docker.io/**"}
	for name, tt := range map[string]struct {
		forbidden []string
		images    []string // the runtime's and others
		want      string
	}{
		"another":            {hub, []string{"quay.io/a/b:1"}, ""},
		"the runtime's":      {hub, []string{"docker.io/library/nginx:1"}, "docker.io/library/nginx:1 is forbidden"},
		"short":              {hub, []string{"nginx"}, "nginx is forbidden"},
		"what is claimed":    {hub, []string{"quay.io/a/b:1", "quay.io/a/c", "docker.io/a/b"}, "docker.io/a/b is forbidden"},
		"another port":       {hub, []string{"docker.io:5000/a/b"}, ""},
		"the usual port":     {hub, []string{"docker.io:443/library/nginx:1"}, "docker.io:443/library/nginx:1 is forbidden"},
		"plain HTTP":         {[]string{"reg.example.com/**"}, []string{"reg.example.com:80/a"}, "reg.example.com:80/a is forbidden"},
		"capital letters":    {hub, []string{"Docker.IO/a/b"}, "Docker.IO/a/b is forbidden"},
		"both, by digest":    {hub, []string{"DOCKER.io:443/a/b@" + sum}, "DOCKER.io:443/a/b@" + sum + " is forbidden"},
		"Docker Hub's alias": {hub, []string{"index.docker.io/a/b"}, "index.docker.io/a/b is forbidden"},
		"Docker Hub's host":  {hub, []string{"registry-1.docker.io/a/b:1"}, "registry-1.docker.io/a/b:1 is forbidden"},
		"a port with zeros":  {hub, []string{"docker.io:0443/a/b"}, "docker.io:0443/a/b is forbidden"},
		"Docker Hub's other": {hub, []string{"registry.hub.docker.com/a/b"}, "registry.hub.docker.com/a/b is forbidden"},
		"a tag":              {[]string{"redis:6*"}, []string{"docker.io/library/redis:6.2"}, "docker.io/library/redis:6.2 is forbidden"},
		"another tag":        {[]string{"redis:6*"}, []string{"docker.io/library/redis:7"}, ""},
		"a tag, by digest":   {[]string{"redis:6*"}, []string{"docker.io/library/redis:6@" + sum}, "docker.io/library/redis:6@" + sum + " is forbidden"},
		"a digest":           {[]string{"redis@" + sum}, []string{"quay.io/a/b:1", "docker.io/library/redis@" + sum}, "docker.io/library/redis@" + sum + " is forbidden"},
		"only an id":         {hub, []string{sum}, sum + " has no name, and may be a forbidden one"},
		"an id, claimed":     {hub, []string{"quay.io/a/b", sum}, ""},
		"no reference":       {hub, []string{"Not A Reference"}, "Not A Reference has no name, and may be a forbidden one"},
		"everything":         {[]string{"**"}, []string{sum}, sum + " is forbidden"},
	} {
		t.Run(name, func(t *testing.T) {
			sub := subject(newSpec())
			sub.Container.Image, sub.Container.OtherImages = tt.images[0], tt.images[1:]
			list := `["` + strings.Join(tt.forbidden, `", "`) + `"]`
			for rule, allowed := range map[string]string{
				"forbidden: " + list: "all but ", `allowed: ["**", redis], forbidden: ` + list: "**, docker.io/library/redis, but not ",
			} {
				if strings.Contains(rule, "[\"**\"]") {
					continue
				}
				set := compileDocs(t, policyDoc("test", "images: {"+rule+"}"))
				got := strings.Join(findings(set.Evaluate(sub, Complete)), "\n")
				want := "images: image " + tt.want + " (allowed: " + allowed
				if tt.want != "" && !strings.Contains(got, want) || tt.want == "" && got != "" {
					t.Errorf("%s: %q, want %q", rule, got, want)
				}
				if early := strings.Join(findings(set.Evaluate(sub, Partial)), "\n"); early != got {
					t.Errorf("%s, early: %q", rule, early)
				}
			}
		})
	}
}

func TestImagesErrors(t *testing.T) {
	for rule, want := range map[string]string{
		"images: {}":            "0.yaml:6:13: spec.rules.images: needs allowed, forbidden or requireDigest",
		"images: {allowed: []}": "0.yaml:6:23: spec.rules.images.allowed: is an empty list; leave it out to allow every image",
		"images: {requireDigest: true, allowed: []}":                              "0.yaml:6:44: spec.rules.images.allowed: is an empty list; leave it out to allow every image",
		"images: {onViolation: ignore}":                                           "",
		"images: {forbidden: []}":                                                 "0.yaml:6:25: spec.rules.images.forbidden: is an empty list; leave it out to forbid no image",
		"images: {forbidden: [nginx:1:2]}":                                        `0.yaml:6:26: spec.rules.images.forbidden[0]: "nginx:1:2" is not an image (allowed: names and patterns such as nginx, registry.example.com/team/web:1, registry.example.com/**)`,
		"images: {forbidden: [redis], allowed: [docker.io/library/redis, nginx]}": "0.yaml:6:43: spec.rules.images.allowed: has docker.io/library/redis, which is forbidden",
		"images: {requireDigest: always}":                                         `0.yaml:6:29: spec.rules.images.requireDigest: must be true or false, not "always"`,
		"images: {onViolation: adjust}":                                           "0.yaml:6:13: spec.rules.images: needs allowed, forbidden or requireDigest",
		`images: {requireDigest: true, tag: "x"}`:                                 `0.yaml:6:35: spec.rules.images: unknown field "tag" (allowed: onViolation, on, allowed, forbidden, requireDigest)`,
	} {
		if got := loadError(rule, "allowPrivilegeEscalation: {}"); got != want {
			t.Errorf("%s: %s, want %s", rule, got, want)
		}
	}
}

func TestImagesPatterns(t *testing.T) {
	for pattern, ok := range map[string]bool{
		"docker.io/library/nginx": true, "localhost/web": true, "reg:5000/web:1": true, "**": true, "**/web": true, "*/team/*": true,
		"registry.example.com/**": true, "localhost/*": true, "{docker.io,quay.io}/**": true, "{docker.io/**,quay.io/**}": true,
		"registry.example.com/web@sha256:" + strings.Repeat("1", 64): true,

		"nginx": true, "nginx:1": true, "nginx:1.27": true, "team/web": true, "team/*": true, "nginx*": true, "docker.io/nginx": true, "docker.io/*": true,
		"registry.example.com/web@*": true, "registry.example.com/web@sha256:*": true, "nginx:{1,2}": true, "reg:5000/**": true, "localhost:5000/web": true, "**/*:latest": true,

		"": false, "nginx:1:2": false, "nginx@md5:*": false, "localhost": false, "localhost:5000": false, "Team/*": false, "a//b": false, "a/*/": false,
		"registry.example.com": false, "registry.example.com/": false, "registry.example.com*": false, "https://registry.example.com/web": false,
		"registry.example.com/Web": false, "registry.example.com/web@sha256:11": false, "sha256:" + strings.Repeat("1", 64): false,
	} {
		want := ""
		if !ok {
			want = `0.yaml:6:24: spec.rules.images.allowed[0]: "` + pattern + `" is not an image (allowed: names and patterns such as nginx, registry.example.com/team/web:1, registry.example.com/**)`
		}
		if got := loadError(`images: {allowed: ["` + pattern + `"]}`); got != want {
			t.Errorf("%s: %s, want %s", pattern, got, want)
		}
	}
}

// TestImagePattern has the names that patterns stand for, and what cannot be one for another
// reason than its name.
func TestImagePattern(t *testing.T) {
	for written, want := range map[string]string{
		"redis": "docker.io/library/redis", "redis:7*": "docker.io/library/redis:7*", "a/b": "docker.io/a/b", "a/*": "docker.io/a/*",
		"docker.io/redis": "docker.io/library/redis", "docker.io/*": "docker.io/library/*", "docker.io/**": "docker.io/**",
		"index.docker.io/a/**": "docker.io/a/**", "*/team/x": "*/team/x", "quay.io/a": "quay.io/a", "localhost/*": "localhost/*",
		"{redis,quay.io/{a,b}}": "{docker.io/library/redis,quay.io/a,quay.io/b}", "redis:{6,7}": "{docker.io/library/redis:6,docker.io/library/redis:7}",
	} {
		var p ImagePattern
		if err := p.UnmarshalText([]byte(written)); err != nil || string(p) != want {
			t.Errorf("%s: %s, want %s; %v", written, p, want, err)
		}
	}
	for written, want := range map[string]string{
		"**:latest":                      `"**:latest" matches no image: ** crosses slashes only where it stands alone between them (write "**/*:latest")`,
		"*":                              `"*" covers no image below a folder; write "**" for every image`,
		"{a":                             `"{a" is not a valid pattern (allowed: names with *, **, ?, [class], {a,b})`,
		strings.Repeat("{a,b}", 10):      `"` + strings.Repeat("{a,b}", 10) + `" stands for more than 64 patterns; write several entries`,
		"registry.example.com/{Web,web}": `"registry.example.com/{Web,web}" is not an image (allowed: names and patterns such as nginx, registry.example.com/team/web:1, registry.example.com/**)`,
	} {
		var p ImagePattern
		if err := p.UnmarshalText([]byte(written)); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", written, err, want)
		}
	}
}

func drawImages(t *rapid.T, _ Action) []string {
	return append(some(t, "field", "forbidden: "+pick(t, "forbidden", `["quay.io/**"]`, "[nginx, registry.example.com/team/web]", `["registry.example.com/team/*"]`)),
		"allowed: "+pick(t, "allowed", `["registry.example.com/**"]`, "['docker.io/library/ngin?']", `["**"]`),
		"requireDigest: "+pick(t, "requireDigest", "true", "false", "false"))
}

func drawImageNames(t *rapid.T) (string, []string) {
	return pick(t, "image", "registry.example.com/team/web:1", "registry.example.com/web@sha256:"+strings.Repeat("1", 64), "nginx", "", "sha256:"+strings.Repeat("1", 64)),
		some(t, "other image", "docker.io/library/nginx@sha256:"+strings.Repeat("2", 64))
}

// TestImagePatternCoversItself: an image is covered by its own reference, and by it without a
// tag and a digest, however short it is written.
func TestImagePatternCoversItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.SampledFrom([]string{"", "docker.io/", "docker.io/library/", "index.docker.io/", "registry.example.com/", "localhost:5000/", "team/"}).Draw(t, "base") +
			rapid.StringMatching(`[a-z0-9]{1,8}(-[a-z0-9]{1,4})?(/[a-z0-9]{1,4})?`).Draw(t, "name")
		image := base + rapid.SampledFrom([]string{"", ":1", ":1.27-alpine", "@sha256:" + strings.Repeat("1", 64), ":1@sha256:" + strings.Repeat("1", 64)}).Draw(t, "version")
		if parseImage(image) == nil {
			t.Skip("not a name")
		}
		stored := parseImage(image).String()
		for _, written := range []string{base, image, stored, parseImage(image).Name()} {
			var p ImagePattern
			if err := p.UnmarshalText([]byte(written)); err != nil {
				t.Fatalf("%s: %v", written, err)
			}
			if !matchImage([]ImagePattern{p}, image) || !matchImage([]ImagePattern{p}, stored) {
				t.Fatalf("%s (%s) does not cover %s, %s", written, p, image, stored)
			}
		}
	})
}

// A pattern that covers another one covers each image that the other one covers.
func TestPropertyImagePatternCovers(t *testing.T) {
	part := rapid.SampledFrom([]string{"a", "b", "*", "**", "a*", "?", "[ab]", "{a,b}", "{a,b*}"})
	rapid.Check(t, func(t *rapid.T) {
		draw := func() ImagePattern {
			written := pick(t, "registry", "", "a.io/", "*/", "**/", "{a.io,b.io}/") + strings.Join(rapid.SliceOfN(part, 1, 3).Draw(t, "parts"), "/") +
				pick(t, "version", "", "", ":1", ":*", "@*")
			var p ImagePattern
			if err := p.UnmarshalText([]byte(written)); err != nil {
				t.Skip(err)
			}
			return p
		}
		a, b := draw(), draw()
		covers, every := a.covers(b), a.coversEvery()
		for range 20 {
			image := pick(t, "domain", "a.io/", "b.io/", "", "a/", "c.io:80/") + strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "ab"}), 1, 3).Draw(t, "name"), "/") +
				pick(t, "version", "", ":1", ":2", ":1@sha256:"+strings.Repeat("1", 64))
			all := []ImagePattern{a}
			if every && !matchImage(all, image) || covers && matchImage([]ImagePattern{b}, image) && !matchImage(all, image) {
				t.Errorf("%s covers %s and not %s", a, b, image)
			}
		}
	})
}
