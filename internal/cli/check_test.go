package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/specguard/specguard/policy"
)

// secret must not be printed.
const secret = "not-to-be-shown"

// configJSON is an OCI config.json with those capabilities, in JSON, and those
// annotations.
func configJSON(capabilities, annotations string) string {
	return fmt.Sprintf(`{"ociVersion":"1.2.1","process":{"args":["sh","-c",%q],"env":["TOKEN=%[1]s"],"cwd":"/","noNewPrivileges":true,`+
		`"user":{"uid":1,"gid":1},"capabilities":{"bounding":%s}},"root":{"path":"rootfs"},"annotations":{%s},`+
		`"linux":{"namespaces":[{"type":"pid"},{"type":"ipc"},{"type":"network"}]}}`, secret, capabilities, annotations)
}

const (
	caps     = `["CAP_CHOWN","CAP_NET_ADMIN"]`
	noCaps   = `[]`
	inAPod   = `"io.kubernetes.cri.sandbox-name":"web-0","io.kubernetes.cri.sandbox-namespace":"team-a","io.kubernetes.cri.container-name":"app","io.kubernetes.cri.image-name":"docker.io/a"`
	inCRIO   = `"io.kubernetes.cri-o.SandboxID":"5d1c","io.kubernetes.pod.name":"web-0","io.kubernetes.pod.namespace":"team-a","io.kubernetes.container.name":"app","io.kubernetes.cri-o.ImageName":"docker.io/a"`
	inspect1 = `{"status":{"metadata":{"name":"app"},"labels":{"io.kubernetes.pod.name":"web-0","io.kubernetes.pod.namespace":"team-a","io.kubernetes.container.name":"app"},` +
		`"image":{"image":"docker.io/a"}},"info":{"sandboxID":"5d1c","runtimeSpec":%s}}`
)

func TestCheck(t *testing.T) {
	strip := policyFile(t, "capabilities: {onViolation: adjust, drop: [NET_ADMIN]}")
	refuse := policyFile(t, "capabilities: {drop: [NET_ADMIN]}")
	audit := policyFile(t, "capabilities: {onViolation: audit, drop: [NET_ADMIN]}")
	teamA := file(t, "p.yaml", strings.Replace(policyText("capabilities: {drop: [NET_ADMIN]}"), notKubeSystem, "match: {namespaces: [team-a], containers: [app], images: [\"docker.io/*\"]}", 1))
	bad, good := file(t, "bad.json", configJSON(caps, inAPod)), file(t, "good.json", configJSON(noCaps, inAPod))
	crio := file(t, "crio.json", configJSON(caps, inCRIO))
	bare := file(t, "bare.json", configJSON(caps, ""))
	inspected := file(t, "inspect.json", fmt.Sprintf(inspect1, configJSON(caps, "")))
	const finding = "capabilities: NET_ADMIN not allowed (allowed: all but NET_ADMIN)\n"
	const said = "capabilities: NET_ADMIN not allowed (allowed: all but NET_ADMIN). In the pod: remove NET_ADMIN from securityContext.capabilities.add\n"
	const unseen = "  not seen: pod labels, runtime handler\n"
	const allowed = ": allowed (policies: p)\n" + unseen
	both := policyFile(t, "capabilities: {onViolation: adjust, drop: [NET_ADMIN]}", "readOnlyRootFilesystem: {}")
	const adjusted = ": adjusted (policies: p)\n  adjusted by p: capabilities: dropped NET_ADMIN\n" +
		"  warning, p: capabilities: takes away NET_ADMIN, which the pod adds: what needs it fails with \"operation not permitted\"\n" +
		"  - process.capabilities.bounding: CAP_NET_ADMIN\n" + unseen
	const denied = ": denied (policies: p)\n  denied by p: " + finding + `  the user sees: specguard: denied by policy "p": ` + said + unseen
	for name, c := range map[string]struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		"allowed":  {args: []string{strip, good}, stdout: good + allowed},
		"adjusted": {args: []string{strip, bad}, stdout: bad + adjusted},
		"denied":   {args: []string{refuse, bad}, code: 2, stdout: bad + denied},
		"denied in part": {args: []string{both, "--output", "json", bad}, code: 2, stdout: `{"file":"` + bad + `","namespace":"team-a","pod":"web-0","container":"app",` +
			`"outcome":"denied","message":"specguard: denied by policy \"p\": readOnlyRootFilesystem: root filesystem is writable. In the pod: set securityContext.readOnlyRootFilesystem: true","policies":["p"],` +
			`"violations":[{"policy":"p","rule":"readOnlyRootFilesystem","found":"root filesystem is writable","fix":"set securityContext.readOnlyRootFilesystem: true"}],"unknown":["podLabels","runtimeHandler"]}` + "\n"},
		"audit":          {args: []string{audit, bad}, stdout: bad + ": allowed (policies: p)\n  audit, p: " + finding + unseen},
		"CRI-O's":        {args: []string{teamA, crio}, code: 2, stdout: crio + denied},
		"inspected":      {args: []string{teamA, inspected}, code: 2, stdout: inspected + denied},
		"no match":       {args: []string{teamA, bare}, stdout: bare + ": not judged: no policy matches\n  not seen: namespace, pod labels, runtime handler, image\n"},
		"namespace":      {args: []string{refuse, "--namespace", "kube-system", bare}, stdout: bare + ": not judged: no policy matches\n  policy p covers every namespace but kube-system\n  not seen: pod labels, runtime handler, image\n"},
		"labels":         {args: []string{strip, "--pod-labels", "a=b,c=d", "--runtime-handler", "", good}, stdout: good + ": allowed (policies: p)\n"},
		"worst of all":   {args: []string{refuse, good, bad, good}, code: 2, stdout: good + allowed + bad + denied + "2 containers: 1 allowed, 0 adjusted, 1 denied, 0 not judged\n"},
		"no such file":   {args: []string{refuse, "/no/such", bad}, code: 2, stdout: bad + denied, stderr: "/no/such: no such file or directory\n"},
		"no such policy": {args: []string{"/no/such", bad}, code: 1, stderr: "/no/such: no such file or directory\n"},
		"stdin twice":    {args: []string{"-", "-"}, code: 1, stderr: "standard input cannot be both policies and containers\n"},
		"color":          {args: []string{refuse, "--color", "yes", bad}, code: 1, stderr: "color \"yes\" is not one of auto, always, never\n"},
		"output":         {args: []string{refuse, "--output", "xml", bad}, code: 1, stderr: "output \"xml\" is not one of text, json, sarif, junit, github\n"},
	} {
		t.Run(name, func(t *testing.T) {
			specguard(t, append([]string{"check", "--policy-dir"}, c.args...)...).expect(t, c.code, c.stdout, c.stderr)
		})
	}
}

