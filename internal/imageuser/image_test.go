package imageuser

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
)

// files are those of an image, or of a layer. A content that begins with -> is a symlink.
type files map[string]string

func (f files) tar(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(f)) {
		h := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(f[name])), Typeflag: tar.TypeReg}
		content := f[name]
		if to, is := strings.CutPrefix(content, "->"); is {
			h.Typeflag, h.Linkname, h.Size, content = tar.TypeSymlink, to, 0, ""
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// blob adds a blob, and returns its descriptor.
func (f files) blob(data []byte) map[string]any {
	d := digest.FromBytes(data)
	f["blobs/sha256/"+d.Encoded()] = string(data)
	return map[string]any{"digest": d.String(), "size": len(data), "mediaType": "application/x"}
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// manifest adds an image, and returns the descriptor of its manifest.
func (f files) manifest(t *testing.T, os, user string, layers ...[]byte) map[string]any {
	t.Helper()
	list := []any{}
	for _, l := range layers {
		list = append(list, f.blob(l))
	}
	config := f.blob(encode(t, map[string]any{"os": os, "config": map[string]any{"User": user}}))
	return f.blob(encode(t, map[string]any{"config": config, "layers": list}))
}

// index makes the files an image layout.
func (f files) index(t *testing.T, manifests ...map[string]any) files {
	t.Helper()
	f["oci-layout"] = `{"imageLayoutVersion":"1.0.0"}`
	f["index.json"] = string(encode(t, map[string]any{"schemaVersion": 2, "manifests": manifests}))
	return f
}

func with(d map[string]any, key string, value any) map[string]any {
	d = maps.Clone(d)
	d[key] = value
	return d
}

// read reads the files as a folder and as an archive, which must say the same.
func (f files) read(t *testing.T) ([]Image, error) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range f {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	archive := filepath.Join(t.TempDir(), "image.tar")
	if err := os.WriteFile(archive, f.tar(t), 0o600); err != nil {
		t.Fatal(err)
	}
	images, err := Read(dir)
	same, also := Read(archive)
	if !reflect.DeepEqual(images, same) || (err == nil) != (also == nil) || err != nil && err.Error() != also.Error() {
		t.Errorf("a folder: %+v %v\nan archive: %+v %v", images, err, same, also)
	}
	return images, err
}

const (
	passwd = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/:\nother:x:7:7::/:\n"
	group  = "root:x:0:\napp:x:1001:\nwheel:x:10:root,app\ndocker:x:11:app\n"
)

func TestUsers(t *testing.T) {
	base := files{"etc/passwd": passwd, "etc/group": group}.tar(t)
	none := files{"bin/sh": ""}.tar(t)
	for name, c := range map[string]struct {
		user   string
		layers [][]byte
		want   User
		err    string
	}{
		"none":                   {user: "", layers: [][]byte{base}, want: User{UID: 0, Groups: []uint32{0, 10}}},
		"a number":               {user: "1000", layers: [][]byte{base}, want: User{UID: 1000, Groups: []uint32{1001, 10, 11}}},
		"its group is not used":  {user: "1000:5", layers: [][]byte{base}, want: User{UID: 1000, Groups: []uint32{1001, 10, 11}}},
		"an unknown number":      {user: "2000", layers: [][]byte{base}, want: User{UID: 2000, Groups: []uint32{0}}},
		"a name":                 {user: "app:other", layers: [][]byte{base}, want: User{UID: 1000, Name: "app", Groups: []uint32{1001, 10, 11}}},
		"an unknown name":        {user: "nobody", layers: [][]byte{base}, err: `its user "nobody" is not in its /etc/passwd`},
		"compressed":             {user: "app", layers: [][]byte{zipped(t, base), none}, want: User{UID: 1000, Name: "app", Groups: []uint32{1001, 10, 11}}},
		"without accounts":       {user: "3", layers: [][]byte{none}, want: User{UID: 3, Groups: []uint32{0}}},
		"a name without":         {user: "app", layers: [][]byte{none}, err: `its user "app" is not in its /etc/passwd`},
		"without layers":         {user: "3", want: User{UID: 3, Groups: []uint32{0}}},
		"the top layer's":        {user: "app", layers: [][]byte{base, files{"./etc/passwd": "app:x:5:6:::\n"}.tar(t)}, want: User{UID: 5, Name: "app", Groups: []uint32{6, 10, 11}}},
		"a file that is hidden":  {user: "1000", layers: [][]byte{base, files{"etc/.wh.group": ""}.tar(t)}, want: User{UID: 1000, Groups: []uint32{1001}}},
		"a folder that is":       {user: "1000", layers: [][]byte{base, files{"etc/.wh..wh..opq": ""}.tar(t)}, want: User{UID: 1000, Groups: []uint32{0}}},
		"hidden, and new":        {user: "app", layers: [][]byte{base, files{".wh.etc": "", "etc/passwd": "app:x:5:6:::\n"}.tar(t)}, want: User{UID: 5, Name: "app", Groups: []uint32{6}}},
		"a link":                 {user: "app", layers: [][]byte{base, files{"etc/passwd": "->/x"}.tar(t)}, err: `its user "app" cannot be looked up: its /etc/passwd is a link`},
		"a link and a number":    {user: "1000", layers: [][]byte{base, files{"etc": "->/x"}.tar(t)}, want: User{UID: 1000}},
		"zstd":                   {user: "app", layers: [][]byte{{0x28, 0xb5, 0x2f, 0xfd, 0}}, err: `its user "app" cannot be looked up: a layer is compressed with zstd, which specguard cannot read`},
		"zstd and a number":      {user: "1000", layers: [][]byte{{0x28, 0xb5, 0x2f, 0xfd, 0}}, want: User{UID: 1000}},
		"a number that is large": {user: "4294967296", layers: [][]byte{base}, err: `its user "4294967296" is not in its /etc/passwd`},
	} {
		t.Run(name, func(t *testing.T) {
			f := files{}
			images, err := f.index(t, f.manifest(t, "linux", c.user, c.layers...)).read(t)
			switch {
			case err != nil && err.Error() != c.err, err == nil && c.err != "":
				t.Errorf("%v, want %q", err, c.err)
			case err == nil && !reflect.DeepEqual(images[0].User, c.want):
				t.Errorf("%+v, want %+v", images[0].User, c.want)
			}
		})
	}
}

func TestNames(t *testing.T) {
	f := files{}
	one := f.manifest(t, "linux", "1")
	two := f.manifest(t, "linux", "2")
	windows := with(f.manifest(t, "windows", "3"), "platform", map[string]string{"os": "windows"})
	attestation := with(f.manifest(t, "", ""), "platform", map[string]string{"os": "unknown"})
	several := f.blob(encode(t, map[string]any{"manifests": []any{two, windows, attestation}}))
	images, err := f.index(t,
		with(one, "annotations", map[string]string{ociName: "latest", containerdName: "docker.io/library/web:1"}),
		with(several, "annotations", map[string]string{ociName: "ghcr.io/a/b:2"}), windows, with(two, "annotations", map[string]string{ociName: "v2"})).read(t)
	want := []Image{
		{Names: []string{"docker.io/library/web:1"}, Digests: []string{one["digest"].(string)}, User: User{UID: 1, Groups: []uint32{0}}},
		{Names: []string{"ghcr.io/a/b:2"}, Digests: []string{several["digest"].(string), two["digest"].(string)}, User: User{UID: 2, Groups: []uint32{0}}},
		{Digests: []string{two["digest"].(string)}, User: User{UID: 2, Groups: []uint32{0}}},
	}
	if err != nil || !reflect.DeepEqual(images, want) {
		t.Errorf("%v\n%+v\nwant\n%+v", err, images, want)
	}
}

func TestDockerArchive(t *testing.T) {
	layer := string(files{"etc/passwd": passwd}.tar(t))
	images, err := files{
		"a.json": `{"os":"linux","config":{"User":"app"}}`, "a/layer.tar": layer,
		"manifest.json": `[{"Config":"a.json","RepoTags":["web:1","web:latest"],"Layers":["a/layer.tar"]}]`,
	}.read(t)
	want := []Image{{Names: []string{"web:1", "web:latest"}, User: User{UID: 1000, Name: "app", Groups: []uint32{1001}}}}
	if err != nil || !reflect.DeepEqual(images, want) {
		t.Errorf("%v %+v", err, images)
	}
}

func TestReadFails(t *testing.T) {
	f := files{}
	one, two := f.manifest(t, "linux", "1"), f.manifest(t, "linux", "2")
	several := f.blob(encode(t, map[string]any{"manifests": []any{one, two}}))
	broken := maps.Clone(f)
	broken["blobs/sha256/"+strings.TrimPrefix(one["digest"].(string), "sha256:")] += " "
	for want, f := range map[string]files{
		"is no image: it has neither index.json (OCI) nor manifest.json (docker save)": {"a": ""},
		"index.json: invalid character": {"index.json": "x"},
		"holds no image for Linux":      {"manifest.json": "[]"},
		"a.json: file does not exist":   {"manifest.json": `[{"Config":"a.json"}]`},
		"is not complete: ":             files{}.index(t, one),
		"\"../x\": ":                    files{}.index(t, map[string]any{"digest": "../x"}),
		"has another digest":            broken.index(t, one),
		"its platforms have different":  maps.Clone(f).index(t, several),
	} {
		dir := t.TempDir()
		archive := filepath.Join(dir, "a.tar")
		if err := os.WriteFile(archive, f.tar(t), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(archive); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	for _, data := range [][]byte{zipped(t, files{"index.json": "{}"}.tar(t)), []byte("text")} {
		archive := filepath.Join(t.TempDir(), "a")
		if err := os.WriteFile(archive, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(archive); err == nil || !strings.Contains(err.Error(), "is no tar archive") {
			t.Errorf("%v", err)
		}
	}
}
