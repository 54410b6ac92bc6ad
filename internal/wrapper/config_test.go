package wrapper

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/specguard/specguard/internal/wrapperconfig"
)

// configured makes the wrapper read the text as its configuration.
func configured(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "runtime.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(wrapperconfig.Variable, path)
	return path
}

func TestLoadConfig(t *testing.T) {
	configured(t, "socket: /s\n")
	if cfg, err := loadConfig(); err != nil || cfg.Socket != "/s" {
		t.Errorf("%+v, error %v", cfg, err)
	}
	path := configured(t, "socket: s\n")
	if cfg, err := loadConfig(); err == nil || !strings.HasPrefix(err.Error(), path+":1:9: ") || !reflect.DeepEqual(cfg, wrapperconfig.Default()) {
		t.Errorf("%+v, error %v", cfg, err)
	}
	t.Setenv(wrapperconfig.Variable, filepath.Join(t.TempDir(), "none"))
	if _, err := loadConfig(); err == nil || !strings.HasPrefix(err.Error(), "read configuration: ") {
		t.Errorf("error %v", err)
	}
}

func TestRealRuntime(t *testing.T) {
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cfg := wrapperconfig.Config{Runtimes: map[string]wrapperconfig.Path{"sh": "/bin/sh", "self": wrapperconfig.Path(own), "none": "/no/such"}}
	for name, want := range map[string]string{
		"sh":             "/bin/sh",
		"specguard-true": "/usr/bin/true",
		"true":           "/usr/bin/true",
	} {
		if got, err := realRuntime(&cfg, name); err != nil || got != want {
			t.Errorf("%s: %q, error %v", name, got, err)
		}
	}
	for name, want := range map[string]string{
		"self":              "the real OCI runtime " + own + " is specguard-runtime itself",
		"none":              "the real OCI runtime: stat /no/such: no such file or directory",
		"specguard-no-such": `no OCI runtime "no-such" in /usr/local/sbin`,
	} {
		if got, err := realRuntime(&cfg, name); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %q, error %v", name, got, err)
		}
	}
}
