package runtimeconfig

import (
	"reflect"
	"testing"

	"github.com/specguard/specguard/internal/hostfile"
	"github.com/specguard/specguard/internal/hostfile/hostfiletest"
	"github.com/specguard/specguard/plugin/host"
)

func seen(t *testing.T, files hostfiletest.Tree) hostfile.Tree {
	root := files.Write(t)
	return hostfile.New(root, host.New(root, ""))
}

func TestReadContainerd(t *testing.T) {
	on, off := true, false
	for _, test := range []struct {
		name  string
		files hostfiletest.Tree
		want  Config
	}{
		{"none", nil, Config{}},
		{"empty", hostfiletest.Tree{"etc/containerd/config.toml": ""}, Config{Found: true}},
		{"2.x", hostfiletest.Tree{"etc/containerd/config.toml": `
			version = 3
			[plugins.'io.containerd.nri.v1.nri']
			  disable = false
			  [plugins.'io.containerd.nri.v1.nri'.default_validator]
			    enable = true
			    reject_oci_hook_adjustment = true
			    required_plugins = ['specguard', 'other']
			    tolerate_missing_plugins_annotation = 'x/y'
			[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
			  BinaryName = '/usr/local/bin/specguard-runtime'`},
			Config{
				Found: true, NRI: &on, Handlers: map[string]string{"runc": "/usr/local/bin/specguard-runtime"},
				Validator: Validator{Enabled: true, RejectHooks: true, Required: []string{"specguard", "other"}, Tolerate: "x/y"},
			}},
		{"1.x", hostfiletest.Tree{"etc/containerd/config.toml": `
			version = 2
			[plugins."io.containerd.nri.v1.nri"]
			  disable = true
			[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.crun.options]
			  BinaryName = "crun"`},
			Config{Found: true, NRI: &off, Handlers: map[string]string{"crun": "crun"}}},
		{"imports", hostfiletest.Tree{
			"etc/containerd/config.toml":   "imports = ['conf.d/*.toml', '/opt/last.toml']\n[plugins.'io.containerd.nri.v1.nri']\ndisable = true\n",
			"etc/containerd/conf.d/a.toml": "[plugins.'io.containerd.nri.v1.nri'.default_validator]\nenable = true\n",
			"opt/last.toml":                "imports = ['/etc/containerd/config.toml']\n[plugins.'io.containerd.nri.v1.nri']\ndisable = false\n",
		}, Config{Found: true, NRI: &on, Validator: Validator{Enabled: true}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := ReadContainerd(seen(t, test.files), "/etc/containerd/config.toml")
			compare(t, got, test.want)
		})
	}
}

func TestReadCRIO(t *testing.T) {
	off := false
	for _, test := range []struct {
		name  string
		files hostfiletest.Tree
		want  Config
	}{
		{"none", nil, Config{}},
		{"files of the folder override it, in order", hostfiletest.Tree{
			"etc/crio/crio.conf": "[crio.nri]\nenable_nri = true\n",
			"etc/crio/crio.conf.d/10-crun.conf": "[crio.runtime]\ndefault_runtime = 'crun'\n[crio.runtime.runtimes.crun]\nruntime_path = '/usr/bin/crun'\n" +
				"[crio.runtime.runtimes.runc]\n",
			"etc/crio/crio.conf.d/99-specguard.conf": "[crio.runtime.runtimes.crun]\nruntime_path = '/usr/local/bin/specguard-crun'\n[crio.nri]\nenable_nri = false\n",
		}, Config{Found: true, NRI: &off, Handlers: map[string]string{"crun": "/usr/local/bin/specguard-crun", "runc": "runc"}, Default: "crun"}},
		{"validator", hostfiletest.Tree{"etc/crio/crio.conf.d/1.conf": `
			[crio.nri.default_validator]
			nri_enable_default_validator = true
			nri_validator_reject_oci_hook_adjustment = true
			nri_validator_required_plugins = ["specguard"]
			nri_validator_tolerate_missing_plugins_annotation = "x"`},
			Config{Found: true, Validator: Validator{Enabled: true, RejectHooks: true, Required: []string{"specguard"}, Tolerate: "x"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			compare(t, ReadCRIO(seen(t, test.files), "/etc/crio/crio.conf"), test.want)
		})
	}
}

func compare(t *testing.T, got, want Config) {
	t.Helper()
	if got.Err != nil {
		t.Fatal(got.Err)
	}
	got.Path, got.Dirs, got.Terms = "", nil, Terms{}
	if len(got.Handlers) == 0 {
		got.Handlers = nil
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestUnreadableConfig(t *testing.T) {
	for name, files := range map[string]hostfiletest.Tree{
		"syntax":         {"etc/containerd/config.toml": "[plugins", "etc/crio/crio.conf": "x"},
		"missing import": {"etc/containerd/config.toml": "imports = ['/none.toml']", "etc/crio/crio.conf.d/1": "= 1"},
	} {
		f := seen(t, files)
		if c := ReadCRIO(f, "/etc/crio/crio.conf"); c.Err == nil {
			t.Errorf("%s: CRI-O's: no error", name)
		}
		if c := ReadContainerd(f, "/etc/containerd/config.toml"); c.Err == nil {
			t.Errorf("%s: containerd's: no error", name)
		}
	}
}
