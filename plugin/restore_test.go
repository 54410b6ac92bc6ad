package plugin

import (
	"maps"
	"testing"

	"github.com/containerd/nri/pkg/api"

	"github.com/specguard/specguard/plugin/containerruntime"
	"github.com/specguard/specguard/plugin/judge"
)

// TestRestored creates containers as containerruntime.Containerd restores them from checkpoints.
// An author of pods can refuse his own that way, and nobody's else.
func TestRestored(t *testing.T) {
	marks := map[string]string{"restored": "true", "checkpointedAt": "2026-01-01T00:00:00Z", "checkpointImage": "docker.io/x"}
	but := func(key string) map[string]string {
		out := maps.Clone(marks)
		delete(out, key)
		return out
	}
	const refused = "specguard: refused: the container would be restored from a checkpoint, which has privileges that cannot be judged (use the image that it was made from)"
	for name, c := range map[string]struct {
		doc         string
		runtime     string
		annotations map[string]string
		image       string
		err         string
	}{
		"restored":                   {doc("p", allow), containerruntime.Containerd, marks, "", refused},
		"no policy":                  {doc("p", elsewhere, allow), containerruntime.Containerd, marks, "", ""},
		"audit":                      {doc("p", auditing, allow), containerruntime.Containerd, marks, "", ""},
		"selected by image":          {doc("p", `match: {images: ["quay.io/**"]}`, allow), containerruntime.Containerd, marks, "docker.io/a", refused},
		"on CRI-O, which has others": {doc("p", allow), containerruntime.CRIO, marks, "", ""},
		"not restored":               {doc("p", allow), containerruntime.Containerd, but("restored"), "", ""},
		"no time":                    {doc("p", allow), containerruntime.Containerd, but("checkpointedAt"), "", ""},
		"no image":                   {doc("p", allow), containerruntime.Containerd, but("checkpointImage"), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			n := offline(t, c.doc)
			n.plugin.conn.configured(containerruntime.Runtime{Name: c.runtime}, judge.InStore{Specs: n.store})
			ctr := container()
			ctr.Annotations = c.annotations
			if c.image != "" {
				ctr.Image = &api.Image{Name: c.image}
			}
			_, _, err := nriEvents{n.plugin}.CreateContainer(t.Context(), pod(), ctr)
			if message(err) != c.err {
				t.Errorf("error %q, want %q", message(err), c.err)
			}
		})
	}
}
