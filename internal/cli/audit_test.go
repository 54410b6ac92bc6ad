package cli

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/internal/app/apptest"
)

// auditedNode is a CRI-O with an OCI bundle for each of its containers.
type auditedNode struct {
	runtime.UnimplementedRuntimeServiceServer

	t      *testing.T
	dir    string
	config string // of the agent
	asked  string // how text for people ends
	pods   []*runtime.PodSandbox
	ctrs   []*runtime.Container
}

// newAuditedNode is a node on which those containers run: a name, as
// namespace/pod/container, and their capabilities in JSON; "" for no bundle.
func newAuditedNode(t *testing.T, containers ...[2]string) *auditedNode {
	t.Helper()
	dir := apptest.ShortDir(t)
	n := &auditedNode{t: t, dir: dir}
	for i, c := range containers {
		name, id := strings.Split(c[0], "/"), fmt.Sprintf("c%d", i)
		n.pods = append(n.pods, &runtime.PodSandbox{Id: "of-" + id, Metadata: &runtime.PodSandboxMetadata{Namespace: name[0], Name: name[1]}})
		n.ctrs = append(n.ctrs, &runtime.Container{Id: id, PodSandboxId: "of-" + id, Metadata: &runtime.ContainerMetadata{Name: name[2]}, State: runtime.ContainerState_CONTAINER_RUNNING})
		if c[1] != "" {
			n.write(id+"/config.json", configJSON(c[1], ""))
		}
	}
	n.asked = "; asked " + dir + "/cri\n"
	n.config = n.write("config.yaml", fmt.Sprintf("containerdSocket: /no/such\ncriSocket: %[1]s/cri\nopener: runtime\nhost: {bundles: ['%[1]s/{id}/config.json']}\n", dir))
	listener, err := net.Listen("unix", dir+"/cri")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	runtime.RegisterRuntimeServiceServer(server, n)
	go server.Serve(listener) //nolint:errcheck // it ends with the test
	t.Cleanup(server.Stop)
	return n
}

func (n *auditedNode) Version(context.Context, *runtime.VersionRequest) (*runtime.VersionResponse, error) {
	return &runtime.VersionResponse{RuntimeName: "cri-o"}, nil
}

func (n *auditedNode) ListContainers(context.Context, *runtime.ListContainersRequest) (*runtime.ListContainersResponse, error) {
	return &runtime.ListContainersResponse{Containers: n.ctrs}, nil
}

func (n *auditedNode) ListPodSandbox(context.Context, *runtime.ListPodSandboxRequest) (*runtime.ListPodSandboxResponse, error) {
	return &runtime.ListPodSandboxResponse{Items: n.pods}, nil
}

