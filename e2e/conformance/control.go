package conformance

import (
	"fmt"
	"slices"

	"k8s.io/pod-security-admission/policy"
)

// A control is a part of the Pod Security Standards, and the rules for it.
type control struct {
	name   string
	checks []policy.CheckID // of Kubernetes' own implementation
	rules  []string         // of specguard; none where a node cannot see it

	// privileged: a privileged container breaks the rules too, as it has every
	// capability and device and no profile. Kubernetes names one reason.
	privileged bool
}

func controls() []control {
	return []control{
		{name: "allowPrivilegeEscalation", checks: ids("allowPrivilegeEscalation"), rules: []string{"allowPrivilegeEscalation"}},
		{name: "annotations", rules: []string{"annotations"}},
		{name: "appArmorProfile", checks: ids("appArmorProfile"), rules: []string{"appArmorProfile"}, privileged: true},
		{
			name: "capabilities", checks: ids("capabilities_baseline", "capabilities_restricted"),
			rules: []string{"capabilities"}, privileged: true,
		},
		{name: "devices", rules: []string{"devices"}, privileged: true},
		{name: "hostNamespaces", checks: ids("hostNamespaces"), rules: []string{"hostNamespaces"}},
		{name: "hostPorts", checks: ids("hostPorts"), rules: []string{"hostPorts"}},
		{name: "hostProbesAndHostLifecycle", checks: ids("hostProbesAndHostLifecycle")},
		{name: "privileged", checks: ids("privileged"), rules: []string{"privileged"}},
		{
			name: "procMount", checks: ids("procMount", "procMount_restricted"),
			rules: []string{"procMount"}, privileged: true,
		},
		{name: "runAsNonRoot", checks: ids("runAsNonRoot", "runAsUser"), rules: []string{"runAsNonRoot"}},
		{
			name: "seccompProfile", checks: ids("seccompProfile_baseline", "seccompProfile_restricted"),
			rules: []string{"seccompProfile"}, privileged: true,
		},
		{name: "seLinuxOptions", checks: ids("seLinuxOptions"), rules: []string{"seLinuxOptions"}, privileged: true},
		{name: "sysctls", checks: ids("sysctls"), rules: []string{"sysctls"}},
		{name: "volumes", checks: ids("hostPathVolumes", "restrictedVolumes"), rules: []string{"hostPaths", "volumeTypes"}},
		{name: "windowsHostProcess", checks: ids("windowsHostProcess")},
	}
}

func ids(names ...policy.CheckID) []policy.CheckID { return names }

// controlOf names the control that the check is of.
func controlOf(id policy.CheckID) (string, error) {
	for _, c := range controls() {
		if slices.Contains(c.checks, id) {
			return c.name, nil
		}
	}
	return "", fmt.Errorf("check %s is new: which rules are for it?", id)
}