// TestCheckFaultyInput: one line for each, and the rest is judged.
func TestCheckFaultyInput(t *testing.T) {
	p := policyFile(t, "capabilities: {drop: [NET_ADMIN]}")
	bad, pod := file(t, "bad.json", "{}"), file(t, "pod.yaml", "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a}]}\n")
	r := specguard(t, "check", "--policy-dir", p, bad, pod, file(t, "good.json", configJSON(noCaps, inAPod)))
	if r.code != 1 || !strings.Contains(r.stdout, "good.json: allowed") {
		t.Errorf("%+v", r)
	}
	lines(t, r.stderr, bad+": neither an OCI config.json", pod+":3:21: spec.containers[0]: ")
}

func TestCheckInvalidPolicy(t *testing.T) {
	p := policyFile(t, "capabilities: {drop: [NO]}")
	r := specguard(t, "check", "--policy-dir", p, file(t, "c.json", configJSON(caps, "")))
	r.expect(t, 1, "", p+":6:27: spec.rules.capabilities.drop[0]: unknown capability \"NO\" (see capabilities(7))\n")
}

// TestCheckWithoutPolicies judges as the agent would: by the baseline.
func TestCheckWithoutPolicies(t *testing.T) {
	f := file(t, "c.json", configJSON(caps, inAPod))
	for _, args := range [][]string{{"--policy-dir", t.TempDir()}, {}} {
		r := specguard(t, append([]string{"check", f}, args...)...)
		if r.code != 0 || !strings.HasPrefix(r.stdout, f+": allowed (policies: builtin-baseline)\n") ||
			!strings.Contains(r.stdout, "\n  audit, builtin-baseline: capabilities: NET_ADMIN not allowed") ||
			!strings.Contains(r.stdout, "\n  if enforced: denied") || !strings.Contains(r.stderr, ": there are no policies: judged by the built-in policy") {
			t.Errorf("%v: %+v", args, r)
		}
	}
}

