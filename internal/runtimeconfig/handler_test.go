package runtimeconfig

import (
	"testing"

	"github.com/specguard/specguard/internal/hostfile/hostfiletest"
	"github.com/specguard/specguard/plugin/containerruntime"
	"github.com/specguard/specguard/plugin/ociruntime"
)

func TestOCIRuntime(t *testing.T) {
	root := hostfiletest.Tree{"etc/containerd/config.toml": hostfiletest.ContainerdHandlers, "etc/crio/crio.conf.d/10.conf": hostfiletest.CRIOHandlers}.Write(t)
	for _, c := range []struct {
		runtime, handler string
		want             ociruntime.Runtime
		err              string
	}{
		{containerruntime.Containerd, "", ociruntime.Runtime{Shim: "io.containerd.kata.v2", Program: "runc"}, ""},
		{containerruntime.Containerd, "runc", ociruntime.Runtime{Shim: "io.containerd.runc.v2", Program: "/usr/bin/crun"}, ""},
		{containerruntime.Containerd, "none", ociruntime.Runtime{}, `/etc/containerd/config.toml does not name the runtime handler "none"`},
		{containerruntime.CRIO, "", ociruntime.Runtime{Program: "/usr/libexec/crio/crun"}, ""},
		{containerruntime.CRIO, "kata", ociruntime.Runtime{Shim: "io.containerd.kata.v2", Program: "/usr/bin/containerd-shim-kata-v2"}, ""},
		{containerruntime.CRIO, "runc", ociruntime.Runtime{}, `/etc/crio/crio.conf does not name the runtime handler "runc"`},
		{"docker", "", ociruntime.Runtime{}, `"docker" is neither containerd nor CRI-O`},
	} {
		got, err := OCIRuntime(root, c.runtime, c.handler)
		if (err == nil) != (c.err == "") || err != nil && err.Error() != c.err || err == nil && got != c.want {
			t.Errorf("%s %q: %+v, %v", c.runtime, c.handler, got, err)
		}
	}
	for name, c := range map[string]struct {
		config string
		want   ociruntime.Runtime
	}{
		"says nothing": {"version = 3\n", ociruntime.Runtime{Shim: "io.containerd.runc.v2", Program: "runc"}},
		"of the wrapper": {"[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]\noptions = {BinaryName = '/usr/local/bin/specguard-runc'}\n",
			ociruntime.Runtime{Shim: "io.containerd.runc.v2", Program: "/usr/local/bin/specguard-runc"}},
	} {
		root := hostfiletest.Tree{"etc/containerd/config.toml": c.config}.Write(t)
		if got, err := OCIRuntime(root, containerruntime.Containerd, ""); err != nil || got != c.want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := OCIRuntime(hostfiletest.Tree{}.Write(t), containerruntime.Containerd, ""); err == nil {
		t.Error("no configuration where it usually is: no error")
	}
	if _, err := OCIRuntime("", containerruntime.Containerd, ""); err == nil {
		t.Error("no root: no error")
	}
}
