package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/containerd/nri/pkg/adaptation"
	"github.com/containerd/nri/pkg/api"
)

// auditedNode is a runtime with an OCI bundle for each of its containers.
type auditedNode struct {
	t      *testing.T
	dir    string
	config string // of the agent
	pods   []*api.PodSandbox
	ctrs   []*api.Container
}

// newAuditedNode is a node on which those containers run: a name, as
// namespace/pod/container, and their capabilities in JSON; "" for no bundle.
func newAuditedNode(t *testing.T, containers ...[2]string) *auditedNode {
	t.Helper()
	dir, err := os.MkdirTemp("", "sg") // a socket's path has to be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	n := &auditedNode{t: t, dir: dir}
	for i, c := range containers {
		name, id := strings.Split(c[0], "/"), fmt.Sprintf("c%d", i)
		n.pods = append(n.pods, &api.PodSandbox{Id: "of-" + id, Namespace: name[0], Name: name[1]})
		n.ctrs = append(n.ctrs, &api.Container{Id: id, PodSandboxId: "of-" + id, Name: name[2], State: api.ContainerState_CONTAINER_RUNNING})
		if c[1] != "" {
			n.write(id+"/config.json", configJSON(c[1], ""))
		}
	}
	n.config = n.write("config.yaml", fmt.Sprintf("nri: {socket: %[1]s/nri}\nopener: runtime\nhost: {bundles: ['%[1]s/{id}/config.json']}\n", dir))
	none := filepath.Join(dir, "none")
	sync := func(ctx context.Context, tell adaptation.SyncCB) error {
		_, err := tell(ctx, n.pods, n.ctrs)
		return err
	}
	update := func(context.Context, []*api.ContainerUpdate) ([]*api.ContainerUpdate, error) { return nil, nil }
	nri, err := adaptation.New("cri-o", "1.34.0", sync, update,
		adaptation.WithSocketPath(filepath.Join(dir, "nri")), adaptation.WithPluginPath(none), adaptation.WithPluginConfigPath(none))
	if err != nil {
		t.Fatal(err)
	}
	if err := nri.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nri.Stop)
	return n
}

func (n *auditedNode) write(name, content string) string {
	n.t.Helper()
	path := filepath.Join(n.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		n.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		n.t.Fatal(err)
	}
	return path
}

