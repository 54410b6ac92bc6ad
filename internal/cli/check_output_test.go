package cli

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"
)

// outputRepository has a container of each outcome, an error, and what is skipped.
func outputRepository(t *testing.T) (dir, policies string) {
	t.Helper()
	named := func(name string, rules ...string) string {
		return strings.Replace(policyText(rules...), "name: p", "name: "+name, 1)
	}
	policies = file(t, "p.yaml", named("p", "capabilities: {drop: [NET_ADMIN]}", "readOnlyRootFilesystem: {onViolation: adjust}")+"---\n"+
		strings.Replace(named("q", "hostPorts: {}"), "spec:\n", "spec:\n  mode: audit\n", 1))
	return repository(t, map[string]string{
		"k8s/denied.yaml": podIn("team-a", "denied", privileged), "k8s/adjusted.yaml": podIn("team-a", "adjusted", dropsAll),
		"k8s/allowed.yaml":   podIn("team-a", "allowed", "{readOnlyRootFilesystem: true}"),
		"k8s/uncovered.yaml": podIn("kube-system", "uncovered", privileged),
		"k8s/ports.yaml":     strings.Replace(podText("ports"), "image: web,", "image: web, securityContext: {readOnlyRootFilesystem: true},", 1),
		"k8s/broken.yaml":    "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a}]}\n",
		"k8s/service.yaml":   service,
	}), policies
}

func TestCheckSARIF(t *testing.T) {
	dir, p := outputRepository(t)
	r := inDir(t, dir, "check", "--policy-dir", p, "-o", "sarif", "k8s")
	var got struct {
		Runs []struct {
			Results []struct {
				RuleID, Level string
				Message       struct{ Text string }
				Locations     []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine, StartColumn int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || r.code != 2 {
		t.Fatal(err, r)
	}
	var all []string
	for _, x := range got.Runs[0].Results {
		at := x.Locations[0].PhysicalLocation
		all = append(all, fmt.Sprintf("%s:%d:%d %s %s %s\n", at.ArtifactLocation.URI, at.Region.StartLine, at.Region.StartColumn, x.RuleID, x.Level, x.Message.Text))
	}
	lines(t, strings.Join(all, ""),
		"k8s/adjusted.yaml:4:21 readOnlyRootFilesystem warning Pod/adjusted container app: adjusted by p: readOnlyRootFilesystem: ",
		"k8s/denied.yaml:4:21 capabilities error Pod/denied container app: denied by p: capabilities: NET_ADMIN not allowed (allowed: all but NET_ADMIN). In the pod: set securityContext.privileged: false",
		"k8s/ports.yaml:6:87 hostPorts warning Pod/ports container app: policy q in mode audit: hostPorts: host ports 80 TCP not allowed (allowed: none). In the pod: ",
		"k8s/uncovered.yaml:4:21 uncovered note Pod/uncovered container app: not judged: no policy matches; policy p covers every namespace but kube-system; policy q ",
		"k8s/broken.yaml:3:21 notJudged error spec.containers[0]: has no name or no image\n")

	// What --fail-on counts is an error.
	r = inDir(t, dir, "check", "--policy-dir", p, "-o", "sarif", "--fail-on", "adjusted,if-enforced,uncovered", "k8s")
	if n := strings.Count(r.stdout, `"level": "error"`); n != 5 || r.code != 2 {
		t.Errorf("%d errors in %s", n, r.stdout)
	}
	// With --quiet, it is all.
	r = inDir(t, dir, "check", "--policy-dir", p, "-o", "sarif", "-q", "k8s")
	if n := strings.Count(r.stdout, `"ruleId"`); n != 2 {
		t.Errorf("%d results in %s", n, r.stdout)
	}
}

func TestCheckJUnit(t *testing.T) {
	dir, p := outputRepository(t)
	r := inDir(t, dir, "check", "--policy-dir", p, "-o", "junit", "k8s")
	var got struct {
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Errors   int        `xml:"errors,attr"`
		Skipped  int        `xml:"skipped,attr"`
		Suites   []struct{} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(r.stdout), &got); err != nil || r.code != 2 {
		t.Fatal(err, r)
	}
	if got.Tests != 7 || got.Failures != 1 || got.Errors != 1 || got.Skipped != 1 || len(got.Suites) != 7 {
		t.Errorf("%+v\n%s", got, r.stdout)
	}
	if !strings.Contains(r.stdout, `<failure message="specguard: denied by policy &#34;p&#34;: capabilities: `) {
		t.Error(r.stdout)
	}
}

func TestCheckGitHub(t *testing.T) {
	dir, p := outputRepository(t)
	r := inDir(t, dir, "check", "--policy-dir", p, "-o", "github", "k8s")
	lines(t, r.stdout, "::warning file=k8s/adjusted.yaml,line=4,col=21,title=", "::error file=k8s/denied.yaml,line=4,col=21,title=", "::warning file=k8s/ports.yaml,line=6,col=87,title=",
		"::notice file=k8s/uncovered.yaml,line=4,col=21,title=", "::error file=k8s/broken.yaml,line=3,col=21,title=not judged::not judged: spec.containers[0]: ",
		"5 containers of 5 objects: 2 allowed, 1 adjusted, 1 denied, 1 not judged; ", "skipped 1 ")
	if r.code != 2 {
		t.Errorf("%+v", r)
	}
}

// TestCheckOutputs: each output has the same exit status, and shows what standard input has.
func TestCheckOutputs(t *testing.T) {
	_, p := outputRepository(t)
	for _, output := range formatNames() {
		for name, code := range map[string]int{privileged: 2, dropsAll: 0, "[]": 1} {
			cmd, stdout, stderr := command(t.Context(), nil, "check", "--policy-dir", p, "-o", output, "-")
			cmd.Stdin = strings.NewReader(podIn("team-a", "web", name))
			_ = cmd.Run() // the exit status tells
			if got := cmd.ProcessState.ExitCode(); got != code {
				t.Errorf("%s, %s: exit status %d, want %d\n%s%s", output, name, got, code, stdout, stderr)
			}
			if code != 1 && !strings.Contains(stdout.String(), "web") {
				t.Errorf("%s: %s", output, stdout)
			}
		}
		if output == "text" || output == "json" {
			continue
		}
		specguard(t, "check", "--policy-dir", p, "--compare", p, "-o", output, p).expect(t, 1, "", "--compare works with --output text and json only\n")
	}
}
