package app

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/specguard/specguard/internal/app/apptest"
	"github.com/specguard/specguard/internal/wrapperconfig"
)

// TestOpeners picks by the runtime and by what is there.
func TestOpeners(t *testing.T) {
	host := func(files ...string) string {
		root := apptest.ShortDir(t)
		for _, f := range files {
			path := filepath.Join(root, f)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return root
	}
	socket := filepath.Join(host(), "containerd.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	wrapped := host(wrapperconfig.File, wrapperconfig.Program, wrapperconfig.CRIODropIn)
	for name, c := range map[string]struct {
		runtime string
		edit    func(*Config)
		want    string // an opener, or the error
	}{
		"containerd":                     {"containerd", func(c *Config) { c.ContainerdSocket = socket }, "containerd"},
		"containerd, and the wrapper":    {"containerd", func(c *Config) { c.ContainerdSocket, c.Host.Root = socket, wrapped }, "containerd"},
		"no socket, but the wrapper":     {"containerd", func(c *Config) { c.Host.Root = wrapped }, "runtime"},
		"neither":                        {"containerd", nil, "containerd"}, // nothing opens, nothing starts
		"CRI-O":                          {"cri-o", func(c *Config) { c.ContainerdSocket = socket }, "verify"},
		"CRI-O, the wrapper":             {"cri-o", func(c *Config) { c.Host.Root = wrapped }, "runtime"},
		"CRI-O, not told of it":          {"cri-o", func(c *Config) { c.Host.Root = host(wrapperconfig.File, wrapperconfig.Program) }, "verify"},
		"CRI-O, the program alone":       {"cri-o", func(c *Config) { c.Host.Root = host(wrapperconfig.Program) }, "verify"},
		"CRI-O, the configuration alone": {"cri-o", func(c *Config) { c.Host.Root = host(wrapperconfig.File) }, "verify"},
		"CRI-O, nothing to be seen":      {"cri-o", func(c *Config) { c.Host.Root = "" }, "verify"},
		"CRI-O, nobody can ask":          {"cri-o", func(c *Config) { c.RuntimeSocket = "" }, "no runtime socket is configured for the OCI runtime wrapper"},
		"containerd asked for":           {"containerd", func(c *Config) { c.Opener, c.Host.Root = "containerd", wrapped }, "containerd"},
		"containerd's on CRI-O":          {"cri-o", func(c *Config) { c.Opener = "containerd" }, "opener containerd is for containerd only"},
		"wrapper asked for":              {"containerd", func(c *Config) { c.Opener, c.ContainerdSocket = "runtime", socket }, "runtime"},
		"hook asked for":                 {"containerd", func(c *Config) { c.Opener, c.ContainerdSocket = "verify", socket }, "verify"},
	} {
		cfg := DefaultConfig()
		cfg.Host.Root, cfg.ContainerdSocket = host(), "/no/such"
		if c.edit != nil {
			c.edit(&cfg)
		}
		got := ""
		if o, err := cfg.Openers(nil)(c.runtime); err != nil {
			got = err.Error()
		} else if got = o.Name(); got != "containerd" && !strings.HasSuffix(o.Seal().CreateRuntime[0].Path, "/specguard-runtime") {
			t.Errorf("%s: seal %v", name, o.Seal())
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
