package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	api "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/e2e/agent"
	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/node"
)

// Names of the conditions.
const (
	noPlugin  = "no plugin"
	nothing   = "do-nothing"
	specguard = "specguard"
	hardened  = "no plugin, hardened"
	before    = "specguard before"

	// ofHost ends the names of those whose containers mount a path of the host.
	ofHost = ", host path"
)

// A condition is a node with its plugin, and the times taken on it.
type condition struct {
	name          string
	node          *node.Node
	namespace     string
	options       []cri.ContainerOption
	pod           *cri.Sandbox
	create, start []time.Duration
}

// measure sets up the conditions, takes the times and tears all down.
func measure(ctx context.Context, o options) (_ *report, err error) {
	cache, err := build.Open()
	if err != nil {
		return nil, err
	}
	binary, err := cache.Agent(ctx)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(binary)
	if err != nil {
		return nil, fmt.Errorf("size of the agent: %w", err)
	}
	nodes := map[string]*node.Node{}
	defer func() {
		for _, n := range nodes {
			err = errors.Join(err, n.Close())
		}
	}()
	names := []string{noPlugin, nothing, specguard}
	if o.beforeAgent != "" {
		names = append(names, before)
	}
	for _, name := range names {
		if nodes[name], err = startNode(ctx, cache, o, name); err != nil {
			return nil, err
		}
	}
	if err := startNothing(ctx, cache, nodes[nothing]); err != nil {
		return nil, err
	}
	plain := nodes[noPlugin]
	guards := map[string]*agent.Agent{}
	for name, program := range map[string]string{specguard: binary, before: o.beforeAgent} {
		if program == "" {
			continue
		}
		options, err := agentOptions(ctx, cache, o, program, nodes[name])
		if err != nil {
			return nil, err
		}
		if name == before {
			options.DecisionLogFlag = "--audit-log" // older versions know this name only, newer ones both
		}
		if guards[name], err = agent.Start(ctx, nodes[name], options); err != nil {
			return nil, err
		}
	}
	conditions := makeConditions(nodes, names)
	if err := takeTimes(ctx, conditions, o); err != nil {
		return nil, err
	}
	if err := checkAdjusted(ctx, find(conditions, noPlugin), find(conditions, specguard)); err != nil {
		return nil, err
	}
	memory, err := guards[specguard].Process().Memory()
	if err != nil {
		return nil, err
	}
	r := newReport(o, conditions, info.Size(), memory)
	if r.Calls, r.Agent.WrapperBytes, err = measureCalls(ctx, cache, plain, o.count); err != nil {
		return nil, err
	}
	return r, nil
}

// makeConditions makes those of ordinary containers, of ones that ask by
// themselves for what specguard adjusts, and of ones that mount the host.
func makeConditions(nodes map[string]*node.Node, names []string) []*condition {
	var out []*condition
	for _, name := range names {
		out = append(out, &condition{name: name, node: nodes[name], namespace: "team-bench"})
	}
	plain := nodes[noPlugin]
	out = append(out, &condition{
		name: hardened, node: plain, namespace: "team-bench", options: hardenedOptions(filepath.Join(plain.Dir(), "scratch")),
	})
	for _, name := range names {
		if name == nothing {
			continue
		}
		logs := []cri.ContainerOption{cri.HostPath("/var/log", "/logs", true)}
		out = append(out, &condition{name: name + ofHost, node: nodes[name], namespace: "host-bench", options: logs})
	}
	return out
}

func find(conditions []*condition, name string) *condition {
	for _, c := range conditions {
		if c.name == name {
			return c
		}
	}
	return nil
}

// startNode starts a node; where it is guarded and runs CRI-O its OCI runtime
// is wrapped.
func startNode(ctx context.Context, cache *build.Cache, options options, name string) (*node.Node, error) {
	release := options.release
	programs, err := cache.Programs(ctx, release)
	if err != nil {
		return nil, err
	}
	runc, err := cache.Runc(ctx, release)
	if err != nil {
		return nil, err
	}
	o := node.Options{Programs: programs, Runc: runc}
	if (name == specguard || name == before) && release == build.CRIO {
		wrapper, err := cache.Runtime(ctx)
		if err != nil {
			return nil, err
		}
		if name == before {
			wrapper = options.beforeRuntime
		}
		agent.Wrapping{Binary: wrapper}.Wrap(&o)
	}
	return node.Start(ctx, o)
}

// hardenedOptions makes a container ask by itself for what the built-in policy
// adjusts. So this condition shows what the runtime's own work on a hardened
// container costs, which is not specguard's doing.
func hardenedOptions(scratch string) []cri.ContainerOption {
	return []cri.ContainerOption{
		cri.User(65532), cri.Group(65532), cri.Capabilities(nil, []string{"ALL"}), cri.NoNewPrivs(),
		cri.ReadOnlyRootfs(),
		cri.Resources(&api.LinuxContainerResources{CpuShares: 2, OomScoreAdj: 1000, MemoryLimitInBytes: 256 << 20}),
		cri.HostPath(scratch, "/tmp", false), cri.HostPath(scratch, "/run", false),
	}
}

// takeTimes creates and starts containers, one at a time, on all nodes in turn.
func takeTimes(ctx context.Context, conditions []*condition, o options) error {
	for i, c := range conditions {
		pod, err := c.node.CRI.RunPod(ctx, c.node.CRI.Pod("bench"+strconv.Itoa(i), cri.Namespace(c.namespace)))
		if err != nil {
			return err
		}
		c.pod = pod
	}
	for i := range o.warmup + o.count {
		for j := range conditions {
			c := conditions[(i+j)%len(conditions)]
			create, start, err := c.one(ctx, i)
			if err != nil {
				return fmt.Errorf("%s, container %d: %w", c.name, i, err)
			}
			if i >= o.warmup {
				c.create = append(c.create, create)
				c.start = append(c.start, start)
			}
		}
	}
	return nil
}

// one takes the times of one container. Its removal is not timed.
func (c *condition) one(ctx context.Context, i int) (create, start time.Duration, err error) {
	options := append([]cri.ContainerOption{cri.RuntimeDefaultSeccomp()}, c.options...)
	config := cri.Container("c"+strconv.Itoa(i), node.AppImage, []string{"/bin/sleep", "600"}, options...)
	began := time.Now()
	container, err := c.pod.Create(ctx, config)
	if err != nil {
		return 0, 0, err
	}
	created := time.Now()
	if err := container.Start(ctx); err != nil {
		return 0, 0, err
	}
	started := time.Now()
	return created.Sub(began), started.Sub(created), container.Remove(ctx)
}

// checkAdjusted makes sure that specguard did what it was measured for.
func checkAdjusted(ctx context.Context, plain, guarded *condition) error {
	var caps [2]cri.Caps
	for i, c := range []*condition{plain, guarded} {
		container, err := c.pod.Run(ctx, cri.Container("check", node.AppImage, cri.TellTruth()))
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		truth, err := container.Truth(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		caps[i] = truth.Bounding
	}
	if caps[0] == caps[1] {
		return errors.New("the policies took no capability from a default container: specguard was not measured at work")
	}
	return nil
}
