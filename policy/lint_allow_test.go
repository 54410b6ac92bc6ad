package policy

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// allowWarnings are rules, what an exception allows in addition, and words of the only warning about that; ""
// for none.
func allowWarnings() [][3]string {
	const inRules = "(to excuse from all of a rule, name it in rules)"
	return [][3]string{
		{"annotations: {}", "{annotations: ['run.oci.*']}", ""},
		{"annotations: {}", "{annotations: ['**']}", "6:24: spec.allow.annotations: allows all that the rule checks " + inRules},
		{"annotations: {}", "{annotations: [foo]}", `6:25: spec.allow.annotations[0]: "foo" covers no annotation that an OCI runtime obeys`},
		{"annotations: {allowed: ['run.oci.*']}", "{annotations: [run.oci.keep_original_groups]}", "[0]: gives nothing: the rule allows it already"},
		{"appArmorProfile: {}", "{appArmorProfile: [RuntimeDefault]}", "gives nothing: the rule allows it already"},
		{"appArmorProfile: {}", "{appArmorProfile: [Localhost/a]}", "gives nothing: the rule allows it already"},
		{"appArmorProfile: {}", "{appArmorProfile: [Unconfined]}", "6:28: spec.allow.appArmorProfile: allows all that the rule checks"},
		{"appArmorProfile: {allowed: [RuntimeDefault]}", "{appArmorProfile: [Unconfined]}", ""},
		{"capabilities: {drop: [ALL]}", "{capabilities: [NET_ADMIN]}", ""},
		{"capabilities: {drop: [NET_RAW]}", "{capabilities: [NET_RAW, NET_ADMIN]}", "6:35: spec.allow.capabilities[1]: gives nothing: the rule allows it already"},
		{"capabilities: {refuse: [ADDED]}", "{capabilities: [NET_ADMIN]}", ""},
		{"capabilities: {refuse: [ADDED]}", "{capabilities: [NET_RAW]}", "gives nothing"},
		{"cgroupsPath: {allowed: [/a]}", "{cgroupsPath: [/a]}", "gives nothing"},
		{"cgroupsPath: {allowed: [/a]}", "{cgroupsPath: [/b]}", ""},
		{"devices: {}", "{devices: [{path: '/dev/**'}]}", "/dev/** allows every device of its type"},
		{"devices: {allowed: [{path: /dev/x, major: 1}]}", "{devices: [{path: /dev/x, major: 1}]}", "gives nothing"},
		{"env: {forbid: ['LD_*']}", "{env: [FOO]}", "6:17: spec.allow.env[0]: gives nothing: no pattern of forbid covers it"},
		{"env: {forbid: ['LD_*']}", "{env: ['*']}", "6:16: spec.allow.env: allows all that the rule checks"},
		{"env: {forbid: ['LD_*']}", "{env: [LD_PRELOAD]}", ""},
		{"env: {forbid: ['LD_*'], allow: [LD_PRELOAD]}", "{env: [LD_PRELOAD]}", "gives nothing: the rule allows it already"},
		{"hooks: {}", "{hooks: ['/**']}", `"/**" allows every program of the host`},
		{"hooks: {allowed: ['/opt/**']}", "{hooks: [/opt/a/b]}", "gives nothing"},
		{"hostNamespaces: {allow: [pid]}", "{hostNamespaces: [pid]}", "gives nothing"},
		{"hostNamespaces: {}", "{hostNamespaces: [pid]}", ""},
		{"hostPaths: {}", "{hostPaths: [{path: /}]}", "/ allows reading and writing all files of the host"},
		{"hostPaths: {allowed: [{path: /srv}]}", "{hostPaths: [{path: /srv, readOnly: true}]}", "gives nothing: the rule allows it already"},
		{"hostPaths: {allowed: [{path: /srv, readOnly: true}]}", "{hostPaths: [{path: /srv}]}", ""},
		{"hostPaths: {forbidden: [RuntimeSockets]}", "{hostPaths: [{path: /srv}]}", "gives nothing: it lies in none of the forbidden paths"},
		{"hostPaths: {forbidden: [RuntimeSockets]}", "{hostPaths: [{path: /run/containerd}]}", ""},
		{"hostPaths: {forbidden: [RuntimeSockets]}", "{hostPaths: [{path: /var/run/containerd/containerd.sock}]}", ""},
		{"hostPaths: {forbidden: [/etc]}", "{hostPaths: [{path: /etc/ssl}]}", ""},
		{"hostPaths: {forbidden: [/etc/ssl]}", "{hostPaths: [{path: /etc}]}", "an entry for a folder around a forbidden path"},
		{"hostPorts: {}", "{hostPorts: [{min: 1, max: 65535}]}", "6:22: spec.allow.hostPorts: allows all that the rule checks"},
		{"hostPorts: {allowed: [{min: 1, max: 99}]}", "{hostPorts: [{min: 80, max: 80}]}", "gives nothing"},
		{"hostPorts: {allowed: [{min: 1, max: 99, protocol: TCP}]}", "{hostPorts: [{min: 80, max: 80}]}", ""},
		{"images: {requireDigest: true}", "{images: [a.io/b]}", "gives nothing: the rule has no allowed and no forbidden"},
		{"images: {allowed: ['r.io/**']}", "{images: ['**']}", `"**" allows every image that has a name`},
		{"images: {allowed: ['r.io/**']}", "{images: ['R.io/x/**']}", `"R.io/x/**" covers only an image that is named so (the usual name is "r.io/x/**")`},
		{"images: {allowed: ['r.io/**']}", "{images: ['r.io/x/**']}", "gives nothing: the rule allows it already"},
		{"images: {forbidden: ['r.io/**']}", "{images: ['r.io/x/**']}", ""},
		{"images: {forbidden: ['r.io/**']}", "{images: ['a.io/x/**']}", "gives nothing: the rule allows it already"},
		{"intelRdt: {}", "{intelRdt: [x]}", "gives nothing: the rule has no allowed,"},
		{"intelRdt: {allowed: []}", "{intelRdt: [x]}", ""},
		{"netDevices: {allowed: ['ib*']}", "{netDevices: [ib0]}", "gives nothing"},
		{"netDevices: {}", "{netDevices: ['*']}", "allows all that the rule checks"},
		{"runAsNonRoot: {}", "{runAsNonRoot: {allowedUsers: [{min: 1337, max: 1337}]}}", "6:41: spec.allow.runAsNonRoot.allowedUsers[0]: gives nothing: the rule has no allowedUsers,"},
		{"runAsNonRoot: {allowedUsers: [{min: 1, max: 9}, {min: 10, max: 20}]}", "{runAsNonRoot: {allowedUsers: [{min: 5, max: 12}]}}", "gives nothing: the rule allows it already"},
		{"runAsNonRoot: {allowedUsers: [{min: 1, max: 9}]}", "{runAsNonRoot: {allowedUsers: [{min: 5, max: 12}]}}", ""},
		{"runAsNonRoot: {namespaceUsers: [{namespaces: [a], min: 1, max: 9}]}", "{runAsNonRoot: {allowedUsers: [{min: 5, max: 12}]}}", ""},
		{"runAsNonRoot: {forbidRootGroup: true, allowedGroups: [{min: 5, max: 9}]}", "{runAsNonRoot: {allowedGroups: [{min: 0, max: 0}]}}", "forbidRootGroup denies it all the same"},
		{"runtimeHandlers: {allowed: ['kata-*']}", "{runtimeHandlers: [kata-qemu]}", "gives nothing"},
		{"runtimeHandlers: {allowed: [gvisor]}", "{runtimeHandlers: ['*']}", "allows all that the rule checks"},
		{"scheduler: {}", "{scheduler: {allowedPolicies: [SCHED_OTHER]}}", "gives nothing"},
		{"seccompProfile: {}", "{seccompProfile: [Localhost/x.json]}", "gives nothing: the rule has no allowed,"},
		{"seccompProfile: {allowed: [RuntimeDefault]}", "{seccompProfile: [Localhost/x.json]}", ""},
		{"seLinuxOptions: {allowedTypes: [a_t]}", "{seLinuxOptions: {allowedLevels: [s0]}}", "gives nothing: the rule has no allowedLevels,"},
		{"seLinuxOptions: {allowedTypes: [a_t]}", "{seLinuxOptions: {allowedTypes: [b_t]}}", ""},
		{"sysctls: {}", "{sysctls: [net.ipv4.ip_local_port_range]}", "gives nothing: the rule allows it already"},
		{"sysctls: {}", "{sysctls: [net.core.somaxconn]}", ""},
		{"volumeTypes: {allowed: [nfs]}", "{volumeTypes: [nfs]}", "gives nothing"},
		{"volumeTypes: {allowed: [nfs]}", "{volumeTypes: [emptyDir]}", ""},
	}
}

