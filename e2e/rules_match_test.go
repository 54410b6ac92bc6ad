package e2e_test

import (
	"testing"

	api "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/node"
)

// TestMatchExcludes has policies that leave out containers, and exceptions that do, by what can be
// claimed of an image and by what cannot.
func TestMatchExcludes(t *testing.T) {
	const rule = "rules: {runAsNonRoot: {}}"
	policy := func(namespace, match string) string {
		return policyText(namespace, "{namespaces: ["+namespace+"], containers: ["+ctrSame+", side]"+match+"}", "enforce", rule)
	}
	excepted := func(namespace, match string) string {
		return policy(namespace, "") + "---\napiVersion: specguard.dev/v1beta1\nkind: Exception\nmetadata: {name: " + namespace +
			"}\nspec: {policies: [" + namespace + "], rules: [runAsNonRoot], match: {namespaces: [" + namespace + "]" + match +
			"}, reason: r, owner: o, expires: never}\n"
	}
	const stored, claimed = "registry.example.com/team/**", "docker.io/library/app"
	policies := policy("image", ", excludeImages: ['"+stored+"']") + policy("claimed", ", excludeImages: ['"+claimed+"']") +
		policy("label", ", excludePodSelector: {matchLabels: {tier: web}}") + policy("other-label", ", excludePodSelector: {matchLabels: {tier: db}}") +
		policy("container", ", excludeContainers: ["+ctrSame+"]") + policy("other-container", ", excludeContainers: [side]") +
		excepted("excepted", "") + excepted("excepted-image", ", excludeImages: ['"+stored+"']") + excepted("excepted-claimed", ", excludeImages: ['"+claimed+"']") +
		excepted("excepted-label", ", excludePodSelector: {matchLabels: {tier: web}}") +
		excepted("excepted-container", ", excludeContainers: ["+ctrSame+"]")
	eachNode(t, func(t *testing.T, n *node.Node) {
		status, err := n.CRI.Images.ImageStatus(t.Context(), &api.ImageStatusRequest{Image: &api.ImageSpec{Image: node.AppImage}})
		if err != nil {
			t.Fatal(err)
		}
		as := func(name string) container {
			return container{pod: []cri.PodOption{cri.Label("tier", "web")}, options: []cri.ContainerOption{cri.Image(status.Image.Id, name)}}
		}
		g := startRig(t, n, rigOptions{policies: policies})
		tellsClaims := n.Release().Major() == "2" // neither CRI-O nor NRI 0.8 tells what was asked for
		for _, c := range []struct {
			namespace string
			container container
			denied    bool
		}{
			{"image", as(node.AppImage), false},
			{"claimed", as("docker.io/library/app:1"), true}, // what the caller says excludes nothing
			{"label", as(node.AppImage), false},
			{"other-label", as(node.AppImage), true},
			{"container", as(node.AppImage), false},
			{"other-container", as(node.AppImage), true},
			{"excepted", as(node.AppImage), false},
			{"excepted-image", as(node.AppImage), true},
			{"excepted-claimed", as("docker.io/library/app:1"), tellsClaims},
			{"excepted-label", as(node.AppImage), true},
			{"excepted-container", as(node.AppImage), true},
		} {
			t.Run(c.namespace, func(t *testing.T) {
				t.Parallel()
				pod := g.runPod(t, c.namespace, c.container.pod...)
				r := c.container.make(t, pod, ctrSame)
				if c.denied {
					g.refused(t, r, refusal{sentence: sentence(c.namespace, "runAsNonRoot", []string{"runs as root (uid 0) (allowed: any uid but 0)"})})
					return
				}
				if _, err := pod.Run(t.Context(), r.config); err != nil {
					t.Error(err)
				}
			})
		}
	})
}