func TestCheckJSON(t *testing.T) {
	p := policyFile(t, "capabilities: {onViolation: adjust, drop: [NET_ADMIN]}", "hostPorts: {}")
	bad, good := file(t, "bad.json", configJSON(caps, inAPod)), file(t, "good.json", configJSON(noCaps, ""))
	r := specguard(t, "check", "--policy-dir", p, "--output", "json", "--namespace", "other", bad, good)
	r.expect(t, 0, `{"file":"`+bad+`","namespace":"team-a","pod":"web-0","container":"app","outcome":"adjusted","policies":["p"],`+
		`"changes":[{"policy":"p","rule":"capabilities","change":"dropped NET_ADMIN"}],`+
		`"fields":[{"policy":"p","rule":"capabilities","field":"process.capabilities.bounding","was":"CAP_CHOWN, CAP_NET_ADMIN","now":"CAP_CHOWN"}],`+
		`"diff":[{"path":"process.capabilities.bounding.CAP_NET_ADMIN","removed":"\"CAP_NET_ADMIN\""}],`+
		`"warnings":[{"kind":"addedCapability","policy":"p","rule":"capabilities","text":"takes away NET_ADMIN, which the pod adds: what needs it fails with \"operation not permitted\""}],`+
		`"notes":["--namespace other is ignored: the file says team-a"],"unknown":["podLabels","runtimeHandler","hostPorts","podSysctls"]}`+"\n"+
		`{"file":"`+good+`","namespace":"other","outcome":"allowed","policies":["p"],"unknown":["podLabels","runtimeHandler","image","hostPorts","podSysctls"]}`+"\n", "")

	p = policyFile(t, "capabilities: {drop: [NET_ADMIN]}")
	r = specguard(t, "check", "--policy-dir", p, "--output", "json", bad)
	var got report
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || r.code != 2 || len(got.Violations) != 1 || got.Outcome != "denied" ||
		got.Message != `specguard: denied by policy "p": capabilities: NET_ADMIN not allowed (allowed: all but NET_ADMIN). In the pod: remove NET_ADMIN from securityContext.capabilities.add` {
		t.Errorf("%+v", r)
	}
}

// TestCheckShowsNoSecrets has the rules of every profile at work on a spec with a secret in its environment and arguments.
func TestCheckShowsNoSecrets(t *testing.T) {
	f := file(t, "c.json", configJSON(caps, inAPod))
	m := file(t, "m.yaml", strings.Replace(podText("a"), "image: web,", "image: web, args: ["+secret+"], env: [{name: TOKEN, value: "+secret+"}],", 1))
	env := policyFile(t, "env: {onViolation: adjust, forbid: [TOKEN]}")
	for _, profile := range policy.Profiles() {
		p := file(t, "p.yaml", "apiVersion: specguard.dev/v1beta1\nkind: Policy\nmetadata: {name: p}\nspec: {profile: "+profile+"}\n")
		for _, output := range formatNames() {
			for _, compare := range []string{"", env} {
				if compare != "" && output != "text" && output != "json" {
					continue
				}
				r := specguard(t, "check", "--policy-dir", p, "--compare", compare, "--output", output, f, m)
				if strings.Contains(r.stdout+r.stderr, secret) || r.stdout == "" {
					t.Errorf("%s, %s: %+v", profile, output, r)
				}
			}
		}
	}
}

// podText is a manifest of a pod with a container that has a host port.
func podText(name string) string {
	return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + "}\nspec:\n  containers:\n" +
		"    - {name: app, image: web, ports: [{containerPort: 80, hostPort: 80}]}\n"
}

