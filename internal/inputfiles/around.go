package inputfiles

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"
)

// Around looks at the folders around files, which say that some are no manifests by themselves. It is
// safe for concurrent use.
type Around struct {
	mu      sync.Mutex
	charts  map[string]bool            // folders that are a Helm chart
	patches map[string]map[string]bool // the paths that a folder's kustomization patches with
}

// NewAround has not looked at any folder.
func NewAround() *Around {
	return &Around{charts: make(map[string]bool), patches: make(map[string]map[string]bool)}
}

// maxAbove is how many folders above a file can hold the kustomization that it is a patch of.
const maxAbove = 4

// Unfinished tells why the file is not a manifest before a program has made one of it: "" if
// there is no such reason.
func (a *Around) Unfinished(path string, data []byte) string {
	if path == Standard {
		return ""
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if chart := a.chart(path); chart != "" && bytes.Contains(data, []byte("{{")) {
		return fmt.Sprintf("template of a Helm chart; instead: helm template %s | specguard check -", shown(chart))
	}
	if dir := a.patched(path); dir != "" {
		return fmt.Sprintf("patch of a kustomization; instead: kustomize build %s | specguard check -", shown(dir))
	}
	return ""
}

// shown is a path as somebody in the working directory would write it.
func shown(path string) string {
	if dir, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(dir, path); err == nil && !strings.HasPrefix(rel, "..") {
			return rel
		}
	}
	return path
}

// chart is the folder of the Helm chart that the file is a template of; "" for none. A chart
// within another is rendered with that.
func (a *Around) chart(path string) string {
	above := filepath.Dir(path)
	for {
		dir := filepath.Dir(above)
		if filepath.Base(above) == "templates" && a.isChart(dir) {
			for up := filepath.Dir(dir); filepath.Base(up) == "charts" && a.isChart(filepath.Dir(up)); up = filepath.Dir(dir) {
				dir = filepath.Dir(up)
			}
			return dir
		}
		if dir == above {
			return ""
		}
		above = dir
	}
}

func (a *Around) isChart(dir string) bool {
	is, known := a.charts[dir]
	if !known {
		_, err := os.Stat(filepath.Join(dir, "Chart.yaml"))
		is = err == nil
		a.charts[dir] = is
	}
	return is
}

// patched is the folder of the kustomization that the file is a patch of; "" for none.
func (a *Around) patched(path string) string {
	dir := filepath.Dir(path)
	for range maxAbove {
		if a.patchesOf(dir)[path] {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	return ""
}

// kustomization is what of a kustomization names files that are no objects by themselves.
type kustomization struct {
	Patches               []struct{ Path string }
	PatchesJSON6902       []struct{ Path string } `yaml:"patchesJson6902"`
	PatchesStrategicMerge []string                `yaml:"patchesStrategicMerge"`
}

func (a *Around) patchesOf(dir string) map[string]bool {
	out, known := a.patches[dir]
	if known {
		return out
	}
	out = make(map[string]bool)
	a.patches[dir] = out
	for _, name := range []string{"kustomization.yaml", "kustomization.yml", "Kustomization"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		var k kustomization
		if err != nil || yaml.Unmarshal(data, &k) != nil {
			continue
		}
		for _, p := range append(k.Patches, k.PatchesJSON6902...) {
			out[filepath.Join(dir, p.Path)] = p.Path != ""
		}
		for _, p := range k.PatchesStrategicMerge {
			out[filepath.Join(dir, p)] = !strings.Contains(p, "\n")
		}
	}
	return out
}
