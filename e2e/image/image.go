// Package image makes container images by hand, because the machines that the
// tests run on reach no registry: an OCI layout in one tar archive, with a
// single layer of busybox. The same input always gives the same bytes.
package image

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
)

// An Image is what to make.
type Image struct {
	// Name is the full reference, for example registry.example.com/team/app:1.
	Name string
	// User is the user that the image's configuration names: "", "1000", "web".
	User string
	// Command is what the image runs if nothing else is said.
	Command []string
}

// Names are the names of images.
func Names(images []Image) []string {
	names := make([]string, len(images))
	for i, image := range images {
		names[i] = image.Name
	}
	return names
}

// Pause returns a sandbox image: its process does nothing until told to stop.
func Pause(name string) Image {
	return Image{Name: name, Command: []string{"/bin/sh", "-c",
		"trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done"}}
}

// Media types of the OCI image specification.
const (
	typeManifest = "application/vnd.oci.image.manifest.v1+json"
	typeConfig   = "application/vnd.oci.image.config.v1+json"
	typeLayer    = "application/vnd.oci.image.layer.v1.tar"
)

// Annotations that an image's name is found by.
const (
	nameContainerd = "io.containerd.image.name"
	nameOCI        = "org.opencontainers.image.ref.name" // also the name that skopeo selects an image by
)

type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type manifest struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Config        descriptor   `json:"config"`
	Layers        []descriptor `json:"layers"`
}

type index struct {
	SchemaVersion int          `json:"schemaVersion"`
	Manifests     []descriptor `json:"manifests"`
}

type config struct {
	Architecture string    `json:"architecture"`
	OS           string    `json:"os"`
	Config       runConfig `json:"config"`
	RootFS       rootFS    `json:"rootfs"`
	History      []history `json:"history"`
}

type runConfig struct {
	User string   `json:"User,omitempty"`
	Env  []string `json:"Env"`
	Cmd  []string `json:"Cmd,omitempty"`
}

type rootFS struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

// history carries the image's name, so that two images never share an id.
type history struct {
	CreatedBy string `json:"created_by"`
}

// Write writes an archive with all images to w. They share one layer, made
// from the statically linked busybox at the given path.
func Write(w io.Writer, busybox string, images ...Image) error {
	layer, err := busyboxLayer(busybox)
	if err != nil {
		return fmt.Errorf("make image layer: %w", err)
	}
	l := layout{tar: tar.NewWriter(w), written: map[string]bool{}}
	rootfs := l.blob(typeLayer, layer)
	var list index
	list.SchemaVersion = 2
	for _, image := range images {
		list.Manifests = append(list.Manifests, l.image(image, rootfs))
	}
	l.file("oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`))
	l.json("index.json", list)
	if l.err == nil {
		l.err = l.tar.Close()
	}
	if l.err != nil {
		return fmt.Errorf("write image archive: %w", l.err)
	}
	return nil
}

// layout writes an OCI layout; the first error sticks.
type layout struct {
	tar     *tar.Writer
	written map[string]bool
	err     error
}

// image writes the blobs of one image and returns its entry for the index.
func (l *layout) image(image Image, rootfs descriptor) descriptor {
	settings := l.blobJSON(typeConfig, config{
		Architecture: runtime.GOARCH,
		OS:           "linux",
		Config:       runConfig{User: image.User, Env: []string{"PATH=/bin"}, Cmd: image.Command},
		RootFS:       rootFS{Type: "layers", DiffIDs: []string{rootfs.Digest}},
		History:      []history{{CreatedBy: image.Name}},
	})
	d := l.blobJSON(typeManifest, manifest{
		SchemaVersion: 2,
		MediaType:     typeManifest,
		Config:        settings,
		Layers:        []descriptor{rootfs},
	})
	d.Annotations = map[string]string{nameContainerd: image.Name, nameOCI: image.Name}
	return d
}

func (l *layout) blobJSON(mediaType string, value any) descriptor {
	data, err := json.Marshal(value)
	if err != nil && l.err == nil {
		l.err = err
	}
	return l.blob(mediaType, data)
}

func (l *layout) blob(mediaType string, data []byte) descriptor {
	sum := sha256.Sum256(data)
	digest := hex.EncodeToString(sum[:])
	if !l.written[digest] {
		l.written[digest] = true
		l.file("blobs/sha256/"+digest, data)
	}
	return descriptor{MediaType: mediaType, Digest: "sha256:" + digest, Size: len(data)}
}

func (l *layout) json(name string, value any) {
	data, err := json.Marshal(value)
	if err != nil && l.err == nil {
		l.err = err
	}
	l.file(name, data)
}

func (l *layout) file(name string, data []byte) {
	if l.err != nil {
		return
	}
	header := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(data)), Format: tar.FormatPAX}
	if l.err = l.tar.WriteHeader(header); l.err == nil {
		_, l.err = io.Copy(l.tar, bytes.NewReader(data))
	}
}
