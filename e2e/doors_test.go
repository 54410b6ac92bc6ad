package e2e_test

import (
	"archive/tar"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/specguard/specguard/e2e/agent"
	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/gate"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/node"
)

// mapped denies what only the complete spec shows.
const mapped = `
apiVersion: specguard.dev/v1beta1
kind: Policy
metadata: {name: mapped}
spec:
  match: {namespaces: [team-a], containers: [denied]}
  rules: {userNamespace: {onViolation: reject}}
`

// deaf makes the node's OCI runtime one that does not run hooks of a kind: the
// kind that stands in the file that it returns.
func deaf(t *testing.T, o *node.Options) (kind string) {
	t.Helper()
	dir := t.TempDir()
	kind = filepath.Join(dir, "kind")
	script := filepath.Join(dir, "runc") // a name that is known
	content := `#!/bin/sh
real=` + o.Runc + ` kind=$(cat ` + kind + ` 2>/dev/null) bundle=
for a; do
	[ "$bundle" = next ] && bundle=$a
	[ "$a" = --bundle ] && bundle=next
done
[ -n "$kind" ] && [ -n "$bundle" ] && sed -i "s/\"$kind\":/\"x-$kind\":/" "$bundle/config.json"
exec $real "$@"
`
	if err := os.WriteFile(script, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
	o.Runc = script
	return kind
}

// TestSealWhereverHooksRun starts sealed containers by OCI runtimes that run
// hooks of one kind only, as gVisor (createRuntime) and Kata (createContainer):
// what is not judged and what is denied must not run, and what is opened must.
func TestSealWhereverHooksRun(t *testing.T) {
	t.Parallel()
	for _, release := range guardedReleases {
		t.Run(release.String(), func(t *testing.T) {
			var kind string
			g := guard(t, lab.Private(t, release, func(o *node.Options) { kind = deaf(t, o) }))
			if err := g.agent.SetPolicies(map[string]string{"hardening.yaml": hardening, "mapped.yaml": mapped}); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the agent reads its policies", func() bool {
				m, err := g.agent.Metrics(t.Context())
				return err == nil && m["specguard_policies"] == 2
			})
			for _, skipped := range []string{"", "createRuntime", "createContainer"} {
				if err := os.WriteFile(kind, []byte(skipped), 0o600); err != nil {
					t.Fatal(err)
				}
				pod := g.pod(t, "hooks-"+skipped)
				g.gate.Set(gate.Refuse)
				unjudged, err := g.create(t, pod, "unjudged")
				g.gate.Set(gate.Open)
				if err != nil {
					t.Fatal(err)
				}
				neverRan(t, unjudged, notJudged)
				denied, err := g.create(t, pod, "denied")
				if err != nil {
					t.Fatal(err)
				}
				neverRan(t, denied, `specguard: denied by policy "mapped": `)
				g.works(t)
			}
		})
	}
}

