package e2e_test

import (
	"path/filepath"
	"strings"
	"testing"

	nri "github.com/containerd/nri/pkg/api"
	api "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/node"
)

func TestRuleEnv(t *testing.T) {
	const linker = `forbid: ["LD_*", "*_PASSWORD"], allow: [LD_LIBRARY_PATH]`
	env := func(names ...string) []cri.ContainerOption {
		var options []cri.ContainerOption
		for _, name := range names {
			options = append(options, cri.Env(name, "/not-to-be-shown"))
		}
		return options
	}
	testRule(t, func(*testing.T, *node.Node) rule {
		return rule{
			name: "env",
			breaking: []breach{
				{
					container: container{name: "linker", config: linker, options: env("LD_PRELOAD", "LD_LIBRARY_PATH", "DB_PASSWORD", "PLAIN")},
					found:     []string{"environment variables LD_PRELOAD, DB_PASSWORD not allowed"},
					changes:   []string{"process.env"},
					stops:     []string{"test -n \"$LD_PRELOAD\"", "test -n \"$DB_PASSWORD\"", "grep -q LD_PRELOAD /proc/1/environ"},
					works:     []string{"test -n \"$LD_LIBRARY_PATH$PLAIN$PATH\"", "grep -q LD_LIBRARY_PATH /proc/1/environ"},
				},
			},
			compliant: []container{
				{name: "other-case", config: linker, options: env("ld_preload", "LD_LIBRARY_PATH", "PASSWORD")},
			},
		}
	})
}

// touch is a hook, run by the OCI runtime on the host, that makes a file in
// the container's root filesystem.
func touch(file string) *nri.Hook {
	return &nri.Hook{Path: "/bin/sh", Args: []string{"sh", "-c",
		`cd "$(sed 's/.*"bundle":"\([^"]*\)".*/\1/')" && touch "$(tr -d ' \n\t' <config.json | sed 's/.*"root":{"path":"\([^"]*\)".*/\1/')` + file + `"`}}
}

func withHooks(hooks *nri.Hooks) *nri.ContainerAdjustment {
	a := &nri.ContainerAdjustment{}
	a.AddHooks(hooks)
	return a
}

func TestRuleHooks(t *testing.T) {
	testRule(t, func(*testing.T, *node.Node) rule {
		return rule{
			name: "hooks",
			breaking: []breach{
				{
					container: container{name: "some", config: "allowed: [/bin/true]", other: withHooks(&nri.Hooks{
						Prestart:      []*nri.Hook{touch("/prestart")},
						CreateRuntime: []*nri.Hook{{Path: "/bin/true"}, touch("/hooked")},
						Poststop:      []*nri.Hook{{Path: "/bin/echo"}},
					})},
					found:   []string{"hooks prestart /bin/sh, createRuntime /bin/sh, poststop /bin/echo not allowed (allowed: /bin/true)"},
					changes: []string{"hooks.createRuntime", "hooks.poststop", "hooks.prestart"},
					stops:   []string{"test -e /hooked", "test -e /prestart"},
				},
			},
			compliant: []container{
				{name: "allowed", config: "allowed: [/bin/sh]", other: withHooks(&nri.Hooks{CreateRuntime: []*nri.Hook{touch("/hooked")}})},
			},
		}
	})
}

