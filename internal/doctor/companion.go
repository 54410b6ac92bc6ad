package doctor

import (
	"context"
	"path"
	"regexp"
	"slices"
	"strings"
)

// companionNames are programs beside runc and crun that have a part in running
// containers.
func companionNames() []string {
	return []string{"youki", "runsc", "kata-runtime", "containerd-shim-kata-v2", "nvidia-ctk", "criu", "kubelet"}
}

// companionFolders are where those usually are, beside the OCI runtimes' folders.
func companionFolders() []string {
	return append(programFolders(), "/opt/kata/bin", "/opt/kata/runtime-rs/bin", "/usr/local/nvidia/toolkit")
}

// findCompanions asks the other programs that have a part in running containers
// for their versions.
func (n *Node) findCompanions(ctx context.Context) []program {
	if n.Root == "" {
		return nil
	}
	var out []program
	var known []string // by the places that links lead to
	for _, p := range n.programs {
		if _, resolved, err := n.files.At(p.path); err == nil {
			known = append(known, resolved)
		}
	}
	for _, folder := range companionFolders() {
		for _, name := range companionNames() {
			p := program{path: path.Join(folder, name)}
			info, err := n.files.Stat(p.path)
			if err != nil || !info.Mode().IsRegular() {
				continue
			}
			place, resolved, err := n.files.At(p.path)
			if slices.Contains(known, resolved) {
				continue
			}
			known = append(known, resolved)
			if p.err = err; err == nil {
				n.ask(ctx, &p, place)
			}
			out = append(out, p)
		}
	}
	return out
}

// programVersion finds in what a program says of its version which component it
// is; "" for one that is not known. NVIDIA's runtime goes on with what runc says.
func programVersion(says string) (component, text string) {
	for _, known := range []struct{ component, pattern string }{
		{"nvidia-container-toolkit", `^NVIDIA Container (?:Toolkit CLI|Runtime(?: Hook)?) version (\S+)$`},
		{"runc", `^runc version (\S+)$`},
		{"crun", `^crun version (\S+)$`},
		{"youki", `^youki version:? +(\S+)$`},
		{"gvisor", `^runsc version (\S+)$`},
		{"kata", `^kata-runtime +: (\S+)$`},
		{"kata", `^Kata Containers containerd shim \(\w+\): .*version: ([^\s,]+)`},
		{"criu", `^Version: (\S+)$`},
		{"kubelet", `^Kubernetes (v\S+)$`},
	} {
		if m := regexp.MustCompile("(?m)" + known.pattern).FindStringSubmatch(strings.ReplaceAll(says, "\r", "")); m != nil {
			return known.component, m[1]
		}
	}
	return "", ""
}