func (n *auditedNode) PodSandboxStatus(context.Context, *runtime.PodSandboxStatusRequest) (*runtime.PodSandboxStatusResponse, error) {
	return &runtime.PodSandboxStatusResponse{Status: &runtime.PodSandboxStatus{Linux: &runtime.LinuxPodSandboxStatus{
		Namespaces: &runtime.Namespace{Options: &runtime.NamespaceOption{}},
	}}}, nil
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
		dns      = "kube-system/dns container dns: not judged: no policy matches\n"
		db       = "team-a/db container app: allowed (policies: p)\n"
		finding  = "capabilities: NET_ADMIN not allowed (allowed: all but NET_ADMIN)\n"
		said     = "capabilities: NET_ADMIN not allowed (allowed: all but NET_ADMIN). In the pod: remove NET_ADMIN from securityContext.capabilities.add\n"
		denied   = "team-b/web container app: denied (policies: p)\n  denied by p: " + finding + "  the user sees: specguard: denied by policy \"p\": " + said
		adjusted = "team-b/web container app: adjusted (policies: p)\n  adjusted by p: capabilities: dropped NET_ADMIN\n" +
			"  warning, p: capabilities: takes away NET_ADMIN, which the pod adds: what needs it fails with \"operation not permitted\"\n  - process.capabilities.bounding: CAP_NET_ADMIN\n"
		ids = `"namespace":"team-b","pod":"web","container":"app","id":"c0",`
	)
	for name, c := range map[string]struct {
		args   []string
		stdin  string
		code   int
		stdout string
	}{
		"all comply": {args: []string{allow}, stdout: dns + db + strings.Replace(db, "team-a/db", "team-b/web", 1) + "3 containers: none would be denied or adjusted" + n.asked},
		"denied":     {args: []string{refuse}, code: 2, stdout: dns + db + denied + "3 containers: 1 would be denied, 0 adjusted" + n.asked},
		"adjusted":   {args: []string{strip}, code: 2, stdout: dns + db + adjusted + "3 containers: 0 would be denied, 1 adjusted" + n.asked},
		"mode audit": {args: []string{trial}, stdout: dns + db + "team-b/web container app: allowed (policies: p)\n  audit, p: " + finding +
			"  if enforced: denied, the user would see: specguard: denied by policy \"p\": " + said + "3 containers: none would be denied or adjusted; if policies in mode audit were enforced, 1 would be denied, 0 adjusted" + n.asked},
		"from standard input": {args: []string{"-"}, stdin: policyText("capabilities: {drop: [NET_ADMIN]}"), code: 2,
			stdout: dns + db + denied + "3 containers: 1 would be denied, 0 adjusted" + n.asked},
		"the same": {args: []string{strip, "--compare", strip}, stdout: "0 of 3 containers would change" + n.asked},
		"a change": {args: []string{allow, "--compare", refuse}, code: 2, stdout: "team-b/web container app: allowed -> denied\n  new: denied by p: " + finding + "  the user sees: specguard: denied by policy \"p\": " + said + "1 of 3 containers would change" + n.asked},
		"as JSON":  {args: []string{strip, "--output", "json"}, code: 2, stdout: `{"namespace":"kube-system","pod":"dns","container":"dns","id":"c2","outcome":"allowed","policies":null}` + "\n" + `{"namespace":"team-a","pod":"db","container":"app","id":"c1","outcome":"allowed","policies":["p"]}` + "\n" + "{" + ids + `"outcome":"adjusted","policies":["p"],"changes":[{"policy":"p","rule":"capabilities","change":"dropped NET_ADMIN"}],"fields":[{"policy":"p","rule":"capabilities","field":"process.capabilities.bounding","was":"CAP_CHOWN, CAP_NET_ADMIN","now":"CAP_CHOWN"}],"diff":[{"path":"process.capabilities.bounding.CAP_NET_ADMIN","removed":"\"CAP_NET_ADMIN\""}],"warnings":[{"kind":"addedCapability","policy":"p","rule":"capabilities","text":"takes away NET_ADMIN, which the pod adds: what needs it fails with \"operation not permitted\""}]}` + "\n"},
		"JSON change": {args: []string{strip, "--compare", "-", "--output", "json"}, stdin: policyText("capabilities: {drop: [NET_ADMIN]}"), code: 2,
			stdout: "{" + ids + `"before":"adjusted","outcome":"denied","message":"specguard: denied by policy \"p\": capabilities: NET_ADMIN not allowed (allowed: all but NET_ADMIN). In the pod: remove NET_ADMIN from securityContext.capabilities.add","gone":{"changes":[{"policy":"p","rule":"capabilities","change":"dropped NET_ADMIN"}]},"new":{"violations":[{"policy":"p","rule":"capabilities","found":"NET_ADMIN not allowed","allowed":"all but NET_ADMIN","fix":"remove NET_ADMIN from securityContext.capabilities.add"}]}}` + "\n"},
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
		"team-a/web container app: allowed (policies: p)\n1 container: none would be denied or adjusted; 1 not judged"+n.asked,
		"team-a/web container lost: find the bundle: none in "+n.dir+"/{id}/config.json\n")
}

