package oracle

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/specguard/specguard/policy"
)

// allowedHook is the program of a hook that the policies here allow.
const allowedHook = "/opt/ok"

// adjusting are rules that together adjust whatever can be adjusted.
func adjusting() []string {
	return []string{
		"privileged: {onViolation: adjust}",
		"capabilities: {onViolation: adjust, drop: [ALL], allow: [NET_BIND_SERVICE]}",
		"allowPrivilegeEscalation: {onViolation: adjust}",
		"runAsNonRoot: {onViolation: adjust, allowUserNamespaceRoot: true}",
		"hostNamespaces: {}",
		"hostPaths: {onViolation: adjust, remove: writable}",
		"volumeTypes: {onViolation: adjust, remove: writable, allowed: [configMap, csi, downwardAPI, emptyDir, image, projected, secret]}",
		"tokens: {onViolation: adjust}",
		"devices: {onViolation: adjust}",
		"hooks: {onViolation: adjust, allowed: [" + allowedHook + "]}",
		"readOnlyRootFilesystem: {onViolation: adjust, writablePaths: [/tmp, /run, /data/x]}",
		"procMount: {onViolation: adjust}",
		"mountOptions: {onViolation: adjust, require: [" + strings.Join(noexec(), ", ") + "]}",
		"sysctls: {onViolation: adjust}",
		"rlimits: {onViolation: adjust, limits: [{type: RLIMIT_NOFILE, default: 512, max: 1024}, {type: RLIMIT_CORE, max: 0}]}",
		"env: {onViolation: adjust, forbid: ['LD_*']}",
		"appArmorProfile: {onViolation: adjust, apply: RuntimeDefault}",
		"seLinuxOptions: {allowedUsers: ['', system_u], allowedRoles: ['', system_r], allowedTypes: ['', container_t, container_init_t]}",
		"resources: {onViolation: adjust, memory: {default: 256Mi, max: 1Gi}, cpu: {default: 500m, max: 2}, pids: {max: 512}}",
		"seccompProfile: {onViolation: adjust, block: {socketFamilies: [AF_ALG, AF_RXRPC, AF_VSOCK], syscalls: [" + strings.Join(blocked(), ", ") + "]}}",
		"annotations: {onViolation: adjust}",
		"cgroupsPath: {}",
		"intelRdt: {}",
		"netDevices: {onViolation: adjust}",
		"oomScoreAdj: {onViolation: adjust}",
		"rootfsPropagation: {onViolation: adjust}",
		"scheduler: {onViolation: adjust}",
	}
}

// noexec is required of all that can be written.
func noexec() []string {
	return []string{
		"{volumeTypes: [emptyDir, shm, tmpfs, csi, anonymous, image, runtimeFile, configMap, projected, secret, downwardAPI], options: [nosuid, nodev, noexec]}",
		"{volumeTypes: [dev], options: [nosuid, noexec]}",
	}
}

// blocked are the calls of which no container needs any.
func blocked() []string {
	var out []string
	for _, c := range calls() {
		out = append(out, c.name)
	}
	return out
}

// differing are policies that want different things of the same fields.
func differing() []string {
	return []string{
		`capabilities: {onViolation: adjust, drop: [NET_RAW]}
    resources: {onViolation: adjust, memory: {default: 64Mi, max: 128Mi}, cpu: {max: 300m}, pids: {max: 5}}
    mountOptions: {onViolation: adjust, require: [{paths: [/**], options: [rnoexec]}]}`,
		`capabilities: {onViolation: adjust, allow: [NET_RAW, CHOWN, KILL]}
    resources: {onViolation: adjust, memory: {max: 256Mi}, cpu: {default: 100m, max: 1}}
    hostPaths: {onViolation: adjust, remove: writable, allowed: [{path: /srv, readOnly: true}, {path: /var/log}]}`,
		`runAsNonRoot: {onViolation: adjust, runAsUser: 1000, allowedUsers: [{min: 1000, max: 2000}]}
    readOnlyRootFilesystem: {onViolation: adjust, writablePaths: [/data]}
    hostPaths: {onViolation: adjust, remove: writable, allowed: [{path: /srv/data}, {path: /, readOnly: true}]}
    volumeTypes: {onViolation: adjust, remove: writable, allowed: [emptyDir, hostPath, csi]}`,
		`readOnlyRootFilesystem: {onViolation: adjust, writablePaths: [/data/x, /tmp]}
    mountOptions: {onViolation: adjust, require: [{volumeTypes: [hostPath, tmpfs], options: [ro, nosuid]}]}
    devices: {onViolation: adjust, allowed: [{path: '/dev/f*', major: 10}]}
    privileged: {onViolation: adjust}
    seccompProfile: {onViolation: adjust}`,
	}
}

func document(name string, priority int, spec string) string {
	return fmt.Sprintf("apiVersion: specguard.dev/v1beta1\nkind: Policy\nmetadata: {name: %s}\nspec:\n  match: {namespaces: [default]}\n"+
		"  priority: %d\n%s\n", name, priority, spec)
}

func compile(t testing.TB, documents ...string) *policy.Set {
	t.Helper()
	var sources []policy.Source
	for i, d := range documents {
		sources = append(sources, policy.Source{Name: fmt.Sprintf("%d.yaml", i), Data: []byte(d)})
	}
	set, err := policy.Compile(sources...)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// policies are all sets that containers are judged by.
type policies struct {
	profiles [hardened + 1]*policy.Set

	// adjust has all rules in one policy; split has one in each, in several orders.
	adjust *policy.Set
	split  []*policy.Set

	// differ are the same policies with different priorities.
	differ []*policy.Set

	// files are the same documents in different orders.
	files [2]*policy.Set
}

func newPolicies(t testing.TB) *policies {
	p := &policies{adjust: compile(t, document("all", 0, "  rules:\n    "+strings.Join(adjusting(), "\n    ")))}
	for i := range p.profiles {
		p.profiles[i] = compile(t, document("profile", 0, "  profile: "+profile(i).String()))
	}
	for round := range 4 {
		p.split = append(p.split, compile(t, each(adjusting(), round)...))
		p.differ = append(p.differ, compile(t, each(differing(), round)...))
	}
	documents := each(differing(), 1)
	p.files[0] = compile(t, documents...)
	slices.Reverse(documents)
	p.files[1] = compile(t, documents...)
	return p
}

// each makes a policy of each of the rules. The round says which come first.
func each(rules []string, round int) []string {
	var out []string
	for i, r := range rules {
		at := (i*(2*round+1) + round) % len(rules)
		out = append(out, document(fmt.Sprintf("p%d", (i+3*round)%len(rules)), at%3, "  rules:\n    "+r))
	}
	return out
}
