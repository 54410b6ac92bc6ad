// Package ociruntime tells which OCI runtimes are known to run the hooks that
// seals are.
package ociruntime

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// Runtime is what runs the containers of a runtime handler.
type Runtime struct {
	// Shim is the name of containerd's shim, such as io.containerd.runc.v2; ""
	// where the container runtime calls Program by itself.
	Shim string

	// Program is the OCI runtime that is called; "" for the shim's default.
	Program string
}

// String names the runtime as operators know it.
func (r Runtime) String() string {
	switch {
	case r.Shim == "":
		return r.Program
	case strings.HasPrefix(r.Shim, "io.containerd.runc.") && r.Program != "":
		return r.Shim + " with " + r.Program
	default:
		return r.Shim
	}
}

// Runs reports whether the runtime is known to run one of the hooks that the seal
// is, and not to start a container where that fails. closed: the seal is
// seal.Closed, which is createRuntime and createContainer hooks; else it is a
// createRuntime hook alone.
func (r Runtime) Runs(closed bool) bool {
	switch r.Shim {
	case "":
		return runsCreateRuntime(r.Program)
	case "io.containerd.runc.v1", "io.containerd.runc.v2":
		return r.Program == "" || runsCreateRuntime(r.Program)
	case "io.containerd.runsc.v1": // gVisor
		return true
	default:
		return closed && isKata(r.Shim)
	}
}

// runsCreateRuntime reports whether the program is an OCI runtime that runs createRuntime
// hooks. NVIDIA's becomes runc or crun, as specguard-runtime does under any name.
// Bottlerocket's (shimpei, which is nvidia-oci too) adds hooks to those of the
// container, and calls runc.
func runsCreateRuntime(program string) bool {
	name := path.Base(program)
	return slices.Contains([]string{"runc", "crun", "youki", "runsc", "shimpei", "nvidia-oci"}, name) ||
		name == "nvidia-container-runtime" || strings.HasPrefix(name, "nvidia-container-runtime.") ||
		strings.HasPrefix(name, "specguard-")
}

// isKata reports whether the shim is Kata's, whose name may tell a hypervisor. It
// runs createContainer hooks.
func isKata(shim string) bool {
	return regexp.MustCompile(`^io\.containerd\.kata(-[a-z0-9-]+)?\.v2$`).MatchString(shim)
}

// ShimOf is the name of the shim whose program it is, such as
// /usr/bin/containerd-shim-kata-v2; the program's own where it is none.
func ShimOf(program string) string {
	name := path.Base(program)
	if m := regexp.MustCompile(`^containerd-shim-(.+)-(v\d+)$`).FindStringSubmatch(name); m != nil {
		return "io.containerd." + m[1] + "." + m[2]
	}
	return name
}
