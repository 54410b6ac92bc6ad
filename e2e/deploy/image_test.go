package deploy_test

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/require"
)

// TestImage builds the Dockerfile for both architectures: the image has the
// two programs, for that architecture and without libraries, and nothing else.
func TestImage(t *testing.T) {
	require.Or(t, errors.Join(root(), build.Package("buildah")))
	cache, err := build.Open()
	if err != nil {
		t.Fatal(err)
	}
	for arch, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		t.Run(arch, func(t *testing.T) {
			archive, err := cache.Image(t.Context(), arch)
			if err != nil {
				t.Fatal(err)
			}
			img := readImage(t, archive)
			if img.Architecture != arch || img.OS != "linux" {
				t.Errorf("the image is for %s/%s", img.OS, img.Architecture)
			}
			if want := []string{"/usr/local/bin/specguard"}; !slices.Equal(img.Config.Entrypoint, want) {
				t.Errorf("entrypoint %q, want %q", img.Config.Entrypoint, want)
			}
			if want := []string{"run"}; !slices.Equal(img.Config.Cmd, want) {
				t.Errorf("command %q, want %q", img.Config.Cmd, want)
			}
			if got := img.Config.Labels["org.opencontainers.image.version"]; got != "test" {
				t.Errorf("version %q, want test", got)
			}
			names := slices.Sorted(maps.Keys(img.files))
			programs := []string{"usr/local/bin/specguard", "usr/local/bin/specguard-runtime"}
			licenses := []string{"usr/share/doc/specguard/LICENSE", "usr/share/doc/specguard/THIRD_PARTY_NOTICES"}
			if want := slices.Concat(programs, licenses); !slices.Equal(names, want) {
				t.Errorf("the image holds %q, want %q", names, want)
			}
			for _, name := range programs {
				data := img.files[name]
				checkStatic(t, name, data, machine)
				if arch == runtime.GOARCH {
					checkVersion(t, name, data)
				}
			}
		})
	}
}

func root() error {
	if os.Geteuid() != 0 {
		return errors.New("not root")
	}
	return nil
}

func checkStatic(t *testing.T, name string, data []byte, machine elf.Machine) {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if f.Machine != machine {
		t.Errorf("%s is for %s, want %s", name, f.Machine, machine)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Errorf("%s is linked dynamically", name)
		}
	}
}

// checkVersion: the program was built with the version that was asked for.
func checkVersion(t *testing.T, name string, data []byte) {
	t.Helper()
	if filepath.Base(name) != "specguard" {
		return
	}
	path := filepath.Join(t.TempDir(), "specguard")
	if err := os.WriteFile(path, data, 0o700); err != nil {
		t.Fatal(err)
	}
	out := output(t, path, "version")
	if !strings.HasPrefix(out, "specguard test (") {
		t.Errorf("version: %q, want that of the build argument", out)
	}
}

// savedImage is an image's configuration and files.
type savedImage struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
	Config       struct {
		Entrypoint, Cmd []string
		Labels          map[string]string
	} `json:"config"`

	files map[string][]byte
}

// readImage reads a Docker archive.
func readImage(t *testing.T, path string) savedImage {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	archive := readTar(t, data)
	var manifest []struct {
		Config           string
		RepoTags, Layers []string
	}
	unmarshal(t, archive["manifest.json"], &manifest)
	if len(manifest) != 1 || !slices.Equal(manifest[0].RepoTags, []string{build.ImageName}) {
		t.Fatalf("the archive holds %+v, want %s", manifest, build.ImageName)
	}
	img := savedImage{files: map[string][]byte{}}
	unmarshal(t, archive[manifest[0].Config], &img)
	for _, layer := range manifest[0].Layers {
		maps.Copy(img.files, readTar(t, archive[layer]))
	}
	return img
}

func unmarshal(t *testing.T, data []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

// readTar gives all that is in an archive but folders.
func readTar(t *testing.T, data []byte) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeDir {
			continue
		}
		if out[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

// TestGoIsPinned: the image is built with the Go that go.mod asks for.
func TestGoIsPinned(t *testing.T) {
	find := func(file, expr string) []string {
		return regexp.MustCompile(expr).FindStringSubmatch(read(t, file))
	}
	image := find("Dockerfile", `(?m)^ARG GO_IMAGE=\S+:(\S+)$`)
	mod := find("go.mod", `(?m)^go (\S+)$`)
	if image == nil || !reflect.DeepEqual(image[1:], mod[1:]) {
		t.Errorf("the Dockerfile's Go is %q, go.mod's %q", image, mod)
	}
}
