package conformance

import (
	"strings"
	"testing"

	"k8s.io/pod-security-admission/api"
)

// says is an answer of specguard: denied by these violations, or allowed.
func says(found ...violation) Answer {
	a := Answer{Outcome: allowed}
	for _, v := range found {
		a = a.and(report{Outcome: denied, Violations: []violation{v}})
	}
	return a
}

// TestCompare: a verdict or a control that differs is a disagreement, unless
// what the pod says is not seen on a node.
func TestCompare(t *testing.T) {
	one := func(more string) string {
		return "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers: [{name: a, image: i}]\n" + more
	}
	secure := func(context string) string {
		return "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n" +
			"  containers: [{name: a, image: i, securityContext: {" + context + "}}]\n"
	}
	annotated := func(annotation string) string {
		return "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {" + annotationPrefix + annotation + "}}\nspec:\n" +
			"  containers: [{name: a, image: i}]\n"
	}
	hostNetwork, capabilities := violation{"hostNamespaces", "network"}, violation{"capabilities", "SYS_ADMIN"}
	oddValue := violation{"sysctls", "pod's sysctl x has a + or a control character in its value"}
	for name, c := range map[string]struct {
		manifest string
		answer   Answer
		kind     Kind
		reason   string
	}{
		"both allow":          {one(""), says(), Agree, ""},
		"both deny":           {one("  hostPID: true\n"), says(hostNetwork), Agree, ""},
		"let through":         {one("  hostPID: true\n"), says(), Disagree, ""},
		"refused":             {one(""), says(hostNetwork), Disagree, ""},
		"other control":       {one("  hostPID: true\n"), says(capabilities), Disagree, ""},
		"more controls":       {one("  hostPID: true\n"), says(hostNetwork, capabilities), Disagree, ""},
		"rule of no control":  {one("  hostPID: true\n"), says(hostNetwork, violation{"env", "A"}), Disagree, ""},
		"not judged":          {one(""), Answer{Outcome: notJudged, Message: "is odd"}, Disagree, ""},
		"Windows":             {one("  os: {name: windows}\n"), Answer{Outcome: notJudged, Message: "is for Windows"}, NotVisible, forWindows},
		"privileged":          {secure("privileged: true"), says(violation{"privileged", ""}, capabilities, violation{"devices", ""}), Agree, isPrivileged},
		"privileged, odd":     {secure("privileged: true"), says(violation{"privileged", ""}, hostNetwork), Disagree, ""},
		"unmounted":           {one("  volumes: [{name: v, hostPath: {path: /}}]\n"), says(), NotVisible, notMounted},
		"unmounted, refused":  {one("  volumes: [{name: v, hostPath: {path: /}}]\n"), says(violation{"hostPaths", "/"}), Agree, ""},
		"default capability":  {secure("capabilities: {add: [NET_RAW]}"), says(), NotVisible, defaultCap},
		"added and dropped":   {secure("capabilities: {add: [SYS_ADMIN], drop: [SYS_ADMIN]}"), says(), NotVisible, heldCaps},
		"added":               {secure("capabilities: {add: [SYS_ADMIN, NET_RAW]}"), says(), Disagree, ""},
		"Unconfined":          {secure("seccompProfile: {type: Unconfined}"), says(), NotVisible, noSeccomp},
		"SELinux's own":       {secure("seLinuxOptions: {user: system_u}"), says(), NotVisible, runtimesLabel},
		"SELinux":             {secure("seLinuxOptions: {user: system_u, type: spc_t}"), says(), Disagree, ""},
		"another container's": {annotated("b: unconfined"), says(), NotVisible, badAnnotation},
		"obeyed annotation":   {strings.Replace(annotated("x: z"), annotationPrefix, "run.oci.", 1), says(violation{"annotations", ""}), Stricter, obeyedAnnotation},
		"other annotation":    {annotated("a: runtime/default"), says(violation{"annotations", ""}), Disagree, ""},
		"AppArmor":            {annotated("a: unconfined"), says(), Disagree, ""},
		"a sysctl's value":    {one("  securityContext: {sysctls: [{name: kernel.shm_rmid_forced, value: 1+a=b}]}\n"), says(oddValue), Stricter, oddSysctl},
		"another value":       {one("  securityContext: {sysctls: [{name: kernel.shm_rmid_forced, value: '1'}]}\n"), says(oddValue), Disagree, ""},
		"and another sysctl":  {one("  securityContext: {sysctls: [{name: kernel.shm_rmid_forced, value: 1+a=b}]}\n"), says(oddValue, violation{"sysctls", "x"}), Disagree, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := NewStandard(api.LevelBaseline, api.LatestVersion())
			if err != nil {
				t.Fatal(err)
			}
			pods, skips := Read("p.yaml", []byte(c.manifest))
			if len(pods) != 1 || len(skips) != 0 {
				t.Fatalf("read %d pods, %v", len(pods), skips)
			}
			got := s.Compare(pods[0].Pod, c.answer)
			if got.Kind() != c.kind {
				t.Errorf("%s, want %s: %v", got.Kind(), c.kind, got.Differences)
			}
			if r := got.Reasons(); c.reason != "" && (len(r) != 1 || r[0] != c.reason) {
				t.Errorf("the reasons are %q, want %q", r, c.reason)
			}
		})
	}
}
