package policytest

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// good is a container that is adjusted in all ways.
const good = `, args: [` + secret + `], env: [{name: LD_PRELOAD, value: ` + secret + `}, ` +
	`{name: TOKEN, value: ` + secret + `}], ports: [{containerPort: 80, hostPort: 80}]`

// TestPasses has all kinds of expectations that hold.
func TestPasses(t *testing.T) {
	g := "pod: " + pod(good)
	for name, c := range map[string]struct{ given, expect string }{
		"outcome":        {g, "outcome: adjusted"},
		"policies":       {g, "outcome: adjusted, policies: [watch, tenants]"},
		"no policies":    {g + ", namespace: other", "outcome: allowed, policies: []"},
		"labels":         {g + ", podLabels: {a: b}, runtimeHandler: kata", "outcome: adjusted"},
		"nothing denied": {g, "outcome: adjusted, violations: [], excepted: []"},
		"denied": {
			"pod: {metadata: {namespace: team-a}, spec: {hostPID: true, containers: [{name: app, image: web}]}}",
			`outcome: denied, changes: [], message: "specguard: denied by *hostNamespaces: *", ` +
				`violations: [{policy: tenants, rule: hostNamespaces, found: "*pid*"}]`,
		},
		"audit": {
			g,
			`outcome: adjusted, audit: [{rule: hostPorts, found: "host ports 80 *", allowed: none}, {policy: watch}]`,
		},
		"one for several": {g, "outcome: adjusted, audit: [{policy: w*}]"},
		"changes": {
			g,
			`outcome: adjusted, changes: [{rule: env, change: "*LD_PRELOAD"}, {rule: capabilities}, {rule: runAsNonRoot}]`,
		},
		"no warnings": {g, "outcome: adjusted, warnings: []"},
		"warnings": {
			"pod: " + pod(", securityContext: {runAsUser: 0}"),
			"outcome: adjusted, warnings: [{kind: changedUser, policy: tenants, rule: runAsNonRoot, text: 'changes uid 0, *'}, {kind: unreadableToken}]",
		},
		"warnings if enforced": {
			"pod: " + pod(""),
			"outcome: adjusted, ifEnforced: {outcome: adjusted, warnings: [{kind: noWritablePath, policy: watch}]}",
		},
		"if enforced": {
			g,
			"outcome: adjusted, ifEnforced: {outcome: denied, violations: [{rule: hostPorts}], changes: []}",
		},
		"adjusted if enforced": {
			"pod: " + pod(""),
			"outcome: adjusted, ifEnforced: {outcome: adjusted, spec: {root: {readonly: true}}}, " +
				"spec: {root: {readonly: false}}",
		},
		"a value": {g, "outcome: adjusted, spec: {process: {user: {uid: 65532}}}"},
		"a value that is left": {
			g,
			"outcome: adjusted, spec: {process: {noNewPrivileges: false, terminal: null, ioPriority: ~}, hooks: {}, " +
				"hostname: ''}",
		},
		"a list in any order": {
			g,
			"outcome: adjusted, spec: {mounts: [{destination: /dev, options: [strictatime, nosuid, size=65536k, mode=755]}]}",
		},
		"a list in any spelling": {
			g,
			"outcome: adjusted, spec: {process: {capabilities: {bounding: [CAP_CHOWN], inheritable: [], ambient: null}}}",
		},
		"members of a list": {
			g,
			"outcome: adjusted, spec: {linux: {namespaces: [{type: pid}, {type: mount}]}, mounts: [{destination: /proc}, " +
				"{type: sysfs}]}",
		},
		"variables": {g, "outcome: adjusted, spec: {process: {args: [" + secret + "]}}"},
		"patch of a value": {
			"patch: {process: {user: {uid: 7, gid: 7, additionalGids: null}, capabilities: {bounding: null, " +
				"effective: null, permitted: null}}}, pod: " + pod(""),
			"outcome: allowed, spec: {process: {user: {uid: 7}}}",
		},
		"patch of a list": {
			"patch: {process: {user: {uid: 7, gid: 7, additionalGids: []}, capabilities: {bounding: [CAP_CHOWN], " +
				"effective: [CAP_CHOWN], permitted: [CAP_CHOWN]}}}, pod: " + pod(""),
			"outcome: allowed",
		},
		"patch of a map": {
			"patch: {annotations: {io.kubernetes.cri.container-name: null, x: y}}, pod: " + pod(""),
			"outcome: adjusted, spec: {annotations: {x: y, io.kubernetes.cri.container-name: null, " +
				"io.kubernetes.cri.sandbox-name: web-0}}",
		},
		"container": {
			"container: b, pod: {metadata: {namespace: team-a}, spec: {initContainers: [{name: a, image: a}], " +
				"containers: [{name: b, image: b}]}}",
			"outcome: adjusted",
		},
		"a workload": {
			"pod: {apiVersion: batch/v1, kind: Job, metadata: {namespace: team-a}, " +
				"spec: {template: {spec: {containers: [{name: b, image: b}]}}}}",
			"outcome: adjusted",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := differences(t, c.given, c.expect); got != nil {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestExceptionsHoldUntil their end, whenever the test is run.
func TestExceptionsHoldUntil(t *testing.T) {
	g := "pod: {metadata: {namespace: team-a}, spec: {hostPID: true, containers: [{name: app, image: web}]}}"
	excused := "outcome: adjusted, violations: [], " +
		"excepted: [{exception: legacy, policy: tenants, rule: hostNamespaces, found: '*pid*'}]"
	denied := "outcome: denied, violations: [{rule: hostNamespaces}], excepted: []"
	for given, expect := range map[string]string{
		g:                         denied,
		g + ", image: 'legacy:1'": excused,
		g + ", image: 'legacy:1', at: '2019-12-01T23:59:59Z'": excused,
		g + ", image: 'legacy:1', at: 2019-12-02":             denied,
	} {
		if got := differences(t, given, expect); got != nil {
			t.Errorf("%s: %+v", given, got)
		}
	}
}

// TestFails has expectations that do not hold, each alone.
func TestFails(t *testing.T) {
	g := "pod: " + pod(good)
	denied := "pod: {metadata: {namespace: team-a}, spec: {hostPID: true, " +
		"containers: [{name: app, image: web, env: [{name: A, value: " + secret + "}]}]}}"
	for name, c := range map[string]struct {
		given, expect string
		want          []string
	}{
		"outcome":     {g, "outcome: denied", []string{"outcome|denied|adjusted"}},
		"policies":    {g, "outcome: adjusted, policies: [tenants]", []string{"policies|tenants|tenants, watch"}},
		"no policies": {g, "outcome: adjusted, policies: []", []string{"policies|none|tenants, watch"}},
		"message": {
			denied,
			"outcome: denied, message: 'denied*'",
			[]string{`message|denied*|specguard: denied by policy "tenants": hostNamespaces: `},
		},
		"denied": {denied, "outcome: denied, violations: []", []string{"violations||tenants: hostNamespaces: "}},
		"not denied": {
			denied,
			"outcome: denied, violations: [{rule: env}, {rule: hostNamespaces}]",
			[]string{`violations|{rule: "env"}|`},
		},
		"another": {
			denied,
			"outcome: denied, violations: [{policy: tenants, found: x, allowed: y}]",
			[]string{`violations|{policy: "tenants", found: "x", allowed: "y"}|`, "violations||tenants: hostNamespaces: "},
		},
		"spec of denied": {
			denied,
			"outcome: adjusted, spec: {root: {readonly: true}}",
			[]string{"outcome|adjusted|denied"},
		},
		"audit": {
			g,
			"outcome: adjusted, audit: [{rule: hostPorts}]",
			[]string{"audit||watch: readOnlyRootFilesystem: "},
		},
		"excepted": {
			g,
			"outcome: adjusted, excepted: [{exception: legacy}]",
			[]string{`excepted|{exception: "legacy"}|`},
		},
		"changes": {
			g,
			"outcome: adjusted, changes: [{rule: env, change: x}, {rule: capabilities}, {rule: runAsNonRoot}]",
			[]string{`changes|{rule: "env", change: "x"}|`, "changes||tenants: env: removed environment variables LD_PRELOAD"},
		},
		"none in audit mode": {
			"namespace: other, pod: " + pod(""),
			"outcome: allowed, ifEnforced: {outcome: allowed}",
			[]string{"ifEnforced|a policy in mode audit matches|none matches"},
		},
		"if enforced": {
			g,
			"outcome: adjusted, ifEnforced: {outcome: allowed, audit: [], violations: [{rule: hostPorts}]}",
			[]string{"ifEnforced.outcome|allowed|denied"},
		},
		"value": {
			g,
			"outcome: adjusted, spec: {process: {user: {uid: 1}, noNewPrivileges: true}}",
			[]string{"spec.process.noNewPrivileges|true|nothing", "spec.process.user.uid|1|65532"},
		},
		"gone": {
			g,
			"outcome: adjusted, spec: {process: {cwd: null, capabilities: null}}",
			[]string{`spec.process.capabilities|nothing|{"bounding":["CAP_CHOWN"]`, `spec.process.cwd|nothing|"/"`},
		},
		"list": {
			g,
			"outcome: adjusted, spec: {process: {capabilities: {bounding: [CAP_CHOWN, CAP_KILL]}}}",
			[]string{`spec.process.capabilities.bounding|["CAP_CHOWN","CAP_KILL"]|["CAP_CHOWN"]`},
		},
		"empty list": {
			g,
			"outcome: adjusted, spec: {process: {capabilities: {bounding: []}}}",
			[]string{`spec.process.capabilities.bounding|[]|["CAP_CHOWN"]`},
		},
		"member of a list": {
			g,
			"outcome: adjusted, spec: {mounts: [{destination: /proc, type: x}, {destination: /none, type: y}]}",
			[]string{`spec.mounts[/proc].type|"x"|"proc"`, `spec.mounts|{"destination":"/none","type":"y"}|nothing`},
		},
		"object": {
			g,
			"outcome: adjusted, spec: {linux: {seccomp: {defaultAction: x}}}",
			[]string{`spec.linux.seccomp|{"defaultAction":"x"}|nothing`},
		},
		"variables": {
			g,
			"outcome: adjusted, spec: {process: {env: [TOKEN=" + secret + "], args: [x, " + secret + "]}}",
			[]string{"spec.process.args|(not shown)|(not shown)", "spec.process.env|(not shown)|(not shown)"},
		},
		"no variables": {
			g,
			"outcome: adjusted, spec: {process: {env: []}}",
			[]string{"spec.process.env|(not shown)|(not shown)"},
		},
		"no process": {
			g,
			"outcome: adjusted, spec: {process: null}",
			[]string{`spec.process|nothing|{"apparmorProfile":"cri-containerd.apparmor.d","args":"(not shown)",`},
		},
		"mount options": {
			g,
			"outcome: adjusted, spec: {mounts: [{destination: /none, options: [ro, password=" + secret + "]}]}",
			[]string{`spec.mounts|{"destination":"/none","options":["ro","password=(not shown)"]}|nothing`},
		},
		"hooks": {
			g,
			"outcome: adjusted, spec: {hooks: {poststart: [{path: /x, env: [A=" + secret + "]}]}}",
			[]string{`spec.hooks|{"poststart":[{"env":"(not shown)","path":"/x"}]}|nothing`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, d := range differences(t, c.given, c.expect) {
				got = append(got, fmt.Sprintf("%s|%s|%s", d.What, d.Expected, d.Got))
			}
			if !slices.EqualFunc(got, c.want, strings.HasPrefix) || strings.Contains(strings.Join(got, "\n"), secret) {
				t.Errorf("%q\nwant %q", got, c.want)
			}
		})
	}
}

// TestRunFiles reads what specguard check reads.
func TestRunFiles(t *testing.T) {
	dir := folderOf(t, map[string]string{
		"policies/p.yaml": policies,
		"web.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {namespace: team-a}\n" +
			"spec: {containers: [{name: app, image: web}]}\n",
		"config.json": `{"ociVersion":"1.2.1","process":{"cwd":"/","user":{"uid":0}},` +
			`"annotations":{"io.kubernetes.cri.sandbox-namespace":"team-a"}}`,
		"tests/a_test.yaml": strings.Replace(suiteText(
			caseText("a manifest", "file: ../web.yaml", "outcome: adjusted"),
			caseText("a config.json", "file: ../config.json", "outcome: denied"),
		), "[policies]", "[../policies/p.yaml]", 1),
	})
	f := Run(filepath.Join(dir, "tests/a_test.yaml"), nil)
	if f.Err != nil || len(f.Results) != 2 || f.Failed() != 0 {
		t.Errorf("%+v", f)
	}
}

// TestRunOnly: a file may have several documents, and names select cases.
func TestRunOnly(t *testing.T) {
	one := suiteText(caseText("first", "pod: "+pod(""), "outcome: adjusted"),
		caseText("second", "pod: "+pod(""), "outcome: denied"))
	dir := folderOf(t, map[string]string{
		"policies/p.yaml": policies,
		"a_test.yaml":     one + "---\n" + strings.Replace(one, "name: s", "name: other", 1) + "---\n",
	})
	for expression, want := range map[string]string{
		"":         "s/first:8 s/second:11! other/first:22 other/second:25!",
		"first":    "s/first:8 other/first:22",
		"^other/s": "other/second:25!",
		"none":     "",
	} {
		f := Run(filepath.Join(dir, "a_test.yaml"), regexp.MustCompile(expression))
		var got []string
		for _, r := range f.Results {
			text := fmt.Sprintf("%s/%s:%d", r.Suite, r.Case, r.Line)
			if !r.Passed() {
				text += "!"
			}
			got = append(got, text)
		}
		if strings.Join(got, " ") != want || f.Err != nil {
			t.Errorf("%s: %q, error %v", expression, got, f.Err)
		}
	}
}

func TestPattern(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"a", "a", true}, {"a", "ab", false}, {"*", "", true}, {"*", "a/b\n", true},
		{"a*", "abc", true}, {"a*", "ba", false}, {"*c", "abc", true}, {"*c", "abcd", false},
		{"a*c", "abc", true}, {"a*c", "ac", true},
		{"a*a", "a", false}, {"a*b*c", "a-b-c", true}, {"a*b*c", "a-c-b", false}, {"a**c", "abc", true},
		{"*b*", "abc", true}, {"*b*b*", "abc", false},
		{"[a]?", "[a]?", true}, {"[a]", "a", false}, {"a*bc", "abcbc", true}, {"x (allowed: **)", "x (allowed: **)", true},
	} {
		if got := pattern(c.pattern).matches(c.text); got != c.want {
			t.Errorf("%q matches %q: %v", c.pattern, c.text, got)
		}
	}
}
