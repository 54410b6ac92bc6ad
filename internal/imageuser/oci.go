package imageuser

import (
	"fmt"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
)

// descriptor points to a file (OCI image-spec, descriptor.md).
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      digest.Digest     `json:"digest"`
	Annotations map[string]string `json:"annotations"`
	Platform    *struct {
		OS string `json:"os"`
	} `json:"platform"`
}

// manifest is an index of manifests, or a manifest.
type manifest struct {
	Manifests []descriptor `json:"manifests"`
	Config    descriptor   `json:"config"`
	Layers    []descriptor `json:"layers"`
}

// The annotations that name an image: containerd's and docker's, and OCI's, which often has the
// tag alone.
const (
	containerdName = "io.containerd.image.name"
	ociName        = "org.opencontainers.image.ref.name"
)

// ociImages reads an image layout.
func (s *store) ociImages() ([]Image, error) {
	var index manifest
	if err := s.document("index.json", &index); err != nil {
		return nil, err
	}
	var out []Image
	for _, d := range index.Manifests {
		var i Image
		for _, name := range []string{d.Annotations[containerdName], d.Annotations[ociName]} {
			if strings.ContainsAny(name, "/:") {
				i.Names = append(i.Names, name)
			}
		}
		if err := s.add(&i, d, nil, 0); err != nil {
			return nil, err
		}
		if len(i.Digests) > 0 {
			out = append(out, i)
		}
	}
	return out, nil
}

// maxDepth bounds indexes in indexes.
const maxDepth = 4

// add reads a manifest, or those of an index, that are for Linux; around are the digests of the
// indexes that it is in.
func (s *store) add(i *Image, d descriptor, around []string, depth int) error {
	if d.Platform != nil && d.Platform.OS != "linux" || depth > maxDepth {
		return nil // also attestations, whose platform is unknown
	}
	var m manifest
	if err := s.blob(d, &m); err != nil {
		return err
	}
	digests := append(slices.Clone(around), d.Digest.String())
	for _, of := range m.Manifests {
		if err := s.add(i, of, digests, depth+1); err != nil {
			return err
		}
	}
	if m.Config.Digest == "" {
		return nil
	}
	var c configuration
	if err := s.blob(m.Config, &c); err != nil {
		return err
	}
	if c.OS != "linux" {
		return nil
	}
	var layers []string
	for _, l := range m.Layers {
		name, err := blobName(l.Digest)
		if err != nil {
			return err
		}
		layers = append(layers, name)
	}
	u, err := s.user(c.Config.User, layers)
	if err != nil {
		return err
	}
	return i.merge(digests, u)
}

// blob reads a JSON file by its digest.
func (s *store) blob(d descriptor, out any) error {
	name, err := blobName(d.Digest)
	if err != nil {
		return err
	}
	data, err := s.read(name)
	if err != nil {
		return fmt.Errorf("is not complete: %w", err)
	}
	if d.Digest.Algorithm().FromBytes(data) != d.Digest {
		return fmt.Errorf("%s: has another digest", name)
	}
	return decode(name, data, out)
}

func blobName(d digest.Digest) (string, error) {
	if err := d.Validate(); err != nil {
		return "", fmt.Errorf("%q: %w", d, err)
	}
	return "blobs/" + d.Algorithm().String() + "/" + d.Encoded(), nil
}