func (n *auditedNode) audit(stdin string, args ...string) result {
	n.t.Helper()
	cmd, stdout, stderr := command(n.t.Context(), nil, append([]string{"audit", "--config", n.config}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	_ = cmd.Run() // the exit status tells
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

func TestAudit(t *testing.T) {
	strip := policyFile(t, "capabilities: {onViolation: adjust, drop: [NET_ADMIN]}")
	refuse := policyFile(t, "capabilities: {drop: [NET_ADMIN]}")
	allow := policyFile(t, "capabilities: {drop: [SYS_TIME]}")
	trial := file(t, "p.yaml", strings.Replace(policyText("capabilities: {drop: [NET_ADMIN]}"), "spec:", "spec:\n  mode: audit", 1))
	n := newAuditedNode(t, [2]string{"team-b/web/app", caps}, [2]string{"team-a/db/app", noCaps}, [2]string{"kube-system/dns/dns", caps})
	const (
		dns      = "kube-system/dns container dns: allowed (no policy matches)\n"
		db       = "team-a/db container app: allowed (policies: p)\n"
		finding  = "capabilities: NET_ADMIN not allowed (allowed: all but NET_ADMIN)\n"
		denied   = "team-b/web container app: denied (policies: p)\n  denied by p: " + finding + "  the user sees: specguard: denied by policy \"p\": " + finding
		adjusted = "team-b/web container app: adjusted (policies: p)\n  adjusted by p: capabilities: dropped NET_ADMIN\n  - process.capabilities.bounding: CAP_NET_ADMIN\n"
		ids      = `"namespace":"team-b","pod":"web","container":"app","id":"c0",`
	)
	for name, c := range map[string]struct {
		args   []string
		stdin  string
		code   int
		stdout string
	}{
		"all comply": {args: []string{allow}, stdout: dns + db + strings.Replace(db, "team-a/db", "team-b/web", 1) + "3 containers: all comply\n"},
		"denied":     {args: []string{refuse}, code: 2, stdout: dns + db + denied + "3 containers: 1 would be denied, 0 adjusted\n"},
		"adjusted":   {args: []string{strip}, code: 2, stdout: dns + db + adjusted + "3 containers: 0 would be denied, 1 adjusted\n"},
		"mode audit": {args: []string{trial}, stdout: dns + db + "team-b/web container app: allowed (policies: p)\n  audit, p: " + finding +
			"  if enforced: denied, the user would see: specguard: denied by policy \"p\": " + finding + "3 containers: all comply; if policies in mode audit were enforced, 1 would be denied, 0 adjusted\n"},
		"from standard input": {args: []string{"-"}, stdin: policyText("capabilities: {drop: [NET_ADMIN]}"), code: 2,
			stdout: dns + db + denied + "3 containers: 1 would be denied, 0 adjusted\n"},
		"the same": {args: []string{strip, "--compare", strip}, stdout: "0 of 3 containers would change\n"},
		"a change": {args: []string{allow, "--compare", refuse}, code: 2, stdout: "team-b/web container app: allowed -> denied\n  new: denied by p: " + finding + "  the user sees: specguard: denied by policy \"p\": " + finding + "1 of 3 containers would change\n"},
		"as JSON":  {args: []string{strip, "--output", "json"}, code: 2, stdout: `{"namespace":"kube-system","pod":"dns","container":"dns","id":"c2","outcome":"allowed","policies":null}` + "\n" + `{"namespace":"team-a","pod":"db","container":"app","id":"c1","outcome":"allowed","policies":["p"]}` + "\n" + "{" + ids + `"outcome":"adjusted","policies":["p"],"changes":[{"policy":"p","rule":"capabilities","change":"dropped NET_ADMIN"}],"diff":[{"path":"process.capabilities.bounding.CAP_NET_ADMIN","removed":"\"CAP_NET_ADMIN\""}]}` + "\n"},
		"JSON change": {args: []string{strip, "--compare", "-", "--output", "json"}, stdin: policyText("capabilities: {drop: [NET_ADMIN]}"), code: 2,
			stdout: "{" + ids + `"before":"adjusted","outcome":"denied","message":"specguard: denied by policy \"p\": capabilities: NET_ADMIN not allowed (allowed: all but NET_ADMIN)","gone":{"changes":[{"policy":"p","rule":"capabilities","change":"dropped NET_ADMIN"}]},"new":{"violations":[{"policy":"p","rule":"capabilities","found":"NET_ADMIN not allowed","allowed":"all but NET_ADMIN"}]}}` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			n.audit(c.stdin, append([]string{"--policy-dir"}, c.args...)...).expect(t, c.code, c.stdout, "")
		})
	}
}

// TestAuditIncomplete says of which containers nothing is known.
func TestAuditIncomplete(t *testing.T) {
	n := newAuditedNode(t, [2]string{"team-a/web/app", noCaps}, [2]string{"team-a/web/lost", ""})
	n.audit("", "--policy-dir", policyFile(t, "capabilities: {drop: [NET_ADMIN]}")).expect(t, 1,
		"team-a/web container app: allowed (policies: p)\n2 containers: all comply; 1 not judged\n",
		"team-a/web container lost: find the bundle: none in "+n.dir+"/{id}/config.json\n")
}

// TestAuditNothing: a node without containers complies.
func TestAuditNothing(t *testing.T) {
	newAuditedNode(t).audit("").expect(t, 0, "0 containers: all comply\n", "")
}

func TestAuditFails(t *testing.T) {
	n := newAuditedNode(t)
	good := policyFile(t, "capabilities: {drop: [NET_ADMIN]}")
	for name, c := range map[string]struct {
		args   []string
		stderr string
	}{
		"no policy":          {[]string{"--policy-dir", "/no/such"}, "/no/such: no such file or directory\n"},
		"nothing on stdin":   {[]string{"--compare", "-"}, "-: holds no policy\n"},
		"no NRI":             {[]string{"--policy-dir", good, "--nri-socket", "/no/such"}, "connect to NRI: dial unix /no/such: connect: no such file or directory\n"},
		"not for containerd": {[]string{"--policy-dir", good, "--opener", "containerd"}, "no opener for the runtime \"cri-o\": opener containerd is for containerd only\n"},
		"output":             {[]string{"--policy-dir", good, "--output", "xml"}, "output \"xml\" is not one of text, json\n"},
		"an argument":        {[]string{"x"}, `unknown command "x" for "specguard audit"` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			r := n.audit("", c.args...)
			if r.code != 1 || r.stdout != "" || !strings.Contains(r.stderr, c.stderr) {
				t.Errorf("%+v, want %q", r, c.stderr)
			}
			if n := strings.Count(r.stderr, "\n"); n != 1 {
				t.Errorf("%d lines", n)
			}
		})
	}
}