// checkpoint makes an archive as containerd writes checkpoints: of a container
// of AppImage, without memory images.
func checkpoint(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "checkpoint.tar")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w := tar.NewWriter(file)
	for name, text := range map[string]string{
		"spec.dump":   `{"ociVersion":"1.2.1","annotations":{},"linux":{}}`,
		"config.dump": `{"id":"1","name":"main","rootfsImageName":"` + node.AppImage + `","rootfsImageRef":"` + node.AppImage + `"}`,
		"status.dump": `{"metadata":{"name":"main"},"image":{"image":"` + node.AppImage + `"},"annotations":{},"labels":{}}`,
	} {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestCheckpointRestored has a containerd that restores containers from
// checkpoints do so.
func TestCheckpointRestored(t *testing.T) {
	t.Parallel()
	n := lab.Private(t, build.Containerd22, nil)
	restore := func(pod *cri.Sandbox) error {
		archive := checkpoint(t)
		_, err := pod.Create(t.Context(), cri.Container("main", node.AppImage, []string{"sleep", "60"}, cri.Image(archive, archive)))
		return err
	}
	elsewhere, err := n.CRI.RunPod(t.Context(), n.CRI.Pod("before", cri.Namespace("team-a")))
	if err != nil {
		t.Fatal(err)
	}
	if err := restore(elsewhere); err != nil {
		t.Fatalf("without an agent: %v; nothing is shown by this", err)
	}
	g := guard(t, n)
	if err := restore(g.pod(t, "restored")); err == nil || !strings.Contains(err.Error(), "specguard: refused: the container would be restored from a checkpoint") {
		t.Errorf("restored: %v", err)
	}
	other, err := n.CRI.RunPod(t.Context(), n.CRI.Pod("other", cri.Namespace("other")))
	if err != nil {
		t.Fatal(err)
	}
	if err := restore(other); err != nil {
		t.Errorf("where no policy matches: %v", err)
	}
	g.works(t)
}

// TestImageClaimed has a caller of CRI claim an image on a containerd whose NRI
// shows none: neither the agent that reads containerd's store nor the one that
// cannot may believe it.
func TestImageClaimed(t *testing.T) {
	const policy = `
apiVersion: specguard.dev/v1beta1
kind: Policy
metadata: {name: images}
spec:
  match: {namespaces: [team-a]}
  rules: {images: {allowed: ["registry.example.com/claimed/**"]}}
`
	claim := cri.Image(node.AppImage, "registry.example.com/claimed/app:1")
	for opener, want := range map[string]string{
		"containerd": "images: image " + node.AppImage + " not allowed (allowed: registry.example.com/claimed/**)",
		"runtime":    "images: the image is not known on this node, only the name that was asked for",
	} {
		t.Run(opener, func(t *testing.T) {
			n := lab.Private(t, build.Containerd22, lab.Wrap(t, agent.Wrapping{Extra: "timeout: 2s"}))
			a, err := agent.Start(t.Context(), n, agent.Options{
				Binary: agentBinary(t), Opener: opener, Policies: map[string]string{"images.yaml": policy},
			})
			if err != nil {
				t.Fatal(err)
			}
			pod, err := n.CRI.RunPod(t.Context(), n.CRI.Pod("claimed", cri.Namespace("team-a")))
			if err != nil {
				t.Fatal(err)
			}
			c, err := pod.Create(t.Context(), cri.Container("main", node.AppImage, cri.TellTruth("sleep 60"), claim))
			if err == nil {
				err = c.Start(t.Context())
			}
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %q in it\n%s", err, want, a.Log())
			}
		})
	}
}

// TestUntestedHandler has pods of a runtime handler whose OCI runtime has a name
// that nobody knows.
func TestUntestedHandler(t *testing.T) {
	t.Parallel()
	for release, table := range map[build.Release]string{build.Containerd2: node.CRIRuntime2, build.Containerd1: node.CRIRuntime1} {
		t.Run(release.String(), func(t *testing.T) {
			n := lab.Private(t, release, func(o *node.Options) {
				other := filepath.Join(t.TempDir(), "other")
				if err := os.Symlink(o.Runc, other); err != nil {
					t.Fatal(err)
				}
				o.Extra = "[" + table + ".containerd.runtimes.untested]\nruntime_type = 'io.containerd.runc.v2'\noptions = {BinaryName = '" + other + "'}\n"
			})
			g := guard(t, n)
			under := func(handler, namespace, name string) error {
				pod, err := n.CRI.RunPodHandler(t.Context(), n.CRI.Pod(name, cri.Namespace(namespace)), handler)
				if err != nil {
					t.Fatal(err)
				}
				c, err := pod.Create(t.Context(), cri.Container("main", node.AppImage, cri.TellTruth("sleep 60")))
				if err != nil {
					return err
				}
				return c.Start(t.Context())
			}
			const refused = `specguard: refused: the OCI runtime of the runtime handler "untested" is not known to run the hooks`
			for range 2 {
				if err := under("untested", "team-a", "untested"); err == nil || !strings.Contains(err.Error(), refused) || !strings.Contains(err.Error(), "/other") {
					t.Errorf("untested: %v", err)
				}
			}
			if err := under("untested", "elsewhere", "elsewhere"); err != nil {
				t.Errorf("where no policy matches: %v", err)
			}
			if err := under("", "team-a", "ordinary"); err != nil {
				t.Errorf("the default handler: %v", err)
			}
			if err := g.agent.Configure("testedHandlers: [untested]\n"); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(g.agent.Kill(t.Context()), g.agent.Again(), g.agent.WaitReady(t.Context())); err != nil {
				t.Fatal(err)
			}
			if err := under("untested", "team-a", "tested"); err != nil {
				t.Errorf("tested: %v", err)
			}
		})
	}
}

