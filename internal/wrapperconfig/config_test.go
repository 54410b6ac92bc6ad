package wrapperconfig

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

func TestRead(t *testing.T) {
	for text, want := range map[string]Config{
		"":              Default(),
		"# nothing\n":   Default(),
		"timeout: 90s":  {Socket: Default().Socket, Timeout: Duration(90 * time.Second)},
		"socket: /s.so": {Socket: "/s.so", Timeout: Default().Timeout},
		"runtimes: {a: /usr/bin/a, b: /b}\npass: {namespaces: [kube-system, x]}\n": {
			Socket: Default().Socket, Timeout: Default().Timeout,
			Runtimes: map[string]Path{"a": "/usr/bin/a", "b": "/b"}, Pass: Pass{Namespaces: []string{"kube-system", "x"}},
		},
	} {
		if got, err := Read("f", []byte(text)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, error %v", text, got, err)
		}
	}
}

func TestFaultyConfig(t *testing.T) {
	for text, want := range map[string]string{
		"socket: s.so":                       `f:1:9: socket: "s.so" is not an absolute path`,
		"timeout: 0s":                        `f:1:10: timeout: "0s" is not a duration such as 10s`,
		"timeout: soon":                      `f:1:10: timeout: "soon" is not a duration such as 10s`,
		"runtimes: {a: runc}":                `f:1:15: runtimes.a: "runc" is not an absolute path`,
		"pass: {everything: true}":           `f:1:8: pass: unknown field "everything" (allowed: namespaces)`,
		"timeout: 1s\n---\ntimeout: 2s\n":    `f:2:1: a second document; a configuration is a single document`,
		"timeout: [":                         `f:1:11: invalid YAML`,
		"pass: {namespaces: [a], namespaces": `f:1:`,
	} {
		got, err := Read("f", []byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), want) || !reflect.DeepEqual(got, Default()) {
			t.Errorf("%q: %+v, error %v", text, got, err)
		}
	}
}

// TestWriteConfig reads again what was written.
func TestWriteConfig(t *testing.T) {
	want := Default()
	want.Runtimes, want.Pass.Namespaces = map[string]Path{"a": "/usr/bin/a"}, []string{"x"}
	text, err := yaml.Marshal(Config{Runtimes: want.Runtimes, Pass: want.Pass})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Read("f", text); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, error %v, from\n%s", got, err, text)
	}
}

func TestPass(t *testing.T) {
	p := Pass{Namespaces: []string{"a", ""}}
	if !p.Has("a") || p.Has("b") || p.Has("") {
		t.Errorf("%v", p)
	}
}
