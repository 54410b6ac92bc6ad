package node

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"

	"github.com/specguard/specguard/e2e/build"
)

func TestMergeKeepsWhatTheExtraDoesNotName(t *testing.T) {
	base := table{"a": table{"x": 1, "y": 2}, "b": "old"}
	merge(base, table{"a": table{"y": 3, "z": 4}, "b": "new", "c": table{"d": true}})
	want := table{"a": table{"x": 1, "y": 3, "z": 4}, "b": "new", "c": table{"d": true}}
	if !reflect.DeepEqual(base, want) {
		t.Errorf("merged %v", base)
	}
}

func TestRenderConfig(t *testing.T) {
	for _, test := range []struct {
		release build.Release
		version int64
		cri     string
	}{
		{build.Containerd2, 3, CRIRuntime2},
		{build.Containerd1, 2, CRIRuntime1},
	} {
		engine := containerd{options: Options{Programs: build.Programs{Release: test.release}}, paths: paths{nriSocket: "/n.sock"}}
		data, err := renderConfig(engine.config(), "["+test.cri+"]\nenable_selinux = true\n["+NRI+"]\nplugin_request_timeout = '1s'\n")
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Version int64
			Plugins map[string]map[string]any
		}
		if err := toml.Unmarshal(data, &got); err != nil {
			t.Fatal(err)
		}
		section := strings.Split(test.cri, "'")[1]
		cri, nri := got.Plugins[section], got.Plugins["io.containerd.nri.v1.nri"]
		if got.Version != test.version || cri["enable_selinux"] != true || cri["restrict_oom_score_adj"] != true ||
			nri["plugin_request_timeout"] != "1s" || nri["socket_path"] != "/n.sock" {
			t.Errorf("%s:\n%s", test.release, data)
		}
	}
}

func TestRenderConfigOfCRIO(t *testing.T) {
	o := Options{Programs: build.Programs{Release: build.CRIO, Pinns: "/pinns"}, Runc: "/runc", RequestTimeout: time.Second}
	engine := crio{options: o, paths: paths{nriSocket: "/n.sock"}}
	data, err := renderConfig(engine.config([]string{"A=b"}), "["+CRIORuntime+"]\nread_only = true\n")
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		CRIO struct {
			NRI     map[string]any
			Runtime struct {
				Pinns    string `toml:"pinns_path"`
				Default  string `toml:"default_runtime"`
				ReadOnly bool   `toml:"read_only"`
				Runtimes map[string]struct {
					Path string   `toml:"runtime_path"`
					Env  []string `toml:"monitor_env"`
				}
			}
		}
	}
	if err := toml.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	runtime := got.CRIO.Runtime
	if runtime.Pinns != "/pinns" || !runtime.ReadOnly || got.CRIO.NRI["nri_plugin_request_timeout"] != "1s" || got.CRIO.NRI["nri_listen"] != "/n.sock" {
		t.Errorf("%s", data)
	}
	for _, handler := range []string{runtime.Default, OtherHandler} {
		if r := runtime.Runtimes[handler]; r.Path != "/runc" || !slices.Contains(r.Env, "A=b") {
			t.Errorf("handler %q: %+v", handler, r)
		}
	}
}

func TestRenderConfigRejectsBadExtra(t *testing.T) {
	if _, err := renderConfig(table{}, "[broken"); err == nil {
		t.Error("no error")
	}
}
