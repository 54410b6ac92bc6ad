package wrapper

import (
	"os"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// namespaceFiles are the names of a process's namespaces in /proc/PID/ns
// (namespaces(7)).
func namespaceFiles() map[specs.LinuxNamespaceType]string {
	return map[specs.LinuxNamespaceType]string{
		specs.PIDNamespace: "pid", specs.NetworkNamespace: "net", specs.IPCNamespace: "ipc", specs.UTSNamespace: "uts",
		specs.UserNamespace: "user", specs.MountNamespace: "mnt", specs.CgroupNamespace: "cgroup", specs.TimeNamespace: "time",
	}
}

// hostNamespaces lists the types of those namespaces in the spec that are this
// program's own, and so the host's: CRI-O gives a pod that shares the host's IPC
// namespace a path to it.
func hostNamespaces(spec *specs.Spec) []string {
	if spec.Linux == nil {
		return nil
	}
	var out []string
	for _, ns := range spec.Linux.Namespaces {
		if ns.Path == "" {
			continue // a new one
		}
		own, err := os.Stat("/proc/self/ns/" + namespaceFiles()[ns.Type])
		if err != nil {
			continue
		}
		if named, err := os.Stat(ns.Path); err == nil && os.SameFile(own, named) {
			out = append(out, string(ns.Type))
		}
	}
	return out
}
