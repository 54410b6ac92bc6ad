package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

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
	inCRIO   = `"io.kubernetes.pod.name":"web-0","io.kubernetes.pod.namespace":"team-a","io.kubernetes.container.name":"app","io.kubernetes.cri-o.ImageName":"docker.io/a"`
	inspect1 = `{"status":{"metadata":{"name":"app"},"labels":{"io.kubernetes.pod.name":"web-0","io.kubernetes.pod.namespace":"team-a","io.kubernetes.container.name":"app"},` +
		`"image":{"image":"docker.io/a"}},"info":{"sandboxID":"5d1c","runtimeSpec":%s}}`
)

func TestCheck(t *testing.T) {
	strip := policyFile(t, "capabilities: {onViolation: adjust, drop: [NET_ADMIN]}")
	refuse := policyFile(t, "capabilities: {drop: [NET_ADMIN]}")
	audit := policyFile(t, "capabilities: {onViolation: audit, drop: [NET_ADMIN]}")
	teamA := file(t, "p.yaml", strings.Replace(policyText("capabilities: {drop: [NET_ADMIN]}"), "spec:", "spec:\n  match: {namespaces: [team-a], containers: [app], images: [\"docker.io/*\"]}", 1))
	bad, good := file(t, "bad.json", configJSON(caps, inAPod)), file(t, "good.json", configJSON(noCaps, inAPod))
	crio := file(t, "crio.json", configJSON(caps, inCRIO))
	bare := file(t, "bare.json", configJSON(caps, ""))
	inspected := file(t, "inspect.json", fmt.Sprintf(inspect1, configJSON(caps, "")))
	const adjusted = ": adjusted (policies: p)\n  adjusted by p: capabilities: dropped NET_ADMIN\n" +
		"  - process.capabilities.bounding.CAP_NET_ADMIN: \"CAP_NET_ADMIN\"\n"
	const denied = ": denied (policies: p)\n  denied by p: capabilities: NET_ADMIN not allowed (allowed: all but NET_ADMIN)\n"
	for name, c := range map[string]struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		"allowed":        {args: []string{strip, good}, stdout: good + ": allowed (policies: p)\n"},
		"adjusted":       {args: []string{strip, bad}, stdout: bad + adjusted},
		"denied":         {args: []string{refuse, bad}, code: 2, stdout: bad + denied},
		"audit":          {args: []string{audit, bad}, stdout: bad + ": allowed (policies: p)\n  audit, p: capabilities: NET_ADMIN not allowed (allowed: all but NET_ADMIN)\n"},
		"CRI-O's":        {args: []string{teamA, crio}, code: 2, stdout: crio + denied},
		"inspected":      {args: []string{teamA, inspected}, code: 2, stdout: inspected + denied},
		"no match":       {args: []string{teamA, bare}, stdout: bare + ": allowed (no policy matches)\n"},
		"namespace":      {args: []string{refuse, "--namespace", "kube-system", bare}, stdout: bare + ": allowed (no policy matches)\n"},
		"worst of all":   {args: []string{refuse, good, bad, good}, code: 2, stdout: good + ": allowed (policies: p)\n" + bad + denied + good + ": allowed (policies: p)\n"},
		"no such file":   {args: []string{refuse, "/no/such", bad}, code: 1, stdout: bad + denied, stderr: "/no/such: no such file or directory\n"},
		"no such policy": {args: []string{"/no/such", bad}, code: 1, stderr: "/no/such: no such file or directory\n"},
		"output":         {args: []string{refuse, "--output", "xml", bad}, code: 1, stderr: "output \"xml\" is not one of text, json\n"},
	} {
		t.Run(name, func(t *testing.T) {
			specguard(t, append([]string{"check", "--policy-dir"}, c.args...)...).expect(t, c.code, c.stdout, c.stderr)
		})
	}
}

func TestCheckFaultyInput(t *testing.T) {
	p := policyFile(t, "capabilities: {drop: [NET_ADMIN]}")
	for content, want := range map[string]string{
		"":                            "no JSON: unexpected end of JSON input",
		"no":                          "no JSON: invalid character",
		"[]":                          "no JSON: json: cannot unmarshal array",
		"{}":                          "neither an OCI config.json (no ociVersion) nor the output of crictl inspect",
		`{"apiVersion":"v1"}`:         "neither an OCI config.json",
		`{"ociVersion":1}`:            "decode OCI spec: ",
		`{"info":{"runtimeSpec":{}}}`: "neither an OCI config.json",
	} {
		f := file(t, "c.json", content)
		r := specguard(t, "check", "--policy-dir", p, f)
		if r.code != 1 || r.stdout != "" || !strings.HasPrefix(r.stderr, f+": "+want) || strings.Count(r.stderr, "\n") != 1 {
			t.Errorf("%q: %+v", content, r)
		}
	}
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
		if r.code != 2 || !strings.HasPrefix(r.stdout, f+": denied (policies: builtin-baseline)\n") ||
			!strings.Contains(r.stdout, "\n  denied by builtin-baseline: capabilities: NET_ADMIN not allowed") {
			t.Errorf("%v: %+v", args, r)
		}
	}
}

func TestCheckJSON(t *testing.T) {
	p := policyFile(t, "capabilities: {onViolation: adjust, drop: [NET_ADMIN]}")
	bad, good := file(t, "bad.json", configJSON(caps, inAPod)), file(t, "good.json", configJSON(noCaps, ""))
	r := specguard(t, "check", "--policy-dir", p, "--output", "json", "--namespace", "other", bad, good)
	r.expect(t, 0, `{"file":"`+bad+`","namespace":"team-a","pod":"web-0","container":"app","outcome":"adjusted","policies":["p"],`+
		`"changes":[{"policy":"p","rule":"capabilities","change":"dropped NET_ADMIN"}],`+
		`"diff":[{"path":"process.capabilities.bounding.CAP_NET_ADMIN","removed":"\"CAP_NET_ADMIN\""}]}`+"\n"+
		`{"file":"`+good+`","namespace":"other","outcome":"allowed","policies":["p"]}`+"\n", "")

	p = policyFile(t, "capabilities: {drop: [NET_ADMIN]}")
	r = specguard(t, "check", "--policy-dir", p, "--output", "json", bad)
	var got report
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || r.code != 2 || len(got.Violations) != 1 || got.Outcome != "denied" ||
		got.Message != `specguard: denied by policy "p": capabilities: NET_ADMIN not allowed (allowed: all but NET_ADMIN)` {
		t.Errorf("%+v", r)
	}
}

// TestCheckShowsNoSecrets has the rules of every profile at work on a spec with a secret in its environment and arguments.
func TestCheckShowsNoSecrets(t *testing.T) {
	f := file(t, "c.json", configJSON(caps, inAPod))
	for _, profile := range policy.Profiles() {
		p := file(t, "p.yaml", "apiVersion: specguard.dev/v1alpha1\nkind: Policy\nmetadata: {name: p}\nspec: {profile: "+profile+"}\n")
		for _, output := range []string{"text", "json"} {
			r := specguard(t, "check", "--policy-dir", p, "--output", output, f)
			if strings.Contains(r.stdout+r.stderr, secret) || r.stdout == "" {
				t.Errorf("%s, %s: %+v", profile, output, r)
			}
		}
	}
}
