package plugin

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/containerd/nri/pkg/adaptation"
	"github.com/containerd/nri/pkg/api"
	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"github.com/specguard/specguard/plugin/containerruntime"
	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/recordsize"
	"github.com/specguard/specguard/plugin/wrapperapi"
)

// bounded is a node that is not connected yet, with the default limits.
func bounded(t *testing.T, docs ...string) *node {
	n := offline(t, docs...)
	n.plugin.Limits = recordsize.LimitsFor(recordsize.DefaultContainer)
	return n
}

var filling = strings.Repeat("x", 2<<20)

// large is the container with an environment of that size.
func large(ctr *api.Container, size int) *api.Container {
	ctr.Env = []string{"TOKEN=" + filling[:size]}
	return ctr
}

// TestTooLarge refuses what brings too much, in every namespace.
func TestTooLarge(t *testing.T) {
	const kib = 1 << 10
	system := pod()
	system.Namespace = "kube-system"
	labelled := pod()
	labelled.Id, labelled.Annotations = "labelled", map[string]string{"a": filling[:300*kib]}
	for name, c := range map[string]struct {
		pod  *api.PodSandbox
		size int
		want string
	}{
		"fits":          {pod(), 200 * kib, ""},
		"environment":   {pod(), 300 * kib, "specguard: refused: the container's record of 300.1 KiB is too large: environment 300 KiB (allowed: 256 KiB): "},
		"no policy":     {system, 300 * kib, "specguard: refused: the container's record of 300.1 KiB is too large"},
		"in such a pod": {labelled, 1, "specguard: refused: the pod's record of 300.1 KiB is too large: annotations 300 KiB (allowed: 256 KiB): "},
	} {
		t.Run(name, func(t *testing.T) {
			n := bounded(t, doc("p", "match: {namespaces: [team-a]}", allow))
			n.start(t, "containerd")
			n.connect(n.socket)
			_, err := n.create(c.pod, large(container(), c.size))
			if got := fmt.Sprint(err); err == nil != (c.want == "") || !strings.Contains(got, c.want) || strings.Contains(got, "xx") || strings.Contains(got, "\n") {
				t.Errorf("error %.600s", got)
			}
			if c.want != "" && !strings.Contains(n.recorder.all(), "create "+c.pod.Namespace+"/web-0/app failed: specguard: refused: ") {
				t.Errorf("recorded %.600s", n.recorder.all())
			}
			if n.plugin.Oversized() != 0 {
				t.Errorf("%d oversized", n.plugin.Oversized())
			}
		})
	}
}

// TestTooLargePod refuses a pod where the runtime can take it.
func TestTooLargePod(t *testing.T) {
	n := bounded(t, doc("p", allow))
	n.start(t, "containerd") // 2.4.2
	n.connect(n.socket)
	p := pod()
	p.Labels["a"] = filling[:1<<20]
	run := func() error {
		return n.RunPodSandbox(context.Background(), &api.RunPodSandboxRequest{Pod: p})
	}
	if err := run(); err == nil || !strings.Contains(err.Error(), "specguard: refused: the pod's record of 1 MiB is too large: labels 1 MiB (allowed: 256 KiB)") {
		t.Errorf("error %v", err)
	}
	n.version("v2.1.0")
	if err := run(); err != nil {
		t.Error(err)
	}
	if want := "reported, not refused, because containerd v2.1.0 would not start again after that"; !strings.Contains(n.recorder.all(), want) || n.plugin.Oversized() != 1 {
		t.Errorf("%d oversized, recorded %s", n.plugin.Oversized(), n.recorder.all())
	}
	if err := n.RemovePodSandbox(context.Background(), &api.RemovePodSandboxRequest{Pod: p}); err != nil || n.plugin.Oversized() != 0 {
		t.Errorf("%d oversized, %v", n.plugin.Oversized(), err)
	}
}

// TestTooLargeIsReported: an agent that enforces nothing refuses nothing.
func TestTooLargeIsReported(t *testing.T) {
	n := bounded(t, doc("p", auditing, allow))
	n.start(t, "containerd")
	n.connect(n.socket)
	if _, err := n.create(pod(), large(container(), 1<<20)); err != nil {
		t.Error(err)
	}
	if want := "create team-a/web-0/app failed: specguard: reported, not refused, because no policy is enforced: "; !strings.Contains(n.recorder.all(), want) || n.plugin.Oversized() != 1 {
		t.Errorf("%d oversized, recorded %s", n.plugin.Oversized(), n.recorder.all())
	}
	if _, err := n.StopContainer(context.Background(), &api.StopContainerRequest{Pod: pod(), Container: container()}); err != nil || n.plugin.Oversized() != 0 {
		t.Errorf("%d oversized, %v", n.plugin.Oversized(), err)
	}
}

