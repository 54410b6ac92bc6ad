package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"

	"github.com/specguard/specguard/policy/strict"
)

// Images bounds where a container's image comes from, and can require that it
// was asked for by digest.
//
// The name that counts is the one under which the runtime keeps the image, not
// the one that a pod or a caller of CRI claims. An image that the runtime knows
// by its id only, as one that was imported without a name, has none. Where the
// runtime has one image under several names it tells one, and that one counts.
//
// Reads: the reference of the container's image in the runtime's store, and for
// RequireDigest also the reference that was asked for (in containerd the
// annotation io.kubernetes.cri.image-name).
// Adjusts: nothing. Another image would be another program.
// Source: github.com/distribution/reference (the grammar of references);
// Kubernetes, "Images", on pinning by digest.
// Example: {allowed: ["registry.example.com/**"], requireDigest: true}
type Images struct {
	Base      `yaml:",inline"`
	checkOnly `yaml:"-"`

	// Allowed lists patterns of images; any where it is not given. A pattern is
	// matched with the full name of the image: nginx is
	// docker.io/library/nginx. One without a tag or digest covers all of them.
	Allowed []Glob `yaml:"allowed"`

	// RequireDigest: the image must have been asked for by digest
	// (name@sha256:...). A tag can be moved to another image.
	RequireDigest bool `yaml:"requireDigest"`
}

// Validate wants something to require, and patterns that can match.
func (i *Images) Validate() error {
	for _, g := range i.Allowed {
		if registry, _, _ := strings.Cut(string(g), "/"); !strings.ContainsAny(registry, ".:*?[{") && registry != "localhost" {
			return strict.Field("allowed", "%q names no registry (allowed: such as docker.io/library/nginx, registry.example.com/**)", g)
		}
	}
	if len(i.Allowed) == 0 && !i.RequireDigest && i.Action() != Ignore {
		return fmt.Errorf("needs allowed or requireDigest")
	}
	return nil
}

// Check finds an image from elsewhere, and one that is not pinned.
func (i *Images) Check(s *Subject) []Finding {
	c := &s.Container
	if c.Image == "" {
		return []Finding{{Found: "the image is not known"}}
	}
	var out []Finding
	if len(i.Allowed) > 0 && !i.allows(c.Image) {
		out = append(out, Finding{Found: "image " + c.Image + " not allowed", Allowed: few(i.Allowed)})
	}
	if i.RequireDigest && !pinned(c.Image) && !slices.ContainsFunc(c.OtherImages, pinned) {
		out = append(out, Finding{Found: "image " + c.Image + " was not asked for by digest", Allowed: "name@sha256:..."})
	}
	return out
}

// allows tells whether the reference, or its name without tag and digest, is
// allowed.
func (i *Images) allows(image string) bool {
	named := parseImage(image)
	return named != nil && (matchAny(i.Allowed, named.String()) || matchAny(i.Allowed, named.Name()))
}

// pinned tells whether the reference holds a digest.
func pinned(image string) bool {
	named, ok := parseImage(image).(reference.Digested)
	return ok && named.Digest().Algorithm() == digest.SHA256
}

// parseImage reads a reference; nil where it is none, or the bare id of an
// image.
func parseImage(image string) reference.Named {
	if _, err := digest.Parse(image); err == nil {
		return nil
	}
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return nil
	}
	return named
}
