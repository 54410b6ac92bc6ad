package policy

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/moby/sys/capability"
)

// silentRules is silentMatches of the lists and bounds of rules. Where a field has one case only, without
// words, nothing that can be written there does something else than it reads: all that it takes are names
// of things that exist, each of which changes what the rule does.
func silentRules() map[string]map[string]string {
	return map[string]map[string]string{
		"annotations.allowed": {
			"annotations: {allowed: ['**']}":                     "covers every annotation: the rule checks nothing",
			"annotations: {allowed: ['*']}":                      "covers every annotation that an OCI runtime obeys: the rule checks nothing",
			"annotations: {allowed: ['{run.oci.*, bundle}']}":    "has spaces",
			"annotations: {allowed: ['run.oci.*', example.com]}": `"example.com" covers no annotation`,
			"annotations: {allowed: ['*.gvisor.x']}":             "",
		},
		"appArmorProfile.allowed": {
			"appArmorProfile: {allowed: [Unconfined, RuntimeDefault, 'Localhost/**']}": "has every profile: the rule checks nothing",
			"appArmorProfile: {allowed: ['Localhost/{a, b}']}":                         "has spaces",
			"appArmorProfile: {allowed: ['Localhost//usr/**.x']}":                      "here it is the same as *",
			"appArmorProfile: {allowed: [RuntimeDefault, 'Localhost/web-*']}":          "",
		},
		"appArmorProfile.apply": {
			"appArmorProfile: {allowed: [RuntimeDefault], apply: RuntimeDefault}": "has no effect without onViolation: adjust",
			"appArmorProfile: {apply: RuntimeDefault}":                            "",
		},
		"capabilities.drop": {
			"capabilities: {drop: [NET_RAW], allow: [CHOWN]}":                                              "drop[0]: NET_RAW has no effect: allow lists the only capabilities that are allowed (CHOWN)",
			"capabilities: {drop: [NET_RAW], allow: [CHOWN, NET_RAW]}":                                     "allow[1]: NET_RAW is not allowed: drop has it too, and counts more",
			"capabilities: {drop: [ALL], allow: [CHOWN]}":                                                  "",
			"capabilities: {drop: [ALL, NET_RAW]}":                                                         "",
			"capabilities: {onViolation: ignore, drop: [NET_RAW], allow: [CHOWN]}\n    hostNamespaces: {}": "",
		},
		"capabilities.allow": {
			"capabilities: {allow: [" + namesOfCapabilities() + "]}":  "allow: has every capability",
			"capabilities: {drop: [ALL, CHOWN], allow: [CHOWN]}":      "allow[0]: CHOWN is not allowed: drop has it too, and counts more",
			"capabilities: {allow: [NET_ADMIN], refuse: [NET_ADMIN]}": "allow[0]: NET_ADMIN is not allowed: refuse has it too, and counts more",
		},
		"capabilities.refuse": {
			"capabilities: {refuse: [CHOWN]}":                         "container runtimes give CHOWN to every container that does not drop it: those are all denied",
			"capabilities: {refuse: [ADDED], allow: [NET_ADMIN]}":     "",
			"capabilities: {drop: [ALL], refuse: [NET_ADMIN, ADDED]}": "",
		},
		"cgroupsPath.allowed": {
			"cgroupsPath: {allowed: [/]}":         "/ allows cgroups beside those of all pods",
			"cgroupsPath: {allowed: [/system/*]}": `"/system/*" is a pattern`,
		},
		"cgroupsPath.roots": {
			"cgroupsPath: {roots: ['/**']}":     `"/**" is a pattern`,
			"cgroupsPath: {roots: [/kubepods]}": "is the kubelet's kubepods",
		},
		"custom.validations": {
			"custom: {validations: [{name: a, expression: 'true', message: m}]}":                       "is always true: it checks nothing",
			"custom: {validations: [{name: a, expression: 'false', message: m}]}":                      "is never true: every container breaks the rule",
			"custom: {validations: [{name: a, expression: 'pod.name != \"x\" && 2 < 1', message: m}]}": "is never true",
		},
		"devices.allowed": {
			"devices: {allowed: [{path: '/dev/*'}]}":             "allows every device of its type",
			"devices: {allowed: [{path: '/dev/?*'}]}":            "allows every device of its type",
			"devices: {allowed: [{path: '/{dev,x}/**'}]}":        "allows every device of its type",
			"devices: {allowed: [{path: '/**/*'}]}":              "allows every device of its type",
			"devices: {allowed: [{path: '/dev/{../x,b}'}]}":      "matches no path in its shortest form",
			"devices: {allowed: [{path: '/dev/{a, b}'}]}":        "has spaces",
			"devices: {allowed: [{path: '/dev/**a', major: 1}]}": "here it is the same as *",
			"devices: {allowed: [{path: '/dev/nvidia*'}]}":       "",
			"devices: {allowed: [{path: '/dev/a', minor: 1}]}":   "needs major",
			"devices: {allowed: [{path: dev/a}]}":                "is not an absolute path",
		},
		"env.forbid": {
			"env: {forbid: ['*']}":                         "covers every variable, such as PATH",
			"env: {forbid: ['?*', '']}":                    "is not a pattern of names",
			"env: {forbid: ['*'], allow: [PATH]}":          "",
			"env: {onViolation: adjust, forbid: ['*']}":    "",
			"env: {forbid: [LD_A, 'X*'], allow: ['LD_*']}": `forbid[0]: "LD_A" has no effect: allow covers all such names`,
		},
		"env.allow": {
			"env: {forbid: ['LD_*'], allow: [PATH, LD_A]}": `allow[0]: "PATH" has no effect: forbid covers no such name`,
			"env: {forbid: ['LD_*'], allow: ['*']}":        "covers all that forbid covers: the rule checks nothing",
			"env: {forbid: ['LD_*'], allow: ['*_A']}":      "",
		},
		"hooks.allowed": {
			"hooks: {allowed: ['**/*']}":               "allows every program of the host",
			"hooks: {allowed: ['/**']}":                "allows every program of the host",
			"hooks: {allowed: ['{/a/**,**}']}":         "allows every program of the host",
			"hooks: {allowed: ['/opt/**.sh']}":         `here it is the same as * (write "/opt/**/*.sh")`,
			"hooks: {allowed: ['{/opt/a,opt/b}']}":     `"opt/b" is not an absolute path`,
			"hooks: {allowed: ['/opt/*', '/{a,b}/c']}": "",
		},
		"hostNamespaces.allow": {
			"hostNamespaces: {allow: [network, pid, ipc, uts]}": "has every namespace",
			"hostNamespaces: {allow: [network]}":                "",
		},
		"hostPaths.allowed": {
			"hostPaths: {allowed: [{path: /}]}":                                                 "/ allows reading and writing all files",
			"hostPaths: {allowed: [{path: /srv}, {path: /run/foo}], forbidden: [/var/run]}":     "allowed[1]: /run/foo allows nothing: forbidden has /var/run, which covers it",
			"hostPaths: {allowed: [{path: /var/run/docker.sock}], forbidden: [RuntimeSockets]}": "/var/run/docker.sock allows nothing: forbidden has RuntimeSockets",
			"hostPaths: {allowed: [{path: /srv/x}], forbidden: [/srv]}":                         "has /srv/x, which is forbidden by /srv",
			"hostPaths: {allowed: [{path: '/srv/*'}]}":                                          "is a pattern",
			"hostPaths: {allowed: [{path: '/srv/{a,b}'}]}":                                      "is a pattern",
			"hostPaths: {allowed: [{path: /srv}], forbidden: [/srv/x, RuntimeSockets]}":         "",
		},
		"hostPaths.forbidden": {
			"hostPaths: {forbidden: [/]}":              "/ forbids every path of the host",
			"hostPaths: {forbidden: ['/run/*.sock']}":  "is a pattern",
			"hostPaths: {forbidden: [RuntimeSockets]}": "",
		},
		"hostPorts.allowed": {
			"hostPorts: {allowed: [{min: 1, max: 65535}]}": "covers every port: the rule checks nothing",
			"hostPorts: {allowed: [{min: 1, max: 65534}]}": "",
		},
		"images.allowed": {
			"images: {allowed: ['**']}":                                              `"**" allows every image that has a name`,
			"images: {allowed: [redis, '*/**']}":                                     `allowed[1]: "*/**" allows every image that has a name`,
			"images: {allowed: ['a.io/x/**', 'b.io/**'], forbidden: ['a.io/**']}":    `allowed[0]: "a.io/x/**" allows nothing: forbidden has "a.io/**", which covers it`,
			"images: {allowed: ['a.io/**'], forbidden: ['a.io/x/**', 'quay.io/**']}": "",
			"images: {allowed: ['*-base']}":                                          "covers only images of docker.io/library",
		},
		"images.forbidden": {
			"images: {forbidden: ['**']}":                         `"**" forbids every image: each container is denied`,
			"images: {forbidden: [redis, '*/**']}":                `"*/**" forbids every image`,
			"images: {allowed: ['a.io/**'], forbidden: ['**/*']}": `"**/*" forbids every image`,
			"images: {forbidden: ['*:latest']}":                   `"*:latest" covers only images of docker.io/library (write "**/*:latest"`,
			"images: {forbidden: ['**:latest']}":                  "matches no image",
			"images: {forbidden: ['a.io/**:latest']}":             `write "a.io/**/*:latest"`,
			"images: {forbidden: ['A.io/**']}":                    "is another spelling",
		},
		"intelRdt.allowed": {
			"intelRdt: {allowed: ['*']}":     "allows every class",
			"intelRdt: {allowed: ['?*']}":    "allows every class",
			"intelRdt: {allowed: ['a/b']}":   `"a/b" matches no class`,
			"intelRdt: {allowed: [a, 'b*']}": "",
		},
		"mountOptions.require": {
			"mountOptions: {require: [{paths: [/], options: [ro]}]}":                "/ matches nothing: the rule never applies to the root filesystem",
			"mountOptions: {require: [{paths: [/dev], options: [ro]}]}":             "/dev selects nothing",
			"mountOptions: {require: [{paths: ['/{a,b/../c}'], options: [ro]}]}":    "matches nothing",
			"mountOptions: {require: [{paths: ['/data/**.d'], options: [ro]}]}":     "here it is the same as *",
			"mountOptions: {require: [{paths: ['/data/**', '/a'], options: [ro]}]}": "",
		},
		"netDevices.allowed": {
			"netDevices: {allowed: ['?*']}":                "covers every device: the rule checks nothing",
			"netDevices: {allowed: ['*']}":                 "covers every device",
			"netDevices: {allowed: ['[a-z]*', '[!a-z]*']}": "covers every device",
			"netDevices: {allowed: [averyverylongname]}":   `"averyverylongname" matches no network device`,
			"netDevices: {allowed: ['{eth0,a:b}']}":        `"a:b" matches no network device`,
			"netDevices: {allowed: ['enp*s0v*']}":          "",
		},
		"oomScoreAdj.min": {
			"oomScoreAdj: {min: -1000}": "-1000 is the lowest score that there is",
			"oomScoreAdj: {min: -999}":  "",
			"oomScoreAdj: {}":           "",
		},
		"procMount.maskedPaths": {
			"procMount: {maskedPaths: ['/proc/*']}": "is a pattern",
			"procMount: {maskedPaths: [/]}":         "/ cannot be used",
		},
		"procMount.readonlyPaths": {
			"procMount: {readonlyPaths: ['/proc/{a,b}']}": "is a pattern",
			"procMount: {readonlyPaths: [/proc/$x]}":      "has a variable",
		},
		"readOnlyRootFilesystem.writablePaths": {
			"readOnlyRootFilesystem: {writablePaths: [/tmp]}":                              "has no effect without onViolation: adjust",
			"readOnlyRootFilesystem: {onViolation: adjust, writablePaths: ['/tmp/*']}":     "is a pattern",
			"readOnlyRootFilesystem: {onViolation: adjust, writablePaths: [/home/$USER]}":  "has a variable",
			"readOnlyRootFilesystem: {onViolation: adjust, writablePaths: ['/home/${U}']}": "has a variable",
		},
		"readOnlyRootFilesystem.writableSize": {
			"readOnlyRootFilesystem: {writableSize: 1Mi}":                                              "has no effect without onViolation: adjust",
			"readOnlyRootFilesystem: {onViolation: adjust, writableSize: 1Mi}":                         "has no effect without writablePaths",
			"readOnlyRootFilesystem: {onViolation: adjust, writablePaths: [/tmp], writableSize: 64}":   "64 is less than a file needs (write a unit, such as Mi)",
			"readOnlyRootFilesystem: {onViolation: adjust, writablePaths: [/tmp], writableSize: 64Mi}": "",
		},
		"resources.memory.default": {
			"resources: {onViolation: adjust, memory: {default: 256}}":   "no container can run with 256 bytes",
			"resources: {memory: {default: 256Mi}}":                      "default needs onViolation: adjust",
			"resources: {onViolation: adjust, memory: {default: 256Mi}}": "",
		},
		"resources.memory.max": {
			"resources: {memory: {max: 512}}":                 "no container can run with 512 bytes (write a unit, such as Mi)",
			"resources: {memory: {max: 5000000000000000000}}": "is more than any node has: the rule only denies a container without a limit",
			"resources: {memory: {max: 1Gi}}":                 "",
		},
		"resources.cpu.default": {"resources: {onViolation: adjust, cpu: {default: 2, max: 1}}": "is above max"},
		"resources.cpu.max": {
			"resources: {cpu: {max: 100000}}": "is more than any node has",
			"resources: {cpu: {max: 64}}":     "",
		},
		"resources.pids.default": {"resources: {onViolation: adjust, pids: {default: 4194305}}": "from 1 to 4194304"},
		"resources.pids.max": {
			"resources: {pids: {max: 2147483647}}":          "from 1 to 4194304",
			"resources: {pids: {max: 9223372036854775807}}": "from 1 to 4194304",
			"resources: {pids: {max: 4194304}}":             "is more than any node has",
			"resources: {pids: {max: 1024}}":                "",
		},
		"resources.swap.max": {
			"resources: {swap: {max: 5000000000000000000}}": "is more than any node has",
			"resources: {swap: {max: 512}}":                 "is less than one page",
			"resources: {swap: {max: 0}}":                   "",
		},
		"resources.hugepages.max": {
			"resources: {hugepages: {max: 9223372036854775807}}": "is more than any node has",
			"resources: {hugepages: {max: 2}}":                   "is less than one page",
			"resources: {hugepages: {max: 2Mi}}":                 "",
		},
		"rlimits.limits": {
			"rlimits: {limits: [{type: RLIMIT_NOFILE, max: 18446744073709551614}]}": "only unlimited breaks the rule",
			"rlimits: {limits: [{type: RLIMIT_NOFILE, max: 18446744073709551615}]}": "is not a limit",
			"rlimits: {limits: [{type: RLIMIT_NICE, max: 40}]}":                     "only unlimited breaks the rule",
			"rlimits: {limits: [{type: RLIMIT_RTPRIO, max: 98}]}":                   "",
			"rlimits: {limits: [{type: RLIMIT_NOFILE}]}":                            "needs max, default or required",
		},
		"runAsNonRoot.runAsUser":  {"runAsNonRoot: {runAsUser: 1000}": "runAsUser: has no effect without onViolation: adjust"},
		"runAsNonRoot.runAsGroup": {"runAsNonRoot: {runAsGroup: 1000}": "runAsGroup: has no effect without onViolation: adjust"},
		"runAsNonRoot.allowedUsers": {
			"runAsNonRoot: {allowedUsers: [{min: 1, max: 4294967295}]}":                    "allows every user but root",
			"runAsNonRoot: {allowedUsers: [{min: 10, max: 4294967294}, {min: 1, max: 9}]}": "allows every user but root",
			"runAsNonRoot: {allowedUsers: [{min: 4294967295, max: 4294967295}]}":           "allows no user: 4294967295 counts as root",
			"runAsNonRoot: {allowedUsers: [{min: 2, max: 4294967294}]}":                    "",
		},
		"runAsNonRoot.namespaceUsers": {
			"runAsNonRoot: {namespaceUsers: [{namespaces: [Team-B], min: 1, max: 9}]}":                                                 `"Team-B" matches no namespace`,
			"runAsNonRoot: {namespaceUsers: [{namespaces: ['{team-a, team-b}'], min: 1, max: 9}]}":                                     "has spaces",
			"runAsNonRoot: {namespaceUsers: [{namespaces: ['team-*'], min: 1, max: 9}, {namespaces: [team-b], min: 10, max: 19}]}":     `namespaceUsers[1].namespaces[0]: "team-b" has no effect: entries before it cover all such namespaces`,
			"runAsNonRoot: {namespaceUsers: [{namespaces: ['team-?*'], min: 1, max: 9}, {namespaces: ['team-b*'], min: 10, max: 19}]}": `"team-b*" has no effect: entries before it`,
			"runAsNonRoot: {namespaceUsers: [{namespaces: [team-b], min: 10, max: 19}, {namespaces: ['team-*'], min: 1, max: 9}]}":     "",
			"runAsNonRoot: {namespaceUsers: [{namespaces: [a, x-b], min: 10, max: 19}]}":                                               `namespaceUsers[0].namespaces[1]: "x-b" has no effect: the policy matches no such namespace`,
		},
		"runAsNonRoot.allowedGroups": {
			"runAsNonRoot: {allowedGroups: [{min: 0, max: 4294967295}]}":               "allows every group",
			"runAsNonRoot: {forbidRootGroup: true, allowedGroups: [{min: 0, max: 0}]}": "leaves no group",
			"runAsNonRoot: {allowedGroups: [{min: 0, max: 0}]}":                        "",
		},
		"runAsNonRoot.allowedSupplementalGroups": {
			"runAsNonRoot: {allowedSupplementalGroups: [{min: 0, max: 4294967294}]}": "allows every group",
			"runAsNonRoot: {allowedSupplementalGroups: [{min: 1, max: 4294967294}]}": "",
		},
		"runAsNonRoot.home": {
			"runAsNonRoot: {home: /tmp}":                          "needs onViolation: adjust",
			"runAsNonRoot: {onViolation: adjust, home: /home/$U}": "has a variable",
		},
		"runtimeHandlers.allowed": {
			"runtimeHandlers: {allowed: ['?*', '']}":    "covers every handler: the rule checks nothing",
			"runtimeHandlers: {allowed: [gVisor]}":      `"gVisor" matches no runtime handler`,
			"runtimeHandlers: {allowed: ['{kata,b_}']}": `"b_" matches no runtime handler`,
		},
		"scheduler.allowedPolicies": {
			"scheduler: {allowedPolicies: [SCHED_OTHER, SCHED_BATCH, SCHED_IDLE, SCHED_FIFO, SCHED_RR, SCHED_DEADLINE], allowedIOClasses: [IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE], minNice: -20}": "the rule checks nothing",
		},
		"scheduler.allowedIOClasses": {"scheduler: {allowedIOClasses: [IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE]}": ""},
		"scheduler.minNice":          {"scheduler: {minNice: -20}": "", "scheduler: {minNice: -21}": "is not a nice value"},
		"seLinuxOptions.allowedUsers": {
			"seLinuxOptions: {allowedUsers: ['*']}":   "allowedUsers: allows every user",
			"seLinuxOptions: {allowedUsers: ['a:b']}": `"a:b" matches no user`,
		},
		"seLinuxOptions.allowedRoles": {"seLinuxOptions: {allowedRoles: ['?*', '']}": "allows every role"},
		"seLinuxOptions.allowedTypes": {
			"seLinuxOptions: {allowedTypes: ['system_u:system_r:container_t:s0']}": `allowedTypes[0]: "system_u:system_r:container_t:s0" matches no type`,
			"seLinuxOptions: {allowedTypes: ['{container_t, spc_t}']}":             "has spaces",
			"seLinuxOptions: {allowedTypes: ['', 'container_*']}":                  "",
		},
		"seLinuxOptions.allowedLevels": {
			"seLinuxOptions: {allowedLevels: ['*']}":                "allows every level",
			"seLinuxOptions: {allowedLevels: ['s0:*', 's0:c1,c2']}": "",
		},
		"seLinuxOptions.user":  {"seLinuxOptions: {allowedUsers: ['a*'], user: a_u}": "user: has no effect without onViolation: adjust"},
		"seLinuxOptions.role":  {"seLinuxOptions: {allowedRoles: ['a*'], role: a_r}": "role: has no effect without onViolation: adjust"},
		"seLinuxOptions.type":  {"seLinuxOptions: {allowedTypes: ['a*'], type: a_t}": "type: has no effect without onViolation: adjust", "seLinuxOptions: {type: a_t}": ""},
		"seLinuxOptions.level": {"seLinuxOptions: {allowedLevels: ['s0*'], level: s0}": "level: has no effect without onViolation: adjust"},
		"seccompProfile.allowed": {
			"seccompProfile: {allowed: [Unconfined, RuntimeDefault]}": "has Unconfined, and block is empty: the rule checks nothing",
			"seccompProfile: {allowed: ['Localhost/{a, b}.json']}":    "has spaces",
			"seccompProfile: {allowed: ['Localhost/**.json']}":        `(write "Localhost/**/*.json")`,
			"seccompProfile: {allowed: ['Localhost/**/*.json']}":      "",
		},
		"seccompProfile.apply":                {"seccompProfile: {apply: RuntimeDefault}": "has no effect without onViolation: adjust"},
		"seccompProfile.block.socketFamilies": {"seccompProfile: {block: {socketFamilies: [AF_ALG]}}": ""},
		"seccompProfile.block.syscalls":       {"seccompProfile: {block: {syscalls: [bpf]}}": "", "seccompProfile: {block: {syscalls: ['b*']}}": "unknown system call"},
		"sysctls.allowed": {
			"sysctls: {allowed: ['*']}":          "is not a sysctl",
			"sysctls: {allowed: ['net.*.tcp']}":  "is not a sysctl",
			"sysctls: {allowed: ['net.ipv4.*']}": "",
		},
		"tokens.volumes": {
			"tokens: {volumes: ['My*']}":    `"My*" matches no volume`,
			"tokens: {volumes: ['{a, b}']}": "has spaces",
			"tokens: {volumes: ['*']}":      "",
		},
		"volumeTypes.allowed": {"volumeTypes: {allowed: [" + joined(volumeTypes()) + "]}": "has every type: the rule checks nothing", "volumeTypes: {allowed: []}": ""},
	}
}