// TestDeniedHostPathIsMade shows what a denial does not undo: the container
// runtime makes the folder of a host path before NRI is asked.
func TestDeniedHostPathIsMade(t *testing.T) {
	t.Parallel()
	for _, release := range releases {
		t.Run(release.String(), func(t *testing.T) {
			g := guard(t, lab.Private(t, release, nil))
			folder := filepath.Join(t.TempDir(), "made", "by")
			_, err := g.pod(t, "made").Create(t.Context(), cri.Container("main", node.AppImage, cri.TellTruth("sleep 60"), cri.HostPath(folder, "/made", true)))
			if err == nil || !strings.Contains(err.Error(), "specguard: denied by policy") {
				t.Errorf("created: %v", err)
			}
			if _, err := os.Stat(folder); err != nil {
				t.Errorf("%v: say in docs/operations.md that it is not made", err)
			}
		})
	}
}

// TestVerifyGivesSeccomp has NRI carry a seccomp profile where the spec cannot be
// written: by a containerd whose NRI shows that there is none.
func TestVerifyGivesSeccomp(t *testing.T) {
	t.Parallel()
	const policy = `
apiVersion: specguard.dev/v1beta1
kind: Policy
metadata: {name: seccomp}
spec:
  match: {namespaces: [team-a]}
  rules: {seccompProfile: {onViolation: adjust}}
`
	for release, refused := range map[build.Release]string{build.Containerd2: "", build.Containerd22: "seccompProfile: seccomp is unconfined"} {
		t.Run(release.String(), func(t *testing.T) {
			n := lab.Private(t, release, nil)
			a, err := agent.Start(t.Context(), n, agent.Options{
				Binary: agentBinary(t), Opener: "verify", Config: "hookPath: " + hookScript(t, n) + "\n",
				Policies: map[string]string{"seccomp.yaml": policy},
			})
			if err != nil {
				t.Fatal(err)
			}
			pod, err := n.CRI.RunPod(t.Context(), n.CRI.Pod("seccomp", cri.Namespace("team-a")))
			if err != nil {
				t.Fatal(err)
			}
			run := func(name string, options ...cri.ContainerOption) (*cri.Running, error) {
				c, err := pod.Create(t.Context(), cri.Container(name, node.AppImage, cri.TellTruth("chroot / true; sleep 60"), options...))
				if err == nil {
					err = c.Start(t.Context())
				}
				return c, err
			}
			if _, err := run("confined", cri.RuntimeDefaultSeccomp()); err != nil {
				t.Errorf("confined: %v", err)
			}
			c, err := run("unconfined")
			if refused != "" {
				if err == nil || !strings.Contains(err.Error(), refused) {
					t.Errorf("unconfined: %v, want %q", err, refused)
				}
				return
			}
			if err != nil {
				t.Fatalf("%v\n%s", err, a.Log())
			}
			for who, truth := range map[string]func(context.Context) (cri.Truth, error){"main": c.Truth, "exec": c.ExecTruth} {
				if got, err := truth(t.Context()); err != nil || got.Seccomp != 2 {
					t.Errorf("%s: seccomp %d, %v", who, got.Seccomp, err)
				}
			}
		})
	}
}
