// Package ociruntime knows which OCI runtimes run the hooks of seals.
package ociruntime

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// Runtime is what runs the containers of a runtime handler.
type Runtime struct {
	// Shim is the name of containerd's shim, such as io.containerd.runc.v2; "" if the
	// container runtime calls Program itself.
	Shim string

	// Program is the OCI runtime; "" for the shim's default.
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

// Runs reports whether the runtime is known to run a hook of the seal, and not to start a
// container if that hook fails. closed: the seal is seal.Closed, which has createRuntime
// and createContainer hooks; if not, it has only a createRuntime hook.
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
// hooks. NVIDIA's runs runc or crun, and so does specguard-runtime under any name.
// Bottlerocket's (shimpei, which is also nvidia-oci) adds hooks to the container's, and
// calls runc.
func runsCreateRuntime(program string) bool {
	name := path.Base(program)
	return slices.Contains([]string{"runc", "crun", "youki", "runsc", "shimpei", "nvidia-oci"}, name) ||
		name == "nvidia-container-runtime" || strings.HasPrefix(name, "nvidia-container-runtime.") ||
		strings.HasPrefix(name, "specguard-")
}

// isKata reports whether the shim is Kata's, whose name may include a hypervisor. It runs
// createContainer hooks.
func isKata(shim string) bool {
	return regexp.MustCompile(`^io\.containerd\.kata(-[a-z0-9-]+)?\.v2$`).MatchString(shim)
}

// ShimOf returns the name of the shim to which the program belongs, such as
// /usr/bin/containerd-shim-kata-v2; the program's own name if it is not a shim's.
func ShimOf(program string) string {
	name := path.Base(program)
	if m := regexp.MustCompile(`^containerd-shim-(.+)-(v\d+)$`).FindStringSubmatch(name); m != nil {
		return "io.containerd." + m[1] + "." + m[2]
	}
	return name
}
