package input

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/specguard/specguard/policy"
)

// config is an OCI config.json with those annotations.
func config(annotations string) string {
	return fmt.Sprintf(`{"ociVersion":"1.2.1","process":{"args":["sh"],"cwd":"/"},"annotations":{%s}}`, annotations)
}

const (
	containerd = `"io.kubernetes.cri.sandbox-name":"web-0","io.kubernetes.cri.sandbox-namespace":"team-a","io.kubernetes.cri.sandbox-uid":"3f2a",` +
		`"io.kubernetes.cri.sandbox-id":"5d1c","io.kubernetes.cri.container-name":"app","io.kubernetes.cri.image-name":"web:1"`
	crio = `"io.kubernetes.cri-o.SandboxID":"5d1c","io.kubernetes.cri-o.ContainerID":"9b7e","io.kubernetes.cri-o.Image":"web:1",` +
		`"io.kubernetes.cri-o.ImageName":"docker.io/library/web:1","io.kubernetes.pod.name":"web-0","io.kubernetes.pod.namespace":"team-a",` +
		`"io.kubernetes.pod.uid":"3f2a","io.kubernetes.container.name":"app"`
	labels = `"io.kubernetes.pod.name":"web-0","io.kubernetes.pod.namespace":"team-a","io.kubernetes.pod.uid":"3f2a","io.kubernetes.container.name":"app"`

	// inspected is what crictl prints of a container with that spec.
	inspected = `{"status":{"id":"9b7e","metadata":{"name":"app"},"image":{"image":"docker.io/library/web:1","userSpecifiedImage":"web:1"},` +
		`"imageRef":"docker.io/library/web@sha256:1","labels":{` + labels + `}},"info":{"sandboxID":"5d1c","pid":7,"runtimeSpec":%s}}`

	pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web-0, namespace: team-a}\nspec: {containers: [{name: app, image: 'web:1'}, {name: side, image: 'web:1'}]}\n"
)

func TestReadSpecs(t *testing.T) {
	known := policy.Subject{
		Pod:       policy.Pod{Name: "web-0", Namespace: "team-a", UID: "3f2a", ID: "5d1c"},
		Container: policy.Container{Name: "app", ID: "9b7e"},
	}
	image := func(image string, others ...string) policy.Container {
		return policy.Container{Name: "app", ID: "9b7e", Image: image, OtherImages: others}
	}
	for name, c := range map[string]struct {
		data      string
		pod       policy.Pod
		container policy.Container
	}{
		"config.json": {data: config(``), pod: policy.Pod{Unseen: true}},
		"containerd's config.json": {
			data: config(containerd), pod: known.Pod,
			container: policy.Container{Name: "app", Image: "web:1", OtherImages: []string{}},
		},
		"CRI-O's config.json":            {data: config(crio), pod: known.Pod, container: image("docker.io/library/web:1", "web:1")},
		"CRI-O's with pod's annotations": {data: config(crio + `,"io.kubernetes.cri.sandbox-namespace":"kube-system"`), pod: known.Pod, container: image("docker.io/library/web:1", "web:1")},
		"crictl inspect on containerd": {
			data: fmt.Sprintf(inspected, config(containerd)), pod: known.Pod,
			container: image("docker.io/library/web:1", "web:1", "docker.io/library/web@sha256:1"),
		},
		"labels come first": {
			data: fmt.Sprintf(inspected, config(strings.ReplaceAll(containerd, "web-0", "another"))), pod: known.Pod,
			container: image("docker.io/library/web:1", "web:1", "docker.io/library/web@sha256:1"),
		},
		"ctr's labels": {
			data: `{"ID":"9b7e","Labels":{` + labels + `},"Image":"web:1","Spec":` + config("") + `}`,
			pod:  policy.Pod{Name: "web-0", Namespace: "team-a", UID: "3f2a"}, container: policy.Container{Name: "app", ID: "9b7e", Image: "web:1", OtherImages: []string{}},
		},
		"crictl inspect on CRI-O": {
			data: fmt.Sprintf(inspected, config(crio)), pod: known.Pod,
			container: image("docker.io/library/web:1", "web:1", "docker.io/library/web@sha256:1"),
		},
		"ctr container info": {
			data: `{"ID":"9b7e","Labels":{` + labels + `},"Image":"docker.io/library/web:1","Runtime":{"Name":"io.containerd.runc.v2"},"Spec":` + config(containerd) + `}`,
			pod:  known.Pod, container: image("docker.io/library/web:1", "web:1"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Read("f", []byte(c.data))
			if err != nil || len(got) != 1 {
				t.Fatal(got, err)
			}
			sub := got[0].Subject
			c.pod.LabelsUnseen = true
			if !reflect.DeepEqual(sub.Pod, c.pod) || !reflect.DeepEqual(sub.Container, c.container) {
				t.Errorf("%+v %+v\nwant %+v %+v", sub.Pod, sub.Container, c.pod, c.container)
			}
			if sub.Spec.Process.Cwd != "/" || got[0].Object != "" || got[0].Notes != nil {
				t.Errorf("%+v", got[0])
			}
		})
	}
}

