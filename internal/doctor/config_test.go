package doctor

import (
	"reflect"
	"testing"
)

func TestReadContainerd(t *testing.T) {
	on, off := true, false
	for _, test := range []struct {
		name  string
		files tree
		want  runtimeConfig
	}{
		{"none", nil, runtimeConfig{}},
		{"empty", tree{"etc/containerd/config.toml": ""}, runtimeConfig{found: true}},
		{"2.x", tree{"etc/containerd/config.toml": `
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
			runtimeConfig{
				found: true, nri: &on, handlers: map[string]string{"runc": "/usr/local/bin/specguard-runtime"},
				validator: validator{enabled: true, rejectHooks: true, required: []string{"specguard", "other"}, tolerate: "x/y"},
			}},
		{"1.x", tree{"etc/containerd/config.toml": `
			version = 2
			[plugins."io.containerd.nri.v1.nri"]
			  disable = true
			[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.crun.options]
			  BinaryName = "crun"`},
			runtimeConfig{found: true, nri: &off, handlers: map[string]string{"crun": "crun"}}},
		{"imports", tree{
			"etc/containerd/config.toml":   "imports = ['conf.d/*.toml', '/opt/last.toml']\n[plugins.'io.containerd.nri.v1.nri']\ndisable = true\n",
			"etc/containerd/conf.d/a.toml": "[plugins.'io.containerd.nri.v1.nri'.default_validator]\nenable = true\n",
			"opt/last.toml":                "imports = ['/etc/containerd/config.toml']\n[plugins.'io.containerd.nri.v1.nri']\ndisable = false\n",
		}, runtimeConfig{found: true, nri: &on, validator: validator{enabled: true}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := readContainerd(fake(t, test.files).files, "/etc/containerd/config.toml")
			compare(t, got, test.want)
		})
	}
}

func TestReadCRIO(t *testing.T) {
	off := false
	for _, test := range []struct {
		name  string
		files tree
		want  runtimeConfig
	}{
		{"none", nil, runtimeConfig{}},
		{"files of the folder go over it, in order", tree{
			"etc/crio/crio.conf": "[crio.nri]\nenable_nri = true\n",
			"etc/crio/crio.conf.d/10-crun.conf": "[crio.runtime]\ndefault_runtime = 'crun'\n[crio.runtime.runtimes.crun]\nruntime_path = '/usr/bin/crun'\n" +
				"[crio.runtime.runtimes.runc]\n",
			"etc/crio/crio.conf.d/99-specguard.conf": "[crio.runtime.runtimes.crun]\nruntime_path = '/usr/local/bin/specguard-crun'\n[crio.nri]\nenable_nri = false\n",
		}, runtimeConfig{found: true, nri: &off, handlers: map[string]string{"crun": "/usr/local/bin/specguard-crun", "runc": "runc"}, byDefault: "crun"}},
		{"validator", tree{"etc/crio/crio.conf.d/1.conf": `
			[crio.nri.default_validator]
			nri_enable_default_validator = true
			nri_validator_reject_oci_hook_adjustment = true
			nri_validator_required_plugins = ["specguard"]
			nri_validator_tolerate_missing_plugins_annotation = "x"`},
			runtimeConfig{found: true, validator: validator{enabled: true, rejectHooks: true, required: []string{"specguard"}, tolerate: "x"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			compare(t, readCRIO(fake(t, test.files).files, "/etc/crio/crio.conf"), test.want)
		})
	}
}

func compare(t *testing.T, got, want runtimeConfig) {
	t.Helper()
	if got.err != nil {
		t.Fatal(got.err)
	}
	got.path, got.dirs, got.terms = "", nil, terms{}
	if len(got.handlers) == 0 {
		got.handlers = nil
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestUnreadableConfig(t *testing.T) {
	for name, files := range map[string]tree{
		"syntax":         {"etc/containerd/config.toml": "[plugins", "etc/crio/crio.conf": "x"},
		"missing import": {"etc/containerd/config.toml": "imports = ['/none.toml']", "etc/crio/crio.conf.d/1": "= 1"},
	} {
		f := fake(t, files).files
		if c := readCRIO(f, "/etc/crio/crio.conf"); c.err == nil {
			t.Errorf("%s: CRI-O's: no error", name)
		}
		if c := readContainerd(f, "/etc/containerd/config.toml"); c.err == nil {
			t.Errorf("%s: containerd's: no error", name)
		}
	}
}
