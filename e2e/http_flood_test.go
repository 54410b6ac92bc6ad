package e2e_test

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/specguard/specguard/e2e/agent"
	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/node"
	"github.com/specguard/specguard/e2e/scope"
)

// eachFlooded runs a test on nodes with an agent that every pod can reach: on
// containerd, and where the OCI runtime wrapper opens seals.
func eachFlooded(t *testing.T, test func(t *testing.T, g *guarded)) {
	for _, n := range []struct {
		release build.Release
		wrapped bool
	}{{build.Containerd2, false}, {build.Containerd1, false}, {build.Containerd2, true}, {build.CRIO, true}} {
		name, opener := n.release.String(), "containerd"
		if n.wrapped {
			name, opener = name+" wrapped", "runtime"
		}
		t.Run(name, func(t *testing.T) {
			var change func(*node.Options)
			if n.wrapped {
				change = lab.Wrap(t, agent.Wrapping{})
			}
			g := &guarded{Node: lab.Private(t, n.release, change)}
			var err error
			g.agent, err = agent.Start(t.Context(), g.Node, agent.Options{
				Binary: agentBinary(t), Opener: opener, Config: "host: {kubeletDir: " + g.KubeletDir() + "}\n",
				Policies: map[string]string{"hardening.yaml": hardening},
			})
			if err != nil {
				t.Fatal(err)
			}
			test(t, g)
		})
	}
}

// TestHeadersFlood has 600 clients begin a request with 960 KB of headers.
func TestHeadersFlood(t *testing.T) {
	eachFlooded(t, func(t *testing.T, g *guarded) {
		before := g.memory(t)
		headers := "GET /metrics HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X-Header: "+strings.Repeat("a", 4000)+"\r\n", 240)
		var sent atomic.Int64
		var clients sync.WaitGroup
		for range 600 {
			clients.Go(func() {
				conn, err := net.DialTimeout("tcp", g.agent.Address(), 3*time.Second)
				if err != nil {
					return // the agent does not take it
				}
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(3 * time.Second))
				n, _ := io.WriteString(conn, headers)
				sent.Add(int64(n))
				conn.Read(make([]byte, 1)) // stays until the agent has enough
			})
		}
		clients.Wait()
		after := g.memory(t)
		t.Logf("%d MB of headers were sent, memory was %d MB and at most %d MB", sent.Load()>>20, before.RSS>>20, after.Peak>>20)
		if after.Peak >= 64<<20 {
			t.Error("want less than 64 MB")
		}
		g.works(t)
	})
}

func (g *guarded) memory(t *testing.T) scope.Memory {
	t.Helper()
	m, err := g.agent.Process().Memory()
	if err != nil {
		t.Fatalf("%v: %s", err, g.agent.Log())
	}
	return m
}

// TestMetricsFlood has a tenant that burns its CPUs read the metrics all the
// time, while the agent has the DaemonSet's CPU request.
func TestMetricsFlood(t *testing.T) {
	eachFlooded(t, func(t *testing.T, g *guarded) {
		tenant := g.busy(t)
		evil, good := g.pod(t, "evil"), g.pod(t, "good")
		for _, clients := range []int{0, 64, 200} {
			var seen fates
			answers := g.flood(t, tenant, clients)
			judged := len(g.judgements(t))
			before, began := g.cpuTime(t), time.Now()
			for i := 0; time.Since(began) < floodTime; i++ {
				name := fmt.Sprintf("%d-%d", clients, i)
				seen.forbidden(evil.Run(t.Context(), cri.Container("evil-"+name, node.AppImage, sleep, cri.HostPath("/etc", "/host", false))))
				start := time.Now()
				_, err := good.Run(t.Context(), cri.Container("good-"+name, node.AppImage, sleep))
				seen.legitimate(time.Since(start), err)
			}
			share := (g.cpuTime(t) - before).Seconds() / time.Since(began).Seconds()
			t.Logf("%d clients, %d answers, agent at %.1f%% of a CPU: %s; judged in %s",
				clients, answers(), 100*share, &seen, spread(g.judgements(t)[judged:]))
			if seen.ran > 0 || len(seen.failed) > 0 || len(seen.took) == 0 {
				t.Errorf("%d clients: want that no forbidden container runs and that every other one does: %q", clients, seen.failed)
			}
		}
	})
}

const floodTime = 3 * time.Second

var sleep = []string{"sleep", "600"}

// fates are what became of containers.
type fates struct {
	ran, denied, late int // of the forbidden ones
	took              []time.Duration
	failed            []string
}

func (f *fates) forbidden(_ *cri.Running, err error) {
	switch {
	case err == nil:
		f.ran++
	case strings.Contains(err.Error(), "denied by policy"):
		f.denied++
	default:
		f.late++
	}
}

func (f *fates) legitimate(took time.Duration, err error) {
	if err != nil {
		f.failed = append(f.failed, err.Error())
		return
	}
	f.took = append(f.took, took)
}

func (f *fates) String() string {
	text := fmt.Sprintf("forbidden: %d ran, %d denied, %d refused otherwise; legitimate: %d started, %d did not",
		f.ran, f.denied, f.late, len(f.took), len(f.failed))
	return text + ", in " + spread(f.took)
}

// judgements are how long the agent took for each of its decisions so far.
func (g *guarded) judgements(t *testing.T) []time.Duration {
	t.Helper()
	lines, err := g.agent.Audit()
	if err != nil {
		t.Fatal(err)
	}
	var all []time.Duration
	for _, l := range lines {
		if durations, ok := l["durations"].(map[string]any); ok {
			all = append(all, time.Duration(durations["totalMicros"].(float64))*time.Microsecond)
		}
	}
	return all
}

// spread tells the median and the longest.
func spread(all []time.Duration) string {
	if len(all) == 0 {
		return "no time"
	}
	all = slices.Sorted(slices.Values(all))
	return fmt.Sprintf("%d ms (median) to %d ms (longest)", all[len(all)/2].Milliseconds(), all[len(all)-1].Milliseconds())
}
