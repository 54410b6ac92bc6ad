package deploy_test

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

const namespace = "specguard-system"

// object is one Kubernetes object that was rendered.
type object struct {
	kind, name string
	text       []byte
}

// id is what an object is found by.
func (o object) id() string { return o.kind + "/" + o.name }

// overlay renders an overlay of deploy/kustomize.
func overlay(t *testing.T, name string) []object {
	t.Helper()
	return kustomize(t, "resources: [../overlays/"+name+"]\n")
}

// kustomize renders a kustomization that lies in a folder of deploy/kustomize,
// as kubectl apply -k does.
func kustomize(t *testing.T, kustomization string) []object {
	t.Helper()
	files := filesys.MakeFsInMemory()
	root := repo(t, "deploy")
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		return files.WriteFile(path.Join("/", strings.TrimPrefix(p, root)), data)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := files.WriteFile("/kustomize/test/kustomization.yaml", []byte(kustomization)); err != nil {
		t.Fatal(err)
	}
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, "/kustomize/test")
	if err != nil {
		t.Fatal(err)
	}
	text, err := resources.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return objects(t, text)
}

// helm renders the chart with values over its own, as helm template does.
func helm(t *testing.T, values string) []object {
	t.Helper()
	return helmIn(t, namespace, values)
}

// helmIn renders the chart for a release in a namespace.
func helmIn(t *testing.T, namespace, values string) []object {
	t.Helper()
	files, err := tryHelm(t, namespace, values)
	if err != nil {
		t.Fatal(err)
	}
	var out []object
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasSuffix(name, ".yaml") {
			out = append(out, objects(t, []byte(files[name]))...)
		}
	}
	return out
}

// tryHelm gives the rendered files, or why Helm does not take the values.
func tryHelm(t *testing.T, namespace, values string) (map[string]string, error) {
	t.Helper()
	chart, err := loader.Load(repo(t, "deploy/helm/specguard"))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := chartutil.ReadValues([]byte(values))
	if err != nil {
		t.Fatal(err)
	}
	all, err := chartutil.ToRenderValues(chart, parsed, chartutil.ReleaseOptions{Name: "guard", Namespace: namespace}, nil)
	if err != nil {
		return nil, err
	}
	return engine.Render(chart, all)
}

// objects splits a stream of documents.
func objects(t *testing.T, stream []byte) []object {
	t.Helper()
	var out []object
	for doc := range bytes.SplitSeq(stream, []byte("\n---\n")) {
		doc = append(bytes.Clone(doc), '\n')
		var head struct {
			Kind     string
			Metadata struct{ Name string }
		}
		if err := yaml.Unmarshal(doc, &head); err != nil {
			t.Fatalf("%v in\n%s", err, doc)
		}
		if head.Kind != "" {
			out = append(out, object{kind: head.Kind, name: head.Metadata.Name, text: doc})
		}
	}
	return out
}
