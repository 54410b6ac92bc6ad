package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// configured makes the wrapper read the text as its configuration.
func configured(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "runtime.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(configVariable, path)
	return path
}

func TestLoadConfig(t *testing.T) {
	for text, want := range map[string]config{
		"":              defaultConfig(),
		"# nothing\n":   defaultConfig(),
		"timeout: 90s":  {Socket: defaultConfig().Socket, Timeout: duration(90 * time.Second)},
		"socket: /s.so": {Socket: "/s.so", Timeout: defaultConfig().Timeout},
		"runtimes: {a: /usr/bin/a, b: /b}\npass: {namespaces: [kube-system, x]}\n": {
			Socket: defaultConfig().Socket, Timeout: defaultConfig().Timeout,
			Runtimes: map[string]absolute{"a": "/usr/bin/a", "b": "/b"}, Pass: pass{Namespaces: []string{"kube-system", "x"}},
		},
	} {
		configured(t, text)
		if got, err := loadConfig(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, error %v", text, got, err)
		}
	}
}

func TestFaultyConfig(t *testing.T) {
	for text, want := range map[string]string{
		"socket: s.so":                       `:1:9: socket: "s.so" is not an absolute path`,
		"timeout: 0s":                        `:1:10: timeout: "0s" is not a duration such as 10s`,
		"timeout: soon":                      `:1:10: timeout: "soon" is not a duration such as 10s`,
		"runtimes: {a: runc}":                `:1:15: runtimes.a: "runc" is not an absolute path`,
		"pass: {everything: true}":           `:1:8: pass: unknown field "everything" (allowed: namespaces)`,
		"timeout: 1s\n---\ntimeout: 2s\n":    `:2:1: more than one document`,
		"timeout: [":                         `:1:1: no valid YAML`,
		"pass: {namespaces: [a], namespaces": `:1:`,
	} {
		path := configured(t, text)
		got, err := loadConfig()
		if err == nil || !strings.HasPrefix(err.Error(), path+want) || !reflect.DeepEqual(got, defaultConfig()) {
			t.Errorf("%q: %+v, error %v", text, got, err)
		}
	}
	t.Setenv(configVariable, filepath.Join(t.TempDir(), "none"))
	if _, err := loadConfig(); err == nil || !strings.HasPrefix(err.Error(), "read configuration: ") {
		t.Errorf("error %v", err)
	}
}

func TestRealRuntime(t *testing.T) {
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cfg := config{Runtimes: map[string]absolute{"sh": "/bin/sh", "self": absolute(own), "none": "/no/such"}}
	for name, want := range map[string]string{
		"sh":             "/bin/sh",
		"specguard-true": "/usr/bin/true",
		"true":           "/usr/bin/true",
	} {
		if got, err := cfg.realRuntime(name); err != nil || got != want {
			t.Errorf("%s: %q, error %v", name, got, err)
		}
	}
	for name, want := range map[string]string{
		"self":              "the real OCI runtime " + own + " is specguard-runtime itself",
		"none":              "the real OCI runtime: stat /no/such: no such file or directory",
		"specguard-no-such": `no OCI runtime "no-such" in /usr/local/sbin`,
	} {
		if got, err := cfg.realRuntime(name); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %q, error %v", name, got, err)
		}
	}
}
