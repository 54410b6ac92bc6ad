package deploy_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/require"
)

// TestSystemdUnits asks systemd about the units, without starting anything.
func TestSystemdUnits(t *testing.T) {
	require.Or(t, build.Package("systemd"))
	const start = "ExecStart=/usr/local/bin/specguard "
	dir := t.TempDir()
	units := []string{"specguard.service", "specguard-apparmor.service"}
	for _, name := range units {
		unit := read(t, "deploy/systemd/"+name)
		if !strings.Contains(unit, start) {
			t.Fatalf("%s: no %s", name, start)
		}
		write(t, filepath.Join(dir, name), strings.ReplaceAll(unit, start, "ExecStart="+agent(t)+" "))
	}
	for _, name := range units {
		path := filepath.Join(dir, name)
		for _, args := range [][]string{{"verify", path}, {"security", "--offline=true", "--threshold=40", "--no-pager", path}} {
			cmd := exec.CommandContext(t.Context(), "systemd-analyze", args...)
			var complaints bytes.Buffer
			cmd.Stderr = &complaints
			if _, err := cmd.Output(); err != nil || strings.Contains(complaints.String(), name) {
				t.Errorf("%s: %v\n%s", cmd, err, complaints.String())
			}
		}
	}
}

// TestContainerdDropIns asks containerd what it makes of the drop-ins.
func TestContainerdDropIns(t *testing.T) {
	type nri struct {
		Disable   bool `toml:"disable"`
		Validator struct {
			Enable          bool     `toml:"enable"`
			RequiredPlugins []string `toml:"required_plugins"`
			RejectHooks     bool     `toml:"reject_oci_hook_adjustment"`
		} `toml:"default_validator"`
	}
	cache, err := build.Open()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		release build.Release
		version int
		holds   func(nri) bool
	}{
		"specguard-required.toml": {build.Containerd2, 3, func(n nri) bool {
			return !n.Disable && n.Validator.Enable && slices.Equal(n.Validator.RequiredPlugins, []string{"specguard"}) && !n.Validator.RejectHooks
		}},
		"nri-1.7.toml": {build.Containerd1, 2, func(n nri) bool { return !n.Disable }},
	} {
		t.Run(name, func(t *testing.T) {
			programs, err := cache.Programs(t.Context(), c.release)
			if err != nil {
				t.Fatal(err)
			}
			dump := func(imports string) nri {
				file := filepath.Join(t.TempDir(), "config.toml")
				write(t, file, fmt.Sprintf("version = %d\nimports = [%s]\n", c.version, imports))
				var config struct {
					Plugins map[string]nri `toml:"plugins"`
				}
				text := output(t, programs.Daemon, "--config", file, "config", "dump")
				if err := toml.Unmarshal([]byte(text), &config); err != nil {
					t.Fatal(err)
				}
				return config.Plugins["io.containerd.nri.v1.nri"]
			}
			if c.holds(dump("")) {
				t.Error("the drop-in is not needed")
			}
			if got := dump(`"` + repo(t, "deploy/containerd/"+name) + `"`); !c.holds(got) {
				t.Errorf("containerd has %+v", got)
			}
		})
	}
}

// TestCRIODropIns: they are TOML of the tables and keys that CRI-O has. The
// CRI-O of the tests knows enable_nri only.
func TestCRIODropIns(t *testing.T) {
	type nri struct {
		Enable    *bool `toml:"enable_nri"`
		Validator *struct {
			Enable          bool     `toml:"nri_enable_default_validator"`
			RequiredPlugins []string `toml:"nri_validator_required_plugins"`
			RejectHooks     *bool    `toml:"nri_validator_reject_oci_hook_adjustment"`
		} `toml:"default_validator"`
	}
	files, err := filepath.Glob(repo(t, "deploy/crio/*.conf"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var config struct {
			Crio struct {
				NRI nri `toml:"nri"`
			} `toml:"crio"`
		}
		if err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(&config); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		n := config.Crio.NRI
		v := n.Validator
		switch {
		case n.Enable != nil && !*n.Enable:
			t.Errorf("%s switches NRI off", file)
		case v != nil && (!v.Enable || !slices.Equal(v.RequiredPlugins, []string{"specguard"}) || v.RejectHooks == nil || *v.RejectHooks):
			t.Errorf("%s: %+v", file, v)
		case n.Enable == nil && v == nil:
			t.Error(errors.New(file + " sets nothing"))
		}
	}
}
