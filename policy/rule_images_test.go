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
		"no reference":       {`allowed: ["**"]`, []string{"Not A Reference"}, "image Not A Reference not allowed (allowed: **)"},
		"not known":          {`allowed: ["**"]`, []string{""}, "the image is not known"},
		"digest":             {"requireDigest: true", []string{"registry.example.com/web@" + sum}, ""},
		"tag and digest":     {"requireDigest: true", []string{"registry.example.com/web:1@" + sum}, ""},
		"asked for, digest":  {"requireDigest: true", []string{"registry.example.com/web:1", "registry.example.com/web@" + sum}, ""},
		"not pinned":         {"requireDigest: true", []string{"registry.example.com/web:1", "registry.example.com/web"}, "image registry.example.com/web:1 was not asked for by digest (allowed: name@sha256:...)"},
		"an id is no digest": {"requireDigest: true", []string{sum}, "image " + sum + " was not asked for by digest (allowed: name@sha256:...)"},
		"another algorithm":  {"requireDigest: true", []string{"registry.example.com/web@" + other}, "image registry.example.com/web@" + other + " was not asked for by digest (allowed: name@sha256:...)"},
	} {
		t.Run(name, func(t *testing.T) {
			sub := subject(newSpec())
			sub.Container.Image, sub.Container.OtherImages = tt.images[0], tt.images[1:]
			set := compileDocs(t, policyDoc("test", "images: {"+tt.rule+"}"))
			var want []string
			if tt.want != "" {
				want = []string{"images: " + tt.want}
			}
			if got := findings(set.Evaluate(sub, Final)); !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
			if sub.Container.Image == "" {
				want = nil // it may become known
			}
			if got := findings(set.Evaluate(sub, Early)); !slices.Equal(got, want) {
				t.Errorf("early: %q, want %q", got, want)
			}
		})
	}
}

func TestImagesErrors(t *testing.T) {
	for rule, want := range map[string]string{
		"images: {}":                              "0.yaml:6:13: spec.rules.images: needs allowed or requireDigest",
		"images: {allowed: [nginx]}":              `0.yaml:6:23: spec.rules.images.allowed: "nginx" names no registry (allowed: such as docker.io/library/nginx, registry.example.com/**)`,
		"images: {allowed: [team/web]}":           `0.yaml:6:23: spec.rules.images.allowed: "team/web" names no registry (allowed: such as docker.io/library/nginx, registry.example.com/**)`,
		"images: {allowed: [localhost/web]}":      "",
		"images: {allowed: [\"reg:5000/web\"]}":   "",
		"images: {allowed: [\"*/team/*\"]}":       "",
		"images: {requireDigest: always}":         `0.yaml:6:29: spec.rules.images.requireDigest: must be true or false, not "always"`,
		"images: {onViolation: adjust}":           "0.yaml:6:13: spec.rules.images: needs allowed or requireDigest",
		`images: {allowed: [""]}`:                 `0.yaml:6:23: spec.rules.images.allowed: "" names no registry (allowed: such as docker.io/library/nginx, registry.example.com/**)`,
		`images: {requireDigest: true, tag: "x"}`: `0.yaml:6:35: spec.rules.images: unknown field "tag" (allowed: onViolation, allowed, requireDigest)`,
	} {
		if got := loadError(rule); got != want {
			t.Errorf("%s: %s, want %s", rule, got, want)
		}
	}
}

func drawImages(t *rapid.T, _ Action) []string {
	return []string{"allowed: " + pick(t, "allowed", `["registry.example.com/**"]`, "[docker.io/library/nginx]", `["**"]`),
		"requireDigest: " + pick(t, "requireDigest", "true", "false", "false")}
}

func drawImageNames(t *rapid.T) (string, []string) {
	return pick(t, "image", "registry.example.com/team/web:1", "registry.example.com/web@sha256:"+strings.Repeat("1", 64), "nginx", "", "sha256:"+strings.Repeat("1", 64)),
		some(t, "other image", "docker.io/library/nginx@sha256:"+strings.Repeat("2", 64))
}
