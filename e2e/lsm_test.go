package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	api "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/e2e/agent"
	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/node"
)

// These tests need a kernel that enforces AppArmor or SELinux: the machines of
// e2e/vm have one. They are of CRI-O, with the wrapper; those of containerd are in
// e2e/vm/guest.

// An lsmRig is a node of CRI-O with the wrapper, and an agent with policies by
// namespace. Each kind of pod is made once: that takes long there.
type lsmRig struct {
	*rig
	pods       map[string]*cri.Sandbox
	containers int
}

func startLSM(t *testing.T, n *node.Node, policies map[string]string) *lsmRig {
	t.Helper()
	var all strings.Builder
	for namespace, rules := range policies {
		all.WriteString(policyText(namespace, "{namespaces: ["+namespace+"]}", "enforce", "rules: {"+rules+"}"))
	}
	return &lsmRig{rig: startRig(t, n, rigOptions{policies: all.String()}), pods: map[string]*cri.Sandbox{}}
}

// says checks what the kernel says of the main process and of processes that are
// executed, and which of some commands they can run.
func says(t *testing.T, c *cri.Running, label string, can, cannot []string) {
	t.Helper()
	script := "tr -d '\\0' </proc/self/attr/current; echo"
	for _, command := range append(can[:len(can):len(can)], cannot...) {
		script += "; if (" + command + ") >/dev/null 2>&1; then echo yes; else echo no; fi"
	}
	want := strings.Repeat("yes\n", len(can)) + strings.Repeat("no\n", len(cannot))
	exec, err := c.Exec(t.Context(), "/bin/sh", "-c", script)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := c.StreamExec(t.Context(), "/bin/sh", "-c", script)
	if err != nil {
		t.Fatal(err)
	}
	main, err := c.Exec(t.Context(), "/bin/sh", "-c", "tr -d '\\0' </proc/1/attr/current")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(main, label) {
		t.Errorf("main process: the kernel says %q, want %s", main, label)
	}
	for who, out := range map[string]string{"exec-sync": exec, "exec": stream} {
		if got, acts, _ := strings.Cut(strings.ReplaceAll(out, "\n\n", "\n"), "\n"); !strings.HasPrefix(got, label) || acts != want {
			t.Errorf("%s: the kernel says %q, and of %q and %q %q", who, got, can, cannot, acts)
		}
	}
}

// try runs a container in a pod of a namespace, or is denied.
func (g *lsmRig) try(t *testing.T, namespace, denied string, options ...cri.ContainerOption) *cri.Running {
	t.Helper()
	return g.tryIn(t, namespace, nil, denied, options...)
}

// tryPrivileged is try in a privileged pod, whose container is privileged too.
func (g *lsmRig) tryPrivileged(t *testing.T, namespace string, options ...cri.ContainerOption) *cri.Running {
	t.Helper()
	return g.tryIn(t, namespace, []cri.PodOption{cri.PrivilegedPod()}, "", append(options, cri.Privileged())...)
}

func (g *lsmRig) tryIn(t *testing.T, namespace string, pod []cri.PodOption, denied string, options ...cri.ContainerOption) *cri.Running {
	t.Helper()
	key := fmt.Sprint(namespace, len(pod))
	if g.pods[key] == nil {
		g.pods[key] = g.runPod(t, namespace, pod...)
	}
	g.containers++
	name := fmt.Sprintf("main-%d", g.containers)
	c, err := g.pods[key].Run(t.Context(), cri.Container(name, node.AppImage, []string{"sleep", "6000"}, options...))
	switch {
	case denied == "" && err != nil:
		t.Fatal(err)
	case denied != "" && (err == nil || !strings.Contains(err.Error(), denied)):
		t.Errorf("%v, want %q in it", err, denied)
	}
	return c
}

func TestCRIOSELinux(t *testing.T) {
	if !hasSELinux {
		t.Skip("this kernel has no SELinux: make e2e-lsm boots one that has")
	}
	n := lab.Private(t, build.CRIO, func(o *node.Options) {
		lab.Wrap(t, agent.Wrapping{})(o)
		o.Extra = "[" + node.CRIORuntime + "]\nselinux = true\n"
	})
	g := startLSM(t, n, map[string]string{
		"se-type":   "seLinuxOptions: {onViolation: adjust, type: container_t}",
		"se-reject": "seLinuxOptions: {onViolation: reject, type: container_t}",
	})
	dir := t.TempDir()
	ask := []cri.ContainerOption{cri.SELinux(&api.SELinuxOption{Type: "spc_t", Level: "s0:c11,c12"}), cri.HostPath(dir, "/volume", false)}
	files, volume := "echo x >/probe && rm /probe", "echo x >/volume/probe && rm /volume/probe"
	says(t, g.try(t, "free", "", ask...), "system_u:system_r:spc_t:s0", []string{files, volume}, nil)
	says(t, g.try(t, "se-type", "", ask...), "system_u:system_r:container_t:s0:c11,c12", []string{files}, []string{volume})
	// CRI-O labels no process that asks for spc_t: the kernel makes it one.
	g.try(t, "se-reject", "the process has no SELinux label (allowed: type container_t)", ask...)
}
