package k8s_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"

	"github.com/specguard/specguard/e2e/conformance"
	"github.com/specguard/specguard/e2e/lab"
)

// TestPodSecurityStandardsOnLivePods: what `specguard check` says of the
// fixtures of the Pod Security Standards is what becomes of them on a node, but
// for those that do not get as far as specguard.
func TestPodSecurityStandardsOnLivePods(t *testing.T) {
	g := guard(t)
	g.addSeccompProfile(t)
	binary, err := lab.Cache(t).Agent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	g.setPolicies(t, profile(api.LevelBaseline)+"---\n"+profile(api.LevelRestricted))
	seen := map[string]bool{}
	for _, level := range []api.Level{api.LevelBaseline, api.LevelRestricted} {
		t.Run(string(level), func(t *testing.T) {
			fixtures := conformance.Fixtures(t, level)
			said := conformance.Check(t, binary, level, fixtures)
			fixtures = slices.DeleteFunc(fixtures, func(f conformance.Fixture) bool {
				_, name, _ := strings.Cut(f.Name, "/")
				again := seen[name]
				seen[name] = true
				return again || !onLinux(f.Pod) || !volumesExist(f.Pod)
			})
			namespace := "standard-" + string(level)
			g.namespace(t, namespace)
			live := g.runFixtures(t, namespace, fixtures)
			for i, f := range fixtures {
				g.compare(t, f, said[f.File], live[i])
			}
		})
	}
}

// addSeccompProfile puts the profile that fixtures name on the node.
func (g guarded) addSeccompProfile(t *testing.T) {
	t.Helper()
	const profile = `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["reboot"], "action": "SCMP_ACT_ERRNO"}]}`
	if err := g.node.Write(t.Context(), "/var/lib/kubelet/seccomp/testing", profile); err != nil {
		t.Fatal(err)
	}
}

func profile(level api.Level) string {
	return fmt.Sprintf("apiVersion: specguard.dev/v1alpha1\nkind: Policy\nmetadata: {name: %s}\n"+
		"spec: {profile: %[1]s, match: {namespaces: [standard-%[1]s]}}\n", level)
}

// compare compares what was said of a fixture with what became of it.
func (g guarded) compare(t *testing.T, f conformance.Fixture, said conformance.Answer, live outcome) {
	t.Helper()
	agree := live.kind == said.Outcome
	if agree && live.kind == denied {
		agree = slices.ContainsFunc(said.Rules, func(rule string) bool { return strings.Contains(live.text, rule+": ") })
	}
	if why := g.notJudged(f); !agree && why == "" {
		t.Errorf("%s: %s, on the node %s: %s", f.Name, said, live.kind, live.text)
	} else if !agree {
		t.Logf("%s: %s, on the node %s: %s", f.Name, said, live.kind, why)
	}
}

// notJudged is why a fixture may not get as far as specguard, or not as it was
// written.
func (g guarded) notJudged(f conformance.Fixture) string {
	if g.isCRIO() && strings.HasSuffix(f.Name, "/capabilities_baseline3") {
		return "CRI-O takes CAP_CHOWN for CHOWN, and so asks for nothing that is not allowed"
	}
	for control, why := range map[string]string{
		"apparmorprofile": "without AppArmor the kubelet refuses a profile, and the runtime is told none",
		"selinuxoptions":  "without SELinux the runtime is told no label; it refuses a level that is none",
		"runasuser":       "the kubelet refuses root where runAsNonRoot is set",
		"sysctls":         "the kubelet forbids sysctls that are not safe",
		"procmount":       "the API server forbids Unmasked outside a user namespace",
	} {
		if strings.Contains(f.Name, "/"+control) {
			return why
		}
	}
	return ""
}

func onLinux(pod *corev1.Pod) bool { return pod.Spec.OS == nil || pod.Spec.OS.Name == corev1.Linux }

// volumesExist is whether the node has the pod's volumes.
func volumesExist(pod *corev1.Pod) bool {
	for _, v := range pod.Spec.Volumes {
		if v.HostPath == nil && v.EmptyDir == nil {
			return false
		}
	}
	return true
}
