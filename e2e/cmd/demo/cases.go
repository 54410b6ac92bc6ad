package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	api "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/node"
)

// testCase is a container to create.
type testCase struct {
	name, asked string
	namespace   string
	options     []cri.ContainerOption
}

// cases are the containers of the demonstration.
func cases(n *node.Node) []testCase {
	limits := &api.LinuxContainerResources{CpuShares: 2, OomScoreAdj: 1000, MemoryLimitInBytes: 64 << 20}
	return []testCase{
		{name: "default", asked: "nothing special"},
		{name: "root", asked: "runAsUser: 0", options: []cri.ContainerOption{cri.User(0)}},
		{name: "net-admin", asked: "capabilities: {add: [NET_ADMIN]}",
			options: []cri.ContainerOption{cri.Capabilities([]string{"NET_ADMIN"}, nil)}},
		{name: "privileged", asked: "privileged: true", options: []cri.ContainerOption{cri.Privileged()}},
		{name: "host-root", asked: "hostPath: /", options: []cri.ContainerOption{cri.HostPath("/", "/host", false)}},
		{name: "socket", asked: "hostPath: containerd's socket",
			options: []cri.ContainerOption{cri.HostPath(n.Socket(), "/containerd.sock", false)}},
		{name: "logs", asked: "hostPath: /var/log, read-only", options: []cri.ContainerOption{cri.HostPath("/var/log", "/logs", true)}},
		{name: "compliant", asked: "everything that the policy requires", options: []cri.ContainerOption{
			cri.User(1000), cri.Group(1000), cri.Capabilities(nil, []string{"ALL"}), cri.NoNewPrivs(),
			cri.ReadOnlyRootfs(), cri.RuntimeDefaultSeccomp(), cri.Resources(limits),
		}},
		{name: "elsewhere", asked: "nothing special, in a namespace without a policy", namespace: "infra"},
	}
}

// result is what became of a container.
type result struct {
	testCase
	outcome    string
	denial     string
	main, exec *cri.Truth // nil where it does not run
}

func (c testCase) run(ctx context.Context, n *node.Node) (result, error) {
	r := result{testCase: c}
	namespace := c.namespace
	if namespace == "" {
		namespace = "team-a"
	}
	pod := n.CRI.Pod(c.name, cri.Namespace(namespace))
	if c.name == "privileged" {
		cri.PrivilegedPod()(pod)
	}
	sandbox, err := n.CRI.RunPod(ctx, pod)
	if err != nil {
		return r, err
	}
	defer func() { _ = sandbox.Remove(context.WithoutCancel(ctx)) }()

	ctr, err := sandbox.Run(ctx, cri.Container(c.name, node.AppImage, cri.TellTruth("sleep 60"), c.options...))
	if err != nil {
		if ctx.Err() != nil || !strings.Contains(err.Error(), "specguard: ") {
			return r, err
		}
		r.outcome, r.denial = "denied", denialIn(err.Error())
		return r, nil
	}
	mainTruth, err := ctr.Truth(ctx)
	if err != nil {
		return r, err
	}
	execTruth, err := ctr.ExecTruth(ctx)
	if err != nil {
		return r, err
	}
	r.main, r.exec = &mainTruth, &execTruth
	r.outcome, err = decision(ctx, ctr)
	return r, err
}

// decision reads what specguard wrote on the stored spec.
func decision(ctx context.Context, ctr *cri.Running) (string, error) {
	raw, err := ctr.Spec(ctx)
	if err != nil {
		return "", err
	}
	var spec struct {
		Annotations map[string]string `json:"annotations"`
	}
	if err := json.Unmarshal(raw, &spec); err != nil {
		return "", fmt.Errorf("stored spec: %w", err)
	}
	if d := spec.Annotations["specguard.dev/decision"]; d != "" {
		return d, nil
	}
	return "no policy", nil
}

// denialIn cuts specguard's sentence out of a runtime's error.
func denialIn(msg string) string {
	_, text, _ := strings.Cut(msg, "specguard: ")
	text, _, _ = strings.Cut(text, ": no such file or directory")
	return "specguard: " + text
}