// TestCheckManifest: each note is printed once for a file.
func TestCheckManifest(t *testing.T) {
	p := policyFile(t, "readOnlyRootFilesystem: {onViolation: adjust}", "hostPorts: {onViolation: audit}")
	pods := file(t, "pods.yaml", podText("a")+"    - {name: side, image: web, securityContext: {readOnlyRootFilesystem: true}}\n---\n"+podText("b"))
	ports := func(place string) string {
		return "  audit, p: hostPorts: host ports 80 TCP not allowed (allowed: none), at " + pods + place + "\n"
	}
	adjusted := func(ofPorts, place string) []string {
		return []string{ports(ofPorts), "  adjusted by p: readOnlyRootFilesystem: made the root filesystem read-only, at " + pods + place + "\n",
			"  warning, p: readOnlyRootFilesystem: makes the root filesystem read-only, and no volume is writable: what writes to a file fails with \"read-only file system\" (writablePaths of the rule gives it places)\n", "  + root.readonly: true\n"}
	}
	r := specguard(t, "check", "--policy-dir", p, "--namespace", "team-a", pods)
	lines(t, r.stdout, slices.Concat(
		[]string{pods + ": Pod/a container app: adjusted (policies: p)\n"}, adjusted(":6:38", ":6:7"),
		[]string{"  note: the spec is derived from the manifest, as a kubelet and containerd would make it\n", "  note: ", "  note: "},
		[]string{pods + ": Pod/a container side: allowed (policies: p)\n", ports(":7:7")},
		[]string{pods + ": Pod/b container app: adjusted (policies: p)\n"}, adjusted(":14:38", ":14:7"),
		[]string{"3 containers of 2 objects: 1 allowed, 2 adjusted, 0 denied, 0 not judged\n"})...)
	if r.code != 0 || r.stderr != "" {
		t.Errorf("%+v", r)
	}

	r = specguard(t, "check", "--policy-dir", p, "--output", "json", pods)
	if n := strings.Count(r.stdout, `"notes":["the spec is derived from the manifest, `); n != 3 ||
		!strings.HasPrefix(r.stdout, `{"file":"`+pods+`","object":"Pod/a","namespace":"default","pod":"a","container":"app","outcome":"adjusted",`) {
		t.Errorf("%+v", r)
	}
}

// TestCheckFlagsTellOfPods, but not of pods that a manifest tells of.
func TestCheckFlagsTellOfPods(t *testing.T) {
	p := file(t, "p.yaml", strings.Replace(policyText("capabilities: {drop: [NET_ADMIN]}"), notKubeSystem, "match: {podSelector: {matchLabels: {a: b}}, runtimeHandlers: [kata]}", 1))
	pod, spec := file(t, "m.yaml", podText("a")), file(t, "c.json", configJSON(caps, inAPod))
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{pod}, 0, ": Pod/a container app: not judged: no policy matches\n"},
		{[]string{spec}, 0, ": not judged: no policy matches\n"},
		{[]string{spec, "--runtime-handler", "kata"}, 0, ": not judged: no policy matches\n"},
		{[]string{spec, "--pod-labels", "a=b", "--runtime-handler", "kata"}, 2, ": denied (policies: p)\n"},
		{[]string{pod, "--pod-labels", "a=b", "--runtime-handler", "kata"}, 0, ": Pod/a container app: not judged: no policy matches\n"},
	} {
		r := specguard(t, append([]string{"check", "--policy-dir", p}, c.args...)...)
		if r.code != c.code || !strings.HasPrefix(r.stdout, c.args[0]+c.want) {
			t.Errorf("%q: %+v", c.args, r)
		}
	}
}

func TestCheckStandardInput(t *testing.T) {
	cmd, stdout, stderr := command(t.Context(), nil, "check", "--policy-dir", policyFile(t, "hostPorts: {onViolation: audit}"), "-")
	cmd.Stdin = strings.NewReader(podText("a"))
	if err := cmd.Run(); err != nil || !strings.HasPrefix(stdout.String(), "-: Pod/a container app: allowed (policies: p)\n") || stderr.Len() > 0 {
		t.Errorf("%v, %s, %s", err, stdout, stderr)
	}
}

