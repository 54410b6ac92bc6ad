package doctor

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/specguard/specguard/policy/seccomp"
)

// socketFamily is one that containers rarely need, and a socket of it that
// anybody may open.
type socketFamily struct {
	name                   seccomp.Family
	family, kind, protocol int
	module                 string // the kernel's
	known                  string // a vulnerability that was reached by it
}

// socketFamilies are those that are tried.
func socketFamilies() []socketFamily {
	return []socketFamily{
		{"AF_ALG", unix.AF_ALG, unix.SOCK_SEQPACKET, 0, "af_alg", "CVE-2026-31431"},
		{"AF_RXRPC", unix.AF_RXRPC, unix.SOCK_DGRAM, unix.AF_INET, "rxrpc", ""},
	}
}

// checkSocketFamilies tries whether the kernel has socket families that were
// doors out of containers, and looks whether containers that run here could open
// them: by the seccomp profiles in their OCI bundles, RuntimeDefault among them.
func checkSocketFamilies(_ context.Context, n *Node) []Finding {
	var out []Finding
	running, err := n.running()
	for _, f := range socketFamilies() {
		out = append(out, f.judge(n.socket(f.family, f.kind, f.protocol), running, err))
	}
	return out
}

// judge says what was tried, and what it means.
func (f socketFamily) judge(tried error, running []profiled, unread error) Finding {
	switch {
	case errors.Is(tried, unix.EAFNOSUPPORT):
		return ok("%s: no container can open one, because the kernel does not have it (tried: %v)", f.name, tried)
	case errors.Is(tried, unix.EPERM), errors.Is(tried, unix.EACCES):
		return warning("run doctor on the node itself, as root and without seccomp",
			"%s: cannot check whether the kernel has it: doctor may not open one itself (tried: %v)", f.name, tried)
	case unread != nil:
		return warning("let doctor see the host's files (host.root), and the bundles (host.bundles)",
			"%s: the kernel has it (tried), but doctor cannot check whether containers can open one: %v", f.name, unread)
	case len(running) == 0:
		return warning("run doctor again when containers run",
			"%s: the kernel has it (tried), but doctor cannot check whether containers can open one: no container has a bundle here", f.name)
	}
	var unconfined, let []string
	for _, c := range running {
		switch how := opens(c.profile, f.name); {
		case c.profile == nil:
			unconfined = append(unconfined, c.name+": no seccomp profile")
		case how != "":
			let = append(let, c.name+": its seccomp profile allows "+how)
		}
	}
	if len(let)+len(unconfined) == 0 {
		return ok("%s: the kernel has it (tried); every container here (%d) has a seccomp profile that blocks it", f.name, len(running))
	}
	out := warning(fmt.Sprintf("block it with rule seccompProfile, block: {socketFamilies: [%s]}, or keep the kernel from loading its "+
		"module: "+
		"echo install %s /bin/false > /etc/modprobe.d/%[2]s.conf", f.name, f.module),
		"%s: the kernel has it (tried); of %d containers here %d may open one by what their seccomp profiles allow, and %d have no profile",
		f.name, len(running), len(let), len(unconfined))
	if f.known != "" {
		out.Found += " (" + f.known + " was exploited through it)"
	}
	out.Details = some(append(let, unconfined...))
	return out
}

// some are the first of many.
func some(all []string) []string {
	const most = 5
	if len(all) <= most {
		return all
	}
	return append(all[:most:most], fmt.Sprintf("and %d more", len(all)-most))
}

// profiled is a container that has a bundle on the node, and its seccomp profile.
type profiled struct {
	name    string
	profile *specs.LinuxSeccomp
}

// running reads which containers have bundles on the node, but for the sandboxes
// of pods.
func (n *Node) running() ([]profiled, error) {
	bundles, err := n.host.Bundles(n.Bundles).All()
	if err != nil {
		return nil, err
	}
	var out []profiled
	for _, data := range bundles {
		var spec struct {
			Annotations map[string]string `json:"annotations"`
			Linux       struct {
				Seccomp *specs.LinuxSeccomp `json:"seccomp"`
			} `json:"linux"`
		}
		if err := json.Unmarshal(data, &spec); err != nil {
			return nil, fmt.Errorf("a bundle's config.json: %w", err)
		}
		a := spec.Annotations
		if cmp.Or(a["io.kubernetes.cri.container-type"], a["io.kubernetes.cri-o.ContainerType"]) == "sandbox" {
			continue
		}
		name := []string{
			cmp.Or(a["io.kubernetes.cri.sandbox-namespace"], a["io.kubernetes.pod.namespace"], "?"),
			cmp.Or(a["io.kubernetes.cri.sandbox-name"], a["io.kubernetes.pod.name"], "?"),
			cmp.Or(a["io.kubernetes.cri.container-name"], a["io.kubernetes.container.name"], "?"),
		}
		out = append(out, profiled{name: strings.Join(name, "/"), profile: spec.Linux.Seccomp})
	}
	return out, nil
}
