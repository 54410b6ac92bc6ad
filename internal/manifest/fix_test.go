package manifest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/specguard/specguard/policy"
)

// TestFixes: a pod whose author writes what a denial says is not denied again.
func TestFixes(t *testing.T) {

	context := func(fields string) string { return "securityContext: {" + fields + "}" }
	hostPath := func(fields string) (container, pod string) {
		return "volumeMounts: [{name: v, mountPath: /v" + fields + "}]", "volumes: [{name: v, hostPath: {path: /srv}}]"
	}
	writable, srv := hostPath("")
	readOnly, _ := hostPath(", readOnly: true")
	shared, _ := hostPath(", readOnly: true, mountPropagation: Bidirectional")
	for _, tt := range []struct {
		rule           string
		container, pod string
		fix            string
		then, thenPod  string
	}{
		{rule: "privileged: {}", container: context("privileged: true"), fix: "set securityContext.privileged: false"},
		{rule: "capabilities: {drop: [ALL]}", container: context("privileged: true"),
			fix:  `set securityContext.privileged: false`,
			then: context(`privileged: false, capabilities: {drop: ["ALL"]}`)},
		{rule: "capabilities: {drop: [ALL]}", fix: `set securityContext.capabilities.drop: ["ALL"]`,
			then: context(`capabilities: {drop: ["ALL"]}`)},
		{rule: "capabilities: {drop: [ALL], allow: [CHOWN]}", fix: `set securityContext.capabilities.drop: ["ALL"]`,
			then: context(`capabilities: {drop: ["ALL"]}`)},
		{rule: "capabilities: {drop: [NET_RAW, SYS_TIME]}", container: context("capabilities: {add: [SYS_TIME]}"),
			fix:  `set securityContext.capabilities.drop: ["NET_RAW"] and remove SYS_TIME from securityContext.capabilities.add`,
			then: context(`capabilities: {drop: ["NET_RAW"]}`)},
		{rule: "capabilities: {drop: [ALL]}", container: context(`capabilities: {drop: ["ALL"], add: [NET_RAW, CHOWN]}`),
			fix:  "remove CHOWN, NET_RAW from securityContext.capabilities.add",
			then: context(`capabilities: {drop: ["ALL"]}`)},
		{rule: "capabilities: {drop: [ALL]}", container: context("capabilities: {add: [ALL]}"),
			fix:  `set securityContext.capabilities.drop: ["ALL"] and remove ALL from securityContext.capabilities.add`,
			then: context(`capabilities: {drop: ["ALL"]}`)},
		{rule: "capabilities: {refuse: [ADDED]}", container: context("capabilities: {add: [ALL]}"),
			fix: "remove ALL from securityContext.capabilities.add"},
		{rule: "capabilities: {refuse: [ADDED]}", container: context("privileged: true"), fix: "set securityContext.privileged: false"},
		{rule: "privileged: {}", container: context("capabilities: {add: [ALL]}"), fix: "remove ALL from securityContext.capabilities.add"},
		{rule: "allowPrivilegeEscalation: {}", fix: "set securityContext.allowPrivilegeEscalation: false",
			then: context("allowPrivilegeEscalation: false")},
		{rule: "runAsNonRoot: {}", fix: "set securityContext.runAsUser: 65532", then: context("runAsUser: 65532")},
		{rule: "runAsNonRoot: {allowedUsers: [{min: 2000, max: 3000}, {min: 1000, max: 1999}]}",
			fix: "set securityContext.runAsUser: 1000", then: context("runAsUser: 1000")},
		{rule: "runAsNonRoot: {allowedGroups: [{min: 100, max: 200}]}", container: context("runAsUser: 65532"),
			fix: "set securityContext.runAsGroup: 100", then: context("runAsUser: 65532, runAsGroup: 100"),
			thenPod: "securityContext: {supplementalGroups: [100]}"},
		{rule: "readOnlyRootFilesystem: {}", fix: "set securityContext.readOnlyRootFilesystem: true",
			then: context("readOnlyRootFilesystem: true")},
		{rule: "userNamespace: {}", fix: "set spec.hostUsers: false", thenPod: "hostUsers: false"},
		{rule: "hostNamespaces: {}", pod: "hostNetwork: true\nhostPID: true\nhostIPC: true",
			fix: "set spec.hostNetwork: false; set spec.hostPID: false; set spec.hostIPC: false"},
		{rule: "hostPaths: {}", container: writable, pod: srv,
			fix: "remove the hostPath volume that is mounted at /v, or mount an allowed path there"},
		{rule: "hostPaths: {allowed: [{path: /srv, readOnly: true}]}", container: writable, pod: srv,
			fix: "set readOnly: true in the volumeMount at /v", then: readOnly, thenPod: srv},
		{rule: "hostPaths: {allowed: [{path: /srv, readOnly: true}]}", container: shared, pod: srv,
			fix: "remove mountPropagation from the volumeMount at /v", then: readOnly, thenPod: srv},
		{rule: "volumeTypes: {allowed: [emptyDir]}", container: writable, pod: srv, fix: "use volumes of the allowed types",
			then: writable, thenPod: "volumes: [{name: v, emptyDir: {}}]\nautomountServiceAccountToken: false"},
		{rule: "devices: {}", container: context("privileged: true"), fix: "set securityContext.privileged: false"},
		{rule: "procMount: {}", container: context("procMount: Unmasked"), pod: "hostUsers: false",
			fix: "set securityContext.procMount: Default", then: context("procMount: Default")},
		{rule: "procMount: {}", container: context("privileged: true"), fix: "set securityContext.privileged: false"},
		{rule: "sysctls: {allowed: []}", pod: "securityContext: {sysctls: [{name: net.core.somaxconn, value: '1024'}]}",
			fix: "remove them from spec.securityContext.sysctls"},
		{rule: "env: {forbid: [LD_PRELOAD]}", container: "env: [{name: LD_PRELOAD, value: x}]",
			fix: "remove them from env and envFrom, or from the image"},
		{rule: "runtimeHandlers: {allowed: [gvisor]}", fix: "set spec.runtimeClassName to a RuntimeClass with an allowed handler",
			thenPod: "runtimeClassName: gvisor"},
		{rule: "hostPorts: {}", container: "ports: [{containerPort: 80, hostPort: 8080}]", fix: "remove these from ports[].hostPort"},
		{rule: "appArmorProfile: {}", container: context("appArmorProfile: {type: Unconfined}"),
			fix: "set securityContext.appArmorProfile.type: RuntimeDefault", then: context("appArmorProfile: {type: RuntimeDefault}")},
		{rule: "seLinuxOptions: {allowedTypes: [container_t]}", container: context("seLinuxOptions: {type: spc_t}"),
			fix:  "remove securityContext.seLinuxOptions.type, or set an allowed one",
			then: context("seLinuxOptions: {type: container_t}")},
		{rule: "seccompProfile: {}", container: context("seccompProfile: {type: Unconfined}"),
			fix: "set securityContext.seccompProfile.type: RuntimeDefault", then: context("seccompProfile: {type: RuntimeDefault}")},
		{rule: "resources: {memory: {max: 1Gi, required: true}}", fix: "set resources.limits.memory to at most 1Gi",
			then: "resources: {limits: {memory: 1Gi}}"},
		{rule: "resources: {cpu: {required: true}}", fix: "set resources.limits.cpu", then: "resources: {limits: {cpu: 500m}}"},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			set := policySet(t, tt.rule)
			bad := one(t, tt.container, tt.pod)
			d := set.Evaluate(bad.Subject, policy.Complete)
			var fixes []string
			for _, v := range d.Violations {
				fixes = append(fixes, v.Fix)
			}
			if !slices.Contains(fixes, tt.fix) {
				t.Errorf("fixes %q of %q, want %q", fixes, d.Message(), tt.fix)
			}
			good := one(t, tt.then, tt.thenPod)
			if d := set.Evaluate(good.Subject, policy.Complete); d.Outcome() != policy.Allowed {
				t.Errorf("with the fix: %s", d.Message())
			}
		})
	}

}

// policySet is a policy with that rule.
func policySet(t *testing.T, rule string) *policy.Set {
	t.Helper()
	doc := fmt.Sprintf("apiVersion: specguard.dev/v1beta1\nkind: Policy\nmetadata: {name: p}\nspec: {rules: {%s}}\n", rule)
	set, err := policy.Compile(policy.Source{Name: "p.yaml", Data: []byte(doc)})
	if err != nil {
		t.Fatal(err)
	}
	return set
}