// TestDeniedCountsNothing: a container that a policy denies takes no room,
// whoever asks for the judgement.
func TestDeniedCountsNothing(t *testing.T) {
	for name, c := range map[string]struct {
		opener judge.Opener
		kind   wrapperapi.Kind
		rules  string
	}{
		"by what NRI shows": {judge.ByWrapper{Program: "/opt/specguard-runtime"}, "", "rules: {hostPaths: {allowed: []}}"},
		"by the wrapper":    {judge.ByWrapper{Program: "/opt/specguard-runtime"}, wrapperapi.Create, refuse},
		"by the hook":       {judge.ByHook{Program: "/opt/specguard-runtime"}, wrapperapi.Verify, refuse},
	} {
		t.Run(name, func(t *testing.T) {
			n := bounded(t, doc("p", c.rules))
			n.plugin.Openers = func(string) (judge.Opener, error) { return c.opener, nil }
			n.start(t, containerruntime.CRIO)
			n.connect(n.socket)
			for i := range 40 {
				ctr := large(container(), 250<<10)
				ctr.Id, ctr.Name = fmt.Sprint(i), fmt.Sprint(i)
				ctr.Mounts = []*api.Mount{{Destination: "/host", Type: "bind", Source: "/etc", Options: []string{"rbind"}}}
				_, err := n.create(pod(), ctr)
				if c.kind == "" {
					if err == nil || !strings.Contains(err.Error(), "hostPaths") {
						t.Fatalf("container %d: %v", i, err)
					}
					continue
				}
				if err != nil {
					t.Fatalf("container %d: %v", i, err)
				}
				if a := n.plugin.Judge(t.Context(), wrapperapi.Request{Kind: c.kind, ID: ctr.GetId(), Spec: []byte(n.store.get(container().GetId()))}); a.Verdict != wrapperapi.Forbidden {
					t.Fatalf("container %d: %+v", i, a)
				}
			}
		})
	}
}

// TestGrowsByUpdates: a container that is updated does not come to bring more than
// one may when it is created.
func TestGrowsByUpdates(t *testing.T) {
	for name, c := range map[string]struct {
		doc      string
		oversize int
		refused  bool
	}{
		"enforced":  {doc("p", allow), 0, true},
		"elsewhere": {doc("p", elsewhere, allow), 0, true},
		"audited":   {doc("p", auditing, allow), 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			n := bounded(t, c.doc)
			n.start(t, "containerd")
			n.connect(n.socket)
			ctr := large(container(), 200<<10)
			if _, err := n.create(pod(), ctr); err != nil {
				t.Fatal(err)
			}
			refused := 0
			for i := range 100 { // as a runtime does: it keeps the old ones
				r := &api.LinuxResources{Unified: map[string]string{fmt.Sprint("key.", i): filling[:10<<10]}}
				_, err := n.UpdateContainer(context.Background(), &api.UpdateContainerRequest{Pod: pod(), Container: proto.Clone(ctr).(*api.Container), LinuxResources: r})
				if err == nil {
					proto.Merge(ctr, &api.Container{Linux: &api.LinuxContainer{Resources: r}})
					continue
				}
				if refused++; !strings.Contains(err.Error(), "specguard: refused: the container's record of ") {
					t.Fatal(err)
				}
			}
			if c.refused != (refused > 0) || c.refused != (proto.Size(ctr) <= n.plugin.Limits.Container) || n.plugin.Oversized() != c.oversize {
				t.Errorf("%d refused, %d bytes, %d oversized", refused, proto.Size(ctr), n.plugin.Oversized())
			}
		})
	}
}

// TestSameNameCounts: whoever calls CRI can create many containers of one name.
// Those that failed to come to be count once.
func TestSameNameCounts(t *testing.T) {
	for name, c := range map[string]struct {
		runtime  string
		happens  func(*node, *api.Container) error
		admitted int
	}{
		"CRI-O, created":      {"cri-o", func(n *node, c *api.Container) error { return n.post(pod(), c) }, 8},
		"CRI-O, failed":       {"cri-o", func(*node, *api.Container) error { return nil }, 40},
		"containerd, started": {"containerd", startNow, 8},
		"containerd, failed":  {"containerd", func(n *node, c *api.Container) error { return n.post(pod(), c) }, 40},
	} {
		t.Run(name, func(t *testing.T) {
			n := bounded(t, doc("p", elsewhere, allow))
			n.plugin.Openers = func(runtime string) (judge.Opener, error) {
				if runtime == containerruntime.CRIO {
					return judge.ByWrapper{Program: "/opt/specguard-runtime"}, nil
				}
				return judge.InStore{Specs: n.store}, nil
			}
			n.start(t, c.runtime)
			n.connect(n.socket)
			admitted := 0
			for i := range 40 {
				ctr := large(container(), 250<<10)
				ctr.Id = fmt.Sprint("attempt", i)
				if _, err := n.create(pod(), ctr); err != nil {
					continue
				}
				admitted++
				if err := c.happens(n, ctr); err != nil {
					t.Fatal(err)
				}
			}
			if admitted != c.admitted {
				t.Errorf("%d admitted", admitted)
			}
		})
	}
}