// namesOfCapabilities lists all capabilities.
func namesOfCapabilities() string {
	var names []string
	for _, k := range capability.ListKnown() {
		names = append(names, k.String())
	}
	return strings.Join(names, ", ")
}

func TestSilentRules(t *testing.T) {
	for _, cases := range silentRules() {
		for rule, words := range cases {
			expectSaid(t, rule, words, forSome("a", "{namespaces: ['team-*', a]}", rule))
		}
	}
	var want []string
	for _, k := range kinds() {
		want = append(want, bounds(reflect.TypeOf(k.make()).Elem(), k.name)...)
	}
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(silentRules())); !slices.Equal(got, want) {
		t.Errorf("cases of\n%s\nfields are\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// bounds are the paths of the lists, numbers and texts of a rule: all but its switches and its words, of
// which each says another thing.
func bounds(typ reflect.Type, path string) []string {
	var out []string
	for i := range typ.NumField() {
		f := typ.Field(i)
		key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		kind := f.Type.Kind()
		switch {
		case key == "" || key == "-" || kind == reflect.Bool:
		case slices.Contains([]string{"cgroupDriver", "remove", "version"}, key):
		case kind == reflect.Struct:
			out = append(out, bounds(f.Type, path+"."+key)...)
		default:
			out = append(out, path+"."+key)
		}
	}
	return out
}