// TestAuditMixed counts what an enforced policy does in both sums.
func TestAuditMixed(t *testing.T) {
	n := newAuditedNode(t, [2]string{"team-a/web/app", caps}, [2]string{"team-b/web/app", caps}, [2]string{"team-c/web/app", noCaps}, [2]string{"team-c/web/lost", ""})
	policies := strings.Replace(policyText("capabilities: {drop: [NET_ADMIN]}"), notKubeSystem, "match: {namespaces: [team-a]}", 1) + "---\n" +
		strings.Replace(strings.Replace(policyText("capabilities: {onViolation: adjust, drop: [NET_ADMIN]}"), notKubeSystem, "mode: audit\n  match: {namespaces: [team-b, team-c]}", 1), "name: p", "name: q", 1)
	r := n.audit(policies, "--policy-dir", "-")
	want := "3 containers: 1 would be denied, 0 adjusted; if policies in mode audit were enforced, 1 would be denied, 1 adjusted; 1 not judged" + n.asked
	if r.code != 1 || !strings.HasSuffix(r.stdout, "\n"+want) {
		t.Errorf("%+v", r)
	}
	r = n.audit(policies, "--policy-dir", "-", "--compare", policyFile(t, "capabilities: {drop: [SYS_TIME]}"))
	if r.code != 1 || !strings.HasSuffix(r.stdout, "\n2 of 3 containers would change; 1 not judged"+n.asked) {
		t.Errorf("%+v", r)
	}
	if strings.Contains(r.stdout+r.stderr, secret) {
		t.Error("a secret is shown")
	}
}

// TestAuditSocket asks on the socket that a flag names, and on the one that the
// host has.
func TestAuditSocket(t *testing.T) {
	n := newAuditedNode(t)
	for name, args := range map[string][]string{
		"a flag":     {"--config", n.write("two.yaml", fmt.Sprintf("{opener: runtime, containerdSocket: %[1]s/cri, criSocket: /no/such}\n", n.dir)), "--cri-socket", n.dir + "/cri"},
		"the other":  {"--config", n.write("none.yaml", "opener: runtime\n"), "--containerd-socket", n.dir + "/cri"},
		"the host's": {"--config", n.write("host.yaml", fmt.Sprintf("{opener: runtime, containerdSocket: /no/such, criSocket: /cri, host: {root: %s}}\n", n.dir))},
	} {
		t.Run(name, func(t *testing.T) {
			n.audit("", append(args, "--policy-dir", policyFile(t, "capabilities: {drop: [NET_ADMIN]}"), "--output=text")...).
				expect(t, 0, "0 containers: none would be denied or adjusted"+n.asked, "")
		})
	}
}

// TestAuditNothing: a node without containers complies.
func TestAuditNothing(t *testing.T) {
	n := newAuditedNode(t)
	n.audit("", "--policy-dir", policyFile(t, "capabilities: {drop: [NET_ADMIN]}")).expect(t, 0, "0 containers: none would be denied or adjusted"+n.asked, "")
}

func TestAuditFails(t *testing.T) {
	n := newAuditedNode(t)
	none := n.write("none.yaml", "{containerdSocket: /no/such, criSocket: /no/such}\n")
	two := n.write("two.yaml", fmt.Sprintf("{containerdSocket: %[1]s/cri, criSocket: %[1]s/cri}\n", n.dir))
	good := policyFile(t, "capabilities: {drop: [NET_ADMIN]}")
	for name, c := range map[string]struct {
		args   []string
		stderr string
	}{
		"no policy":          {[]string{"--policy-dir", "/no/such"}, "/no/such: no such file or directory\n"},
		"nothing on stdin":   {[]string{"--policy-dir", good, "--compare", "-"}, "-: holds no policy\n"},
		"twice from stdin":   {[]string{"--policy-dir", "-", "--compare", "-"}, "standard input cannot be both sets of policies\n"},
		"no runtime":         {[]string{"--policy-dir", good, "--config", none}, "no container runtime to ask: neither /no/such nor /no/such is a socket (--containerd-socket, --cri-socket)\n"},
		"two runtimes":       {[]string{"--policy-dir", good, "--config", two}, "two container runtimes found: choose one with --containerd-socket " + n.dir + "/cri or --cri-socket " + n.dir + "/cri\n"},
		"not this runtime":   {[]string{"--policy-dir", good, "--cri-socket", "/no/such"}, "/no/such: CRI: rpc error: "},
		"not for containerd": {[]string{"--policy-dir", good, "--opener", "containerd"}, "no opener for the runtime \"cri-o\": opener containerd is for containerd only\n"},
		"output":             {[]string{"--policy-dir", good, "--output", "xml"}, "output \"xml\" is not one of text, json\n"},
		"an argument":        {[]string{"x"}, `specguard audit takes no arguments, such as "x": see specguard audit --help` + "\n"},
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
