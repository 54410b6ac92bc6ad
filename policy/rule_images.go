package policy

import (
	"errors"
	"slices"

	"github.com/distribution/reference"

	"github.com/specguard/specguard/internal/strict"
)

// Images limits where a container's image comes from, and can require that the pod names it by
// digest.
//
// Allowed is compared with the name under which the runtime stores the image. A name that only a
// client of CRI claims does not count. An image without a name (imported without one, for
// example) is never allowed, and neither is an image that the runtime does not show. If the
// runtime stores one image under several names, it shows only one, and only that name counts.
// containerd prefers a name with a tag. containerd 2.0 to 2.3 shows the name only through
// containerd's socket (opener containerd): with other openers, Allowed and Forbidden deny every
// container there.
//
// Forbidden is compared with every name that the image is known by, also with the one that was
// asked for. Capital letters in the registry's name, and the ports 443 and 80, make no
// difference. An image without a name is denied, because it could be a forbidden one. The same
// image under a name that no pattern covers is not denied: to restrict where images come from,
// use Allowed.
//
// For RequireDigest, the requested name also counts. The rule trusts the client of CRI here, in
// Kubernetes the kubelet. containerd 1.7 does not show this name: there, an image that was asked
// for by digest is denied if the node also has it under a tag.
//
// Reads: the reference of the container's image in the runtime's store, and for RequireDigest
// also the one that was asked for (in containerd the annotation io.kubernetes.cri.image-name).
// Adjusts: nothing: another image would be another program.
// Source: github.com/distribution/reference (the grammar of references); Kubernetes, "Images",
// on pinning by digest.
// Example: {allowed: ["registry.example.com/**"], forbidden: ["registry.example.com/retired/**"], requireDigest: true}
type Images struct {
	Base      `yaml:",inline"`
	checkOnly `yaml:"-"`

	// Allowed lists patterns of images. A short name stands for its full name: nginx is
	// docker.io/library/nginx. A pattern without a tag and a digest covers all of them.
	// Default: any.
	Allowed []ImagePattern `yaml:"allowed"`

	// Forbidden lists patterns of images that are denied, whatever Allowed says.
	// Default: none.
	Forbidden []ImagePattern `yaml:"forbidden"`

	// RequireDigest: the image must have been asked for by digest (name@sha256:...). A tag can
	// be moved to another image.
	RequireDigest bool `yaml:"requireDigest"`

	spared []ImagePattern // by exceptions, of what Forbidden says
}

// Validate requires something to require, and patterns that can match.
func (i *Images) Validate() error {
	switch {
	case i.Action() == Ignore:
		return nil
	case i.Allowed != nil && len(i.Allowed) == 0:
		return strict.Field("allowed", "is an empty list; leave it out to allow every image")
	case i.Forbidden != nil && len(i.Forbidden) == 0:
		return strict.Field("forbidden", "is an empty list; leave it out to forbid no image")
	case i.Allowed == nil && i.Forbidden == nil && !i.RequireDigest:
		return errors.New("needs allowed, forbidden or requireDigest")
	}
	for _, p := range i.Allowed {
		if slices.Contains(i.Forbidden, p) {
			return strict.Field("allowed", "has %s, which is forbidden", p)
		}
	}
	for at, p := range i.Forbidden {
		if written, plain := p.misspelt(); written != "" {
			return strict.Entry("forbidden", at, "%q is another spelling of the registry's name (write %q, which covers all of them)",
				written, plain)
		}
	}
	return nil
}

// Warnings tells of lists that cover every name, of allowed images that are all forbidden, and of unusual
// spellings of a registry.
func (i *Images) Warnings() []error {
	var out []error
	for at, p := range i.Allowed {
		if written, plain := p.misspelt(); written != "" {
			out = append(out, strict.Entry("allowed", at, "%q covers only an image that is named so (the usual name is %q)", written, plain))
		}
		if by := coveredBy(i.Forbidden, p); by >= 0 && !i.Forbidden[by].coversEvery() {
			out = append(out, strict.Entry("allowed", at, "%q allows nothing: forbidden has %q, which covers it", p, i.Forbidden[by]))
		}
	}
	if at := coveredBy(i.Allowed, everyImage); at >= 0 {
		out = append(out, strict.Entry("allowed", at, "%q allows every image that has a name", i.Allowed[at]))
	}
	if at := coveredBy(i.Forbidden, everyImage); at >= 0 {
		out = append(out, strict.Entry("forbidden", at, "%q forbids every image: each container is denied", i.Forbidden[at]))
	}
	return out
}

// Check finds an image from elsewhere, a forbidden one, and one that is not pinned.
func (i *Images) Check(s *Subject) []Finding {
	c := &s.Container
	name := c.Image
	var out []Finding
	switch {
	case c.ImageUnseen && name == "":
		name = "of an unknown name"
		if len(i.Allowed) > 0 || len(i.Forbidden) > 0 || len(c.OtherImages) == 0 {
			out = append(out, Finding{Found: "the image is not known on this node, only the name that was asked for: give the agent " +
				"containerd's socket, or use containerd 2.4 or later"})
		}
	case name == "":
		return []Finding{{Found: "the image is not known"}}
	case len(i.Allowed) > 0 && !matchFullName(i.Allowed, name):
		out = append(out, Finding{Found: "image " + name + " not allowed", Allowed: few(i.Allowed)})
	}
	out = append(out, i.forbidden(c)...)
	if i.RequireDigest && !pinned(c.Image) && !slices.ContainsFunc(c.OtherImages, pinned) {
		out = append(out, Finding{Found: "image " + name + " was not asked for by digest", Allowed: "name@sha256:..."})
	}
	return out
}

// forbidden finds a name of the image that is forbidden. Where the runtime stores none,
// nothing tells that it is not.
func (i *Images) forbidden(c *Container) []Finding {
	if len(i.Forbidden) == 0 {
		return nil
	}
	allowed := "all but " + few(i.Forbidden)
	if len(i.Allowed) > 0 {
		allowed = few(i.Allowed) + ", but not " + few(i.Forbidden)
	}
	for _, name := range append([]string{c.Image}, c.OtherImages...) {
		if name != "" && matchAnyName(i.Forbidden, name) && !matchFullName(i.spared, name) {
			return []Finding{{Found: "image " + name + " is forbidden", Allowed: allowed}}
		}
	}
	if c.Image != "" && parseImage(c.Image) == nil {
		return []Finding{{Found: "image " + c.Image + " has no name, and may be a forbidden one", Allowed: allowed}}
	}
	return nil
}

// pinned reports whether the reference holds a digest.
func pinned(image string) bool {
	_, ok := parseImage(image).(reference.Digested)
	return ok
}
