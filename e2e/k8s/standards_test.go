package k8s_test

import (
	"fmt"
	"maps"
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
			var files []string
			for _, f := range fixtures {
				files = append(files, f.File)
			}
			said, err := conformance.Check(t.Context(), binary, string(level), files)
			if err != nil {
				t.Fatal(err)
			}
			fixtures = slices.DeleteFunc(fixtures, func(f conformance.Fixture) bool {
				_, name, _ := strings.Cut(f.Name, "/")
				again := seen[name]
				seen[name] = true
				return again || !onLinux(f.Pod) || !volumesExist(f.Pod)
			})
			namespace := "standard-" + string(level)
			g.namespace(t, namespace)
			live := g.runFixtures(t, namespace, fixtures)
			count := map[string]int{}
			for i, f := range fixtures {
				count[g.compare(t, f, said[f.File], live[i])]++
			}
			t.Logf("%d fixtures: %d %s, %d %s, %d %s", len(fixtures), count[agrees], agrees, count[notVisible], notVisible, count[disagrees], disagrees)
			if count[agrees] < len(fixtures)/2 {
				t.Error("most are not judged")
			}
		})
	}
}

// addSeccompProfile puts the profile that fixtures name on the node.
func (g guarded) addSeccompProfile(t *testing.T) {
	t.Helper()
	const profile = `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["reboot"], "action": "SCMP_ACT_ERRNO"}]}`
	const file = "/var/lib/kubelet/seccomp/testing"
	if err := g.node.Write(t.Context(), file, profile); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.run(t, "rm "+file) })
}

func profile(level api.Level) string {
	return fmt.Sprintf("apiVersion: specguard.dev/v1beta1\nkind: Policy\nmetadata: {name: %s}\n"+
		"spec: {profile: %[1]s, match: {namespaces: [standard-%[1]s]}}\n", level)
}

// How what was said of a fixture and what became of it compare.
const (
	agrees     = "agree"
	disagrees  = "disagree"
	notVisible = "not visible"
)

// compare prints the line of the table that a fixture has.
func (g guarded) compare(t *testing.T, f conformance.Fixture, said conformance.Answer, live outcome) string {
	t.Helper()
	agree := live.kind == said.Outcome
	if agree && live.kind == denied {
		agree = slices.ContainsFunc(said.Rules, func(rule string) bool { return strings.Contains(live.text, rule+": ") })
	}
	why := g.notJudged(f, live)
	switch {
	case agree:
		t.Logf("%-11s  %s: %s", agrees, f.Name, said)
		return agrees
	case why != "":
		t.Logf("%-11s  %s: %s, on the node %s: %s", notVisible, f.Name, said, live.kind, why)
		return notVisible
	default:
		t.Errorf("%-11s  %s: %s, on the node %s: %s", disagrees, f.Name, said, live.kind, live.text)
		return disagrees
	}
}

// notJudged is why a fixture may not get as far as specguard, or not as it was
// written; "" where this cannot be the outcome for that.
func (g guarded) notJudged(f conformance.Fixture, live outcome) string {
	refusing := map[string]string{ // somebody else refuses
		"runasuser": "the kubelet refuses root where runAsNonRoot is set",
		"sysctls":   "the kubelet forbids sysctls that are not safe",
		"procmount": "the API server forbids Unmasked outside a user namespace",
	}
	hiding := map[string]string{ // the node has no LSM
		"apparmorprofile": "without AppArmor the kubelet refuses a profile, and the runtime is told none",
		"selinuxoptions":  "without SELinux the runtime is told no label; it refuses a level that is none",
	}
	if g.isCRIO() {
		hiding["capabilities_baseline3"] = "CRI-O takes CAP_CHOWN for CHOWN, and so asks for nothing that is not allowed"
	}
	reasons := hiding
	if live.kind == refused {
		maps.Copy(reasons, refusing)
	}
	for control, why := range reasons {
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
