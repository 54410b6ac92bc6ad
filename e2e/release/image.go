package release

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// repository is where the image is to be had.
const repository = "ghcr.io/specguard/specguard"

// image makes the image of all architectures, as the Dockerfile does: the
// programs and nothing else but what their licenses ask for.
func (m *maker) image(context.Context) error {
	list := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, arch := range architectures() {
		made, err := m.imageOf(arch)
		if err != nil {
			return fmt.Errorf("image for %s: %w", arch, err)
		}
		list = mutate.AppendManifests(list, mutate.IndexAddendum{Add: made,
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}}})
	}
	dir, err := os.MkdirTemp("", "specguard-image")
	if err != nil {
		return fmt.Errorf("folder for the image: %w", err)
	}
	defer os.RemoveAll(dir)
	at, err := layout.Write(dir, empty.Index)
	if err != nil {
		return fmt.Errorf("write the image: %w", err)
	}
	name := layout.WithAnnotations(map[string]string{
		"org.opencontainers.image.ref.name": m.Version, "io.containerd.image.name": repository + ":" + m.Version,
	})
	if err := at.AppendIndex(list, name); err != nil {
		return fmt.Errorf("write the image: %w", err)
	}
	files, err := readFolder(dir)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := archive(&out, files, m.when); err != nil {
		return fmt.Errorf("pack the image: %w", err)
	}
	if err := os.WriteFile(m.path("specguard_"+m.Version+"_image.tar"), out.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write the image: %w", err)
	}
	return nil
}

func (m *maker) imageOf(arch string) (v1.Image, error) {
	beside, err := m.beside()
	if err != nil {
		return nil, err
	}
	files := folder{}
	for name, f := range m.built[arch] {
		files[path.Join("usr/local/bin", name)] = f
	}
	for _, name := range []string{"LICENSE", "THIRD_PARTY_NOTICES"} {
		files[path.Join("usr/share/doc/specguard", name)] = beside[name]
	}
	var content bytes.Buffer
	if err := archive(&content, files, m.when); err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content.Bytes())), nil
	}, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	made, err := mutate.Append(base, mutate.Addendum{Layer: layer,
		History: v1.History{CreatedBy: "make release", Created: v1.Time{Time: m.when}}})
	if err != nil {
		return nil, err
	}
	return mutate.ConfigFile(made, m.config(made, arch))
}

func (m *maker) config(made v1.Image, arch string) *v1.ConfigFile {
	c, err := made.ConfigFile()
	if err != nil {
		return nil // ConfigFile fails with it
	}
	c = c.DeepCopy()
	c.Created, c.OS, c.Architecture = v1.Time{Time: m.when}, "linux", arch
	c.Config.Entrypoint, c.Config.Cmd = []string{"/usr/local/bin/specguard"}, []string{"run"}
	c.Config.Labels = map[string]string{
		"org.opencontainers.image.title":       "specguard",
		"org.opencontainers.image.description": "NRI plugin that judges and adjusts OCI specs on the node",
		"org.opencontainers.image.source":      "https://github.com/specguard/specguard",
		"org.opencontainers.image.licenses":    "Apache-2.0",
		"org.opencontainers.image.version":     m.Version,
	}
	return c
}