func startNow(n *node, c *api.Container) error {
	return n.StartContainer(context.Background(), &api.StartContainerRequest{Pod: pod(), Container: c})
}

// TestLimitsSynchronize has real NRI tell the plugin of nodes that the limits let
// be, in a random order. The race detector makes it slow; e2e measures the time.
func TestLimitsSynchronize(t *testing.T) {
	adaptation.SetPluginRequestTimeout(30 * time.Second)
	t.Cleanup(func() { adaptation.SetPluginRequestTimeout(adaptation.DefaultPluginRequestTimeout) })
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			n := bounded(t, doc("p", elsewhere, allow))
			admitted := 0
			for i := range 100 + r.IntN(150) {
				p := pod()
				p.Id, p.Name = fmt.Sprint("pod", i), fmt.Sprint("pod", i)
				size := []int{2 << 10, 12 << 10, 110 << 10, 250 << 10}[r.IntN(4)]
				n.pods = append(n.pods, p)
				for k := range 1 + r.IntN(9) {
					c := large(container(), size)
					c.PodSandboxId, c.Id, c.Name = p.Id, fmt.Sprint(i, ".", k), fmt.Sprint(k)
					if n.plugin.ledger.Enter(n.plugin.Limits, recordsize.RecordOf(p, nil), recordsize.RecordOf(p, c)) == nil {
						n.ctrs = append(n.ctrs, c)
						admitted += size
					}
				}
			}
			r.Shuffle(len(n.ctrs), func(i, j int) { n.ctrs[i], n.ctrs[j] = n.ctrs[j], n.ctrs[i] })
			r.Shuffle(len(n.pods), func(i, j int) { n.pods[i], n.pods[j] = n.pods[j], n.pods[i] })
			n.start(t, "containerd")
			n.connect(n.socket)
			t.Logf("%d pods, %d containers, %d MiB in %s", len(n.pods), len(n.ctrs), admitted>>20, n.synced)
			if n.plugin.SynchronizeFailures() > 0 {
				t.Errorf("%d failures", n.plugin.SynchronizeFailures())
			}
		})
	}
}

// listing is a runtime that lists what NRI would tell.
type listing struct {
	mu      sync.Mutex
	records []recordsize.Record
	err     error
}

func (l *listing) Records(context.Context) ([]recordsize.Record, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.records, l.err
}

// TestGivesUp: the agent says why the runtime gives up, does not ask it in a
// loop, and connects when what is too large is gone.
func TestGivesUp(t *testing.T) {
	n := bounded(t, doc("p", allow))
	n.pods = []*api.PodSandbox{pod()}
	for i := range 5 {
		p := pod()
		p.Id = fmt.Sprint("other", i)
		n.pods = append(n.pods, p)
	}
	for i := range 20 {
		c := large(container(), 1100<<10)
		c.Id, c.Name = fmt.Sprint(i), fmt.Sprint("big-", i)
		n.ctrs = append(n.ctrs, c)
	}
	l := &listing{records: recordsize.Records(n.pods, n.ctrs)}
	n.plugin.RecordsOf = func(runtime string) (RecordLister, error) {
		if runtime != "containerd" {
			return nil, errors.New("which")
		}
		return l, nil
	}
	n.start(t, "containerd")
	n.run(n.socket)
	waitFor(t, "a name", func() bool {
		return n.logged(logrus.WarnLevel, "team-a/web-0, container big-") != ""
	})
	if n.logged(logrus.WarnLevel, "; and 19 more in the pod") == "" || n.logged(logrus.ErrorLevel, "gave up before it had reported the running containers") == "" || n.plugin.Connected() || n.plugin.Oversized() != 20 {
		t.Errorf("connected %v, %d oversized, log %v", n.plugin.Connected(), n.plugin.Oversized(), n.log.AllEntries())
	}
	time.Sleep(4 * time.Second)
	if got := n.plugin.SynchronizeFailures(); got < 2 || got > 3 {
		t.Errorf("%d failures in 4 s", got)
	}
	block := n.BlockPluginSync()
	n.ctrs = nil
	block.Unblock()
	l.mu.Lock()
	l.records = nil
	l.mu.Unlock()
	n.connected()
	if n.plugin.Oversized() != 0 {
		t.Errorf("%d oversized", n.plugin.Oversized())
	}
	if n.plugin.attempts.pause != 0 {
		t.Errorf("the next pause follows %s", n.plugin.attempts.pause)
	}
}

// TestPauses grow to minutes, and begin again after a success.
func TestPauses(t *testing.T) {
	var a attempts
	var got []string
	for range 11 {
		got = append(got, a.failure().String())
	}
	if want := "1s 2s 4s 8s 16s 32s 1m4s 2m8s 4m16s 5m0s 5m0s"; strings.Join(got, " ") != want {
		t.Errorf("pauses %s", got)
	}
	if a.succeeded(); a.failure() != time.Second || a.failed != 12 {
		t.Errorf("%d failures, pause %s", a.failed, a.pause)
	}
}