// TestWarnOfAllowances: an exception that allows nothing more, or everything, is named.
func TestWarnOfAllowances(t *testing.T) {
	tested := make(map[string]bool)
	for _, c := range allowWarnings() {
		kind, _, _ := strings.Cut(c[0], ":")
		tested[kind] = true
		exception := strings.Replace(exceptionFor("x", c[1], "policies: [p]"), "expires: never", "expires: 2999-01-01", 1)
		expectSaid(t, c[0]+" and "+c[1], c[2], policyDoc("p", c[0]), exception)
	}
	if got, want := slices.Sorted(maps.Keys(tested)), slices.Sorted(maps.Keys(allowEntries())); !slices.Equal(got, want) {
		t.Errorf("tested %q, want %q", got, want)
	}
}

// TestSilentContradictions has fields of a rule that undo each other.
func TestSilentContradictions(t *testing.T) {
	for rules, words := range map[string]string{
		"rules: {capabilities: {allow: [KILL, NET_ADMIN], refuse: [NET_ADMIN]}}":                                         "5:40: spec.rules.capabilities.allow[1]: NET_ADMIN is not allowed: refuse has it too, and counts more",
		"rules: {capabilities: {drop: [NET_ADMIN], allow: [NET_ADMIN]}}":                                                 "NET_ADMIN is not allowed: drop has it too",
		"rules: {capabilities: {drop: [ALL], allow: [NET_ADMIN], refuse: [ADDED]}}":                                      "",
		"profile: restricted@v1.37\n  rules: {capabilities: {refuse: [NET_BIND_SERVICE]}}":                               "",
		"profile: restricted@v1.37\n  rules: {capabilities: {drop: [ALL, NET_BIND_SERVICE], allow: [NET_BIND_SERVICE]}}": "drop has it too",
		"rules: {tokens: {volumes: []}}":                                                                                 "5:29: spec.rules.tokens.volumes: is an empty list: it has no effect (leave it out)",
		"rules: {tokens: {volumes: ['kube-api-access-*']}}":                                                              "has no effect: the rule knows the volumes kube-api-access-*",
		"rules: {tokens: {volumes: ['*']}}":                                                                              "",
	} {
		expectSaid(t, rules, words, "apiVersion: "+APIVersion+"\nkind: Policy\nmetadata: {name: p}\nspec:\n  "+rules+"\n")
	}
	policy := policyDoc("test", "allowPrivilegeEscalation: {}")
	expectSaid(t, "an empty allow", "7:10: spec.allow: is empty; leave it out", policy, exceptionDoc("allow: {}", "expires: 2999-01-01"))
}

