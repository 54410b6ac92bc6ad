package ociruntime_test

import (
	"testing"

	"github.com/specguard/specguard/plugin/ociruntime"
)

func TestRuns(t *testing.T) {
	const runc = "io.containerd.runc.v2"
	for _, c := range []struct {
		runtime        ociruntime.Runtime
		closed, passed bool // the seals that it is known to run
	}{
		{ociruntime.Runtime{Shim: runc}, true, true},
		{ociruntime.Runtime{Shim: "io.containerd.runc.v1"}, true, true},
		{ociruntime.Runtime{Shim: runc, Program: "/usr/sbin/runc"}, true, true},
		{ociruntime.Runtime{Shim: runc, Program: "crun"}, true, true},
		{ociruntime.Runtime{Shim: runc, Program: "/usr/bin/youki"}, true, true},
		{ociruntime.Runtime{Shim: runc, Program: "/usr/local/bin/specguard-crun"}, true, true},
		{ociruntime.Runtime{Shim: runc, Program: "/usr/bin/nvidia-container-runtime.cdi"}, true, true},
		{ociruntime.Runtime{Shim: runc, Program: "shimpei"}, true, true},
		{ociruntime.Runtime{Shim: runc, Program: "nvidia-oci"}, true, true},
		{ociruntime.Runtime{Shim: runc, Program: "/usr/bin/sysbox-runc"}, false, false},
		{ociruntime.Runtime{Shim: runc, Program: "/opt/runc/other"}, false, false},
		{ociruntime.Runtime{Shim: "io.containerd.runsc.v1"}, true, true},
		{ociruntime.Runtime{Shim: "io.containerd.kata.v2"}, true, false},
		{ociruntime.Runtime{Shim: "io.containerd.kata-qemu-snp.v2"}, true, false},
		{ociruntime.Runtime{Shim: "io.containerd.katalog.v2"}, false, false},
		{ociruntime.Runtime{Shim: "io.containerd.spin.v2"}, false, false},
		{ociruntime.Runtime{Shim: "io.containerd.runc.v3"}, false, false},
		{ociruntime.Runtime{Program: "/usr/libexec/crio/crun"}, true, true},
		{ociruntime.Runtime{Program: "runsc"}, true, true},
		{ociruntime.Runtime{Program: "/usr/bin/kata-runtime"}, false, false},
		{ociruntime.Runtime{}, false, false},
	} {
		if closed, passed := c.runtime.Runs(true), c.runtime.Runs(false); closed != c.closed || passed != c.passed {
			t.Errorf("%s: closed %v, verifying %v", c.runtime, closed, passed)
		}
	}
}

func TestShimOf(t *testing.T) {
	for program, want := range map[string]string{
		"/usr/bin/containerd-shim-kata-v2":      "io.containerd.kata.v2",
		"/opt/containerd-shim-kata-qemu-snp-v2": "io.containerd.kata-qemu-snp.v2",
		"/usr/bin/kata-runtime":                 "kata-runtime",
	} {
		if got := ociruntime.ShimOf(program); got != want {
			t.Errorf("%s: %s", program, got)
		}
	}
}
