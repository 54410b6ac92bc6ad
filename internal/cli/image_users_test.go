package cli

import (
	"archive/tar"
	"bytes"
	"strings"
	"testing"
)

// dockerArchive is what docker save writes of an image that runs as app, who is 1000.
func dockerArchive(t *testing.T, tag string) string {
	t.Helper()
	archive := func(files ...string) string {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for i := 0; i < len(files); i += 2 {
			if err := w.WriteHeader(&tar.Header{Name: files[i], Mode: 0o644, Size: int64(len(files[i+1]))}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write([]byte(files[i+1])); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	layer := archive("etc/passwd", "app:x:1000:1000:::\n")
	return file(t, "image.tar", archive("c.json", `{"os":"linux","config":{"User":"app"}}`, "l.tar", layer,
		"manifest.json", `[{"Config":"c.json","RepoTags":["`+tag+`"],"Layers":["l.tar"]}]`))
}

// TestCheckImageUser: an image whose user is known is not taken for root.
func TestCheckImageUser(t *testing.T) {
	p := policyFile(t, "runAsNonRoot: {}")
	m := file(t, "m.yaml", podIn("team-a", "web", "{}")) // image web
	const digest = "sha256:0123456789012345678901234567890123456789012345678901234567890123"
	pinned := file(t, "m.yaml", strings.Replace(podIn("team-a", "web", "{}"), "image: web", "image: web@"+digest, 1))
	archive := dockerArchive(t, "web:latest")
	for name, c := range map[string]struct {
		code int
		args []string
	}{
		"not known":               {2, nil},
		"every image":             {0, []string{"--image-user", "1000"}},
		"root":                    {2, []string{"--image-user", "0:5"}},
		"by name":                 {0, []string{"--image-user", "web=1000:1000"}},
		"by full name":            {0, []string{"--image-user", "docker.io/library/web:latest=1000"}},
		"another tag":             {2, []string{"--image-user", "web:2=1000"}},
		"another image":           {2, []string{"--image-user", "web2=1000"}},
		"name before every":       {2, []string{"--image-user", "web=0", "--image-user", "1000"}},
		"tag before name":         {0, []string{"--image-user", "web=0", "--image-user", "web:latest=1000"}},
		"an archive":              {0, []string{"--image-file", archive}},
		"an archive of another":   {2, []string{"--image-file", dockerArchive(t, "other:1")}},
		"an archive with a name":  {0, []string{"--image-file", "web=" + dockerArchive(t, "other:1")}},
		"an archive before every": {0, []string{"--image-file", archive, "--image-user", "0"}},
	} {
		if r := specguard(t, append([]string{"check", "--policy-dir", p, m}, c.args...)...); r.code != c.code {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if r := specguard(t, "check", "--policy-dir", p, pinned, "--image-user", "web@"+digest+"=1"); r.code != 0 {
		t.Errorf("%+v", r)
	}
	r := specguard(t, "check", "--policy-dir", p, m, "--image-user", "wbe=1000")
	if want := "warning: --image-user wbe=1000 does nothing: no container has this image\n"; r.stderr != want {
		t.Errorf("%q", r.stderr)
	}
	for want, args := range map[string][]string{
		"--image-user x: must be [IMAGE=]UID[:GID], with numbers\n":              {"--image-user", "x"},
		"--image-user 1:x: must be [IMAGE=]UID[:GID], with numbers\n":            {"--image-user", "1:x"},
		"--image-user web=: must be [IMAGE=]UID[:GID], with numbers\n":           {"--image-user", "web="},
		"--image-user =1: has no IMAGE before =\n":                               {"--image-user", "=1"},
		"--image-user 2: the user of all images is given twice\n":                {"--image-user", "1", "--image-user", "2"},
		"--image-user web=2: the user of docker.io/library/web is given twice\n": {"--image-user", "web=1", "--image-user", "web=2"},
		"--image-file /no/such: no such file or directory\n":                     {"--image-file", "/no/such"},
		"--image-file " + m + ": is no tar archive that is not compressed: ":     {"--image-file", m},
		"--image-user WEB=1: \"WEB\" is no image: ":                              {"--image-user", "WEB=1"},
	} {
		if r := specguard(t, append([]string{"check", "--policy-dir", p, m}, args...)...); r.code != 1 || r.stdout != "" || !strings.HasPrefix(r.stderr, want) {
			t.Errorf("%+v, want %q", r, want)
		}
	}
}