func TestReadSeveral(t *testing.T) {
	one := fmt.Sprintf(inspected, config(containerd))
	for name, c := range map[string]struct {
		data string
		want int
	}{
		"a list":          {"[" + one + "," + config("") + "]", 2},
		"a stream":        {one + "\n" + one, 2},
		"lists in a row":  {"[" + one + "][" + one + "," + one + "]", 3},
		"a manifest":      {pod, 2},
		"manifests":       {pod + "---\n" + strings.ReplaceAll(pod, "web-0", "web-1"), 4},
		"a JSON manifest": {`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"app","image":"web"}]}}`, 1},
	} {
		got, err := Read("f", []byte(c.data))
		if err != nil || len(got) != c.want {
			t.Errorf("%s: %d containers, error %v", name, len(got), err)
		}
	}
}

func TestReadManifest(t *testing.T) {
	got, err := Read("f", []byte(pod))
	if err != nil || len(got) != 2 || got[1].Object != "Pod/web-0" || got[1].Subject.Container.Name != "side" || got[1].Notes[0] != derived {
		t.Fatalf("%+v, error %v", got, err)
	}
}

func TestGiveNamespace(t *testing.T) {
	unnamed := strings.Replace(pod, ", namespace: team-a", "", 1)
	for name, c := range map[string]struct{ data, want string }{
		"a spec":                         {config(""), "given"},
		"a spec that tells":              {config(containerd), "team-a"},
		"a manifest":                     {unnamed, "given"},
		"a manifest that tells":          {pod, "team-a"},
		"a manifest that tells: default": {strings.Replace(pod, "team-a", "default", 1), "default"},
	} {
		got, err := Read("f", []byte(c.data))
		if err != nil {
			t.Fatal(name, err)
		}
		for i := range got {
			got[i].GiveNamespace("given")
			if sub := got[i].Subject; sub.Pod.Namespace != c.want || strings.Contains(strings.Join(got[i].Notes, " "), "namespace") ||
				got[i].Object != "" && sub.Spec.Annotations["io.kubernetes.cri.sandbox-namespace"] != c.want {
				t.Errorf("%s: %+v", name, got[i])
			}
		}
	}
}

func TestReadErrors(t *testing.T) {
	const neither = "neither JSON nor a Kubernetes manifest"
	const nothing = "f: neither an OCI config.json (no ociVersion), nor the output of crictl inspect (no info.runtimeSpec) or of ctr container info (no Spec), " +
		"nor a Kubernetes manifest (no apiVersion and kind)"
	for data, want := range map[string]string{
		"":                              "f: is empty",
		" \n":                           "f: is empty",
		"no":                            "f: " + neither + " (no apiVersion and kind)",
		"a: [b":                         "f: " + neither + " (no apiVersion and kind)",
		"# no":                          "f: " + neither + " (no apiVersion and kind)",
		"{\n  \"a\": 1,\n  b}":          "f:3:3: " + neither + ": invalid character 'b' looking for beginning of object key string",
		"{\n":                           "f:2:1: " + neither + ": unexpected EOF",
		config("") + "}":                "f:1:76: " + neither + ": invalid character '}' looking for beginning of value",
		"[]":                            "f: is an empty list",
		"[[]]":                          nothing,
		"1":                             nothing,
		"{}":                            nothing,
		"null":                          nothing,
		`{"info":{"runtimeSpec":{}}}`:   nothing,
		`{"info":{"runtimeSpec":null}}`: nothing,
		"[" + config("") + ",{}]":       nothing,
		"apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, image: b, env: [{name: A, value: *secret}]}]}\n": "f:3:64: invalid YAML: an alias (*) without an anchor; ",
		`{"ociVersion":1}`:     "f: ociVersion: the number is not valid here",
		`{"status":{"id":[]}}`: "f: status.id: the array is not valid here",
		`{"ociVersion":"1.2.1","process":{"env":"A=secret"}}`:             "f: process.env: the string is not valid here",
		`{"ociVersion":"1.2.1","process":{"env":["B=x",{"A":"secret"}]}}`: "f: process.env.1: the object is not valid here",
		`{"ociVersion":"1.2.1","process":{"user":{"uid":-12345}}}`:        "f: process.user.uid: the number is not valid here",
		`{"info":{"runtimeSpec":"secret"}}`:                               "f: OCI spec: the string is not valid here",
		"apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a}]}\n":    "f:3:21: spec.containers[0]: ",
	} {
		got, err := Read("f", []byte(data))
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, error %v\nwant %s", data, got, err, want)
		}
	}
}