// TestCheckInterrupted: Ctrl-C ends a check that waits for its input.
func TestCheckInterrupted(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd, _, _ := command(ctx, nil, "check", "--policy-dir", policyFile(t, "hostPorts: {}"), "-")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := stdin.Write(make([]byte, 1<<20)); err != nil { // more than a pipe holds: some has been read
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || err.Error() != "signal: interrupt" {
		t.Error(err)
	}
}

// TestCheckNamesContainers: several of one file are told apart.
func TestCheckNamesContainers(t *testing.T) {
	one := fmt.Sprintf(inspect1, configJSON(noCaps, ""))
	f := file(t, "all.json", one+"\n["+configJSON(noCaps, inAPod)+","+configJSON(noCaps, "")+"]")
	r := specguard(t, "check", "--policy-dir", policyFile(t, "capabilities: {drop: [NET_ADMIN]}"), f)
	const unseen = "  not seen: "
	named := f + ": team-a/web-0 container app: allowed"
	lines(t, r.stdout, named, unseen, named, unseen, f+": container #3: allowed", unseen, "3 containers: 3 allowed, 0 adjusted, 0 denied, 0 not judged\n")
}

// TestCheckAuditMode: what is excused, and what would be if all were enforced.
func TestCheckAuditMode(t *testing.T) {
	const exception = "---\napiVersion: specguard.dev/v1beta1\nkind: Exception\nmetadata: {name: legacy}\nspec:\n" +
		"  {policies: [p], rules: [capabilities], match: {namespaces: [team-a]}, reason: x, owner: y, expires: 9999-01-01}\n"
	const finding = "capabilities: NET_ADMIN not allowed (allowed: all but NET_ADMIN)\n"
	const unseen = "  not seen: "
	f := file(t, "c.json", configJSON(caps, inAPod))
	audit := func(rules ...string) string {
		return strings.Replace(policyText(rules...), "spec:", "spec:\n  mode: audit", 1)
	}
	named := func(name, text string) string { return strings.Replace(text, "name: p", "name: "+name, 1) }
	const drop = "capabilities: {onViolation: adjust, drop: [NET_ADMIN]}"
	const refuse = "capabilities: {drop: [NET_ADMIN]}"
	for name, c := range map[string]struct {
		policies string
		want     []string
	}{
		"excepted": {policyText(refuse) + exception, []string{": allowed (policies: p)\n", "  excepted by legacy, p: " + finding, unseen}},
		"denied if enforced": {audit(refuse), []string{": allowed (policies: p)\n", "  audit, p: " + finding,
			`  if enforced: denied, the user would see: specguard: denied by policy "p": ` + strings.TrimSuffix(finding, "\n") + ". In the pod: remove NET_ADMIN from securityContext.capabilities.add\n", unseen}},
		"adjusted if enforced": {audit(drop), []string{": allowed (policies: p)\n", "  audit, p: " + finding,
			"  if enforced: adjusted\n", "    adjusted by p: capabilities: dropped NET_ADMIN\n",
			"    warning, p: capabilities: takes away NET_ADMIN, which the pod adds: what needs it fails with \"operation not permitted\"\n", unseen}},
		"nothing if enforced": {audit("hostPorts: {}"), []string{": allowed (policies: p)\n", unseen}},
		"more if enforced": {audit(refuse) + "---\n" + named("q", policyText(refuse)), []string{": denied (policies: p, q)\n", "  denied by q: ", "  audit, p: ",
			`  the user sees: specguard: denied by policy "q": `, "  if enforced, also: denied by p: ", unseen}},
	} {
		t.Run(name, func(t *testing.T) {
			r := specguard(t, "check", "--policy-dir", file(t, "p.yaml", c.policies), f)
			c.want[0] = f + c.want[0]
			lines(t, r.stdout, c.want...)
		})
	}

	r := specguard(t, "check", "--output", "json", "--policy-dir", file(t, "p.yaml", policyText(refuse)+exception+"---\n"+named("q", audit(refuse))), f)
	const violation = `"rule":"capabilities","found":"NET_ADMIN not allowed","allowed":"all but NET_ADMIN","fix":"remove NET_ADMIN from securityContext.capabilities.add"`
	r.expect(t, 0, `{"file":"`+f+`","namespace":"team-a","pod":"web-0","container":"app","outcome":"allowed","policies":["p","q"],`+
		`"audit":[{"policy":"q",`+violation+`}],"excepted":[{"policy":"p",`+violation+`,"exception":"legacy"}],`+
		`"ifEnforced":{"outcome":"denied","message":"specguard: denied by policy \"q\": capabilities: NET_ADMIN not allowed (allowed: all but NET_ADMIN). In the pod: remove NET_ADMIN from securityContext.capabilities.add",`+
		`"violations":[{"policy":"q",`+violation+`}],"excepted":[{"policy":"p",`+violation+`,"exception":"legacy"}]},"unknown":["podLabels","runtimeHandler"]}`+"\n", "")
}

// TestCheckUnderASeal: what a denied container was stored with is judged as the
// agent does, without the seal.
func TestCheckUnderASeal(t *testing.T) {
	sealed := strings.Replace(configJSON(noCaps, inAPod), `"linux":`, `"hooks":{"createRuntime":[{"path":"/proc/specguard: denied by x"}]},"linux":`, 1)
	r := specguard(t, "check", "--policy-dir", policyFile(t, "hooks: {}"), "--output", "json", file(t, "c.json", sealed))
	if r.code != 0 || !strings.Contains(r.stdout, `"outcome":"allowed"`) {
		t.Errorf("%+v", r)
	}
}