// TestWarnOfAllowancesOfSome: what gives something with one of the policies is meant.
func TestWarnOfAllowancesOfSome(t *testing.T) {
	exception := strings.Replace(exceptionFor("x", "{capabilities: [NET_RAW]}", "policies: [p, q]"), "expires: never", "expires: 2999-01-01", 1)
	expectSaid(t, "one of two", "", policyDoc("p", "capabilities: {drop: [ALL]}"), policyDoc("q", "capabilities: {drop: [SYS_ADMIN]}"), exception)
	expectSaid(t, "both", "gives nothing", policyDoc("p", "capabilities: {drop: [CHOWN]}"), policyDoc("q", "capabilities: {drop: [SYS_ADMIN]}"), exception)
}

// What is said to give nothing does not change what the rule finds.
func TestPropertyIdle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := pick(t, "rule", slices.Sorted(maps.Keys(allowEntries()))...)
		k := kinds()[slices.Index(RuleNames(), name)]
		set := compileFiles(t, sources(policyDoc("test", drawRule(t, k, Reject)), exceptionFor("x", "{"+drawAllow(t, name)+"}")))
		r := &set.policies[0].rules[0]
		plain, more := r.Rule.(widens), r.excuses[0].by.allows[name]
		entries := 0
		for _, l := range more.allowLists() {
			entries += lengthOf(l)
		}
		if len(plain.idle(more)) < entries {
			return
		}
		sub := drawSubject(t).ready()
		sub.settle()
		found := func(r Rule) (out []string) {
			for _, f := range r.Check(&sub) {
				out = append(out, f.Found)
			}
			return out
		}
		if was, is := found(plain), found(widened(plain, more)); !slices.Equal(was, is) {
			t.Errorf("found %q without, %q with", was, is)
		}
	})
}

func lengthOf(l allowedList) int { return reflect.ValueOf(l.list).Elem().Len() }