// TestDeniedRunsNoHooks has another plugin's hooks leave a trace on the host:
// those of a container that is denied must not.
func TestDeniedRunsNoHooks(t *testing.T) {
	eachNode(t, func(t *testing.T, n *node.Node) {
		trace := filepath.Join(n.Dir(), "hooked-")
		hook := &nri.Hook{Path: "/bin/sh", Args: []string{"sh", "-c", `touch "` + trace + `$(sed 's/.*"id":"\([^"]*\)".*/\1/')"`}}
		b := container{name: "hooked", other: withHooks(&nri.Hooks{
			Prestart: []*nri.Hook{hook}, CreateRuntime: []*nri.Hook{hook}, CreateContainer: []*nri.Hook{hook}, Poststop: []*nri.Hook{hook},
		})}
		r := rule{name: "runAsNonRoot", checkOnly: true, breaking: []breach{{container: b}}}
		r.startOther(t, n)
		g := startRig(t, n, rigOptions{policies: r.policies()})
		pod := g.runPod(t, r.namespace(b.name))
		if free := g.run(t, b.make(t, pod, ctrFree), ""); !exists(trace + free.ID) {
			t.Error("the hooks of a container without a policy leave no trace: nothing is shown by this")
		}
		denied, err := pod.Create(t.Context(), b.make(t, pod, ctrReject).config)
		if n.Release() == build.CRIO { // it has the OCI runtime create the container at once
			if err == nil || !strings.Contains(err.Error(), "specguard: denied by ") {
				t.Errorf("create: %v", err)
			}
			if traces, err := filepath.Glob(trace + "*"); err != nil || len(traces) != 1 {
				t.Errorf("hooks have left %q, %v: want the one of the container without a policy", traces, err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := denied.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "specguard: denied by ") {
			t.Errorf("start: %v", err)
		}
		if err := denied.Remove(t.Context()); err != nil {
			t.Error(err)
		}
		if exists(trace + denied.ID) {
			t.Error("hooks of the denied container have run")
		}
	})
}

func TestRuleImages(t *testing.T) {
	notPinned := []string{"image " + node.AppImage + " was not asked for by digest (allowed: name@sha256:...)"}
	testRule(t, func(t *testing.T, n *node.Node) rule {
		status, err := n.CRI.Images.ImageStatus(t.Context(), &api.ImageStatusRequest{Image: &api.ImageSpec{Image: node.AppImage}})
		if err != nil {
			t.Fatal(err)
		}
		// A kubelet asks for an image by id, whatever a pod says.
		id := status.Image.Id
		ask := func(name string) []cri.ContainerOption { return []cri.ContainerOption{cri.Image(id, name)} }
		r := rule{
			name: "images", checkOnly: true, early: n.Release().Major() == "2", // NRI 0.8 does not tell of images
			breaking: []breach{
				{
					// What the caller says does not count.
					container: container{name: "claimed", config: `allowed: ["docker.io/**"]`, options: ask("docker.io/library/app:1")},
					found:     []string{"image " + node.AppImage + " not allowed (allowed: docker.io/**)"},
				},
				{
					container: container{name: "by-tag", config: "requireDigest: true", options: ask(node.AppImage)},
					found:     notPinned,
				},
				{
					container: container{name: "forbidden", config: `forbidden: ["registry.example.com/team/**"]`, options: ask("docker.io/library/app:1")},
					found:     []string{"image " + node.AppImage + " is forbidden (allowed: all but registry.example.com/team/**)"},
				},
			},
			compliant: []container{
				{name: "by-id", config: `allowed: ["registry.example.com/team/*"]`, options: ask(node.AppImage)},
				{name: "not-forbidden", config: `forbidden: ["docker.io/**", registry.example.com/team/other]`, options: ask(node.AppImage)},
			},
		}
		byDigest := container{name: "by-digest", config: "requireDigest: true", options: ask("registry.example.com/team/app@sha256:" + strings.TrimPrefix(id, "sha256:"))}
		if n.Release().Major() == "2" {
			r.compliant = append(r.compliant, byDigest)
			claimed := container{name: "forbidden-claimed", config: `forbidden: [app]`, options: ask("docker.io/library/app:1")}
			r.breaking = append(r.breaking, breach{container: claimed,
				found: []string{"image docker.io/library/app:1 is forbidden (allowed: all but docker.io/library/app)"}})
		} else { // containerd 1.7 does not tell what was asked for
			r.breaking = append(r.breaking, breach{container: byDigest, found: notPinned})
		}
		return r
	})
}
