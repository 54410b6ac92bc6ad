package image_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/image"
	"github.com/specguard/specguard/e2e/require"
)

func archive(t *testing.T, images ...image.Image) []byte {
	t.Helper()
	require.Or(t, build.Package("busybox-static"))
	var b bytes.Buffer
	if err := image.Write(&b, build.Busybox, images...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func files(t *testing.T, archive []byte) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := found[header.Name]; twice {
			t.Errorf("%s is in the archive twice", header.Name)
		}
		found[header.Name] = data
	}
}

func TestWriteIsDeterministic(t *testing.T) {
	app := image.Image{Name: "registry.example.com/team/app:1", User: "web"}
	if !bytes.Equal(archive(t, app), archive(t, app)) {
		t.Error("two archives of the same image differ")
	}
}

func TestWriteMakesALayout(t *testing.T) {
	got := files(t, archive(t, image.Image{Name: "a.example.com/a:1", User: "1000"}, image.Pause("b.example.com/pause:1")))
	for name, data := range got {
		digest, isBlob := strings.CutPrefix(name, "blobs/sha256/")
		sum := sha256.Sum256(data)
		if isBlob && digest != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: wrong digest", name)
		}
	}
	var index struct {
		Manifests []struct {
			Digest      string
			Annotations map[string]string
		}
	}
	if err := json.Unmarshal(got["index.json"], &index); err != nil {
		t.Fatal(err)
	}
	if len(index.Manifests) != 2 {
		t.Fatalf("%d manifests", len(index.Manifests))
	}
	for i, name := range []string{"a.example.com/a:1", "b.example.com/pause:1"} {
		m := index.Manifests[i]
		if m.Annotations["io.containerd.image.name"] != name {
			t.Errorf("manifest %d is named %v", i, m.Annotations)
		}
		if got["blobs/sha256/"+strings.TrimPrefix(m.Digest, "sha256:")] == nil {
			t.Errorf("%s: no manifest blob", name)
		}
	}
	if index.Manifests[0].Digest == index.Manifests[1].Digest {
		t.Error("two images have one digest")
	}
}
