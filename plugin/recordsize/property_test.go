package recordsize_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/containerd/nri/pkg/api"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/specguard/specguard/plugin/recordsize"
)

// node is what a runtime has, as far as the limits let it.
type node struct {
	ledger recordsize.Ledger
	pods   []*api.PodSandbox
	ctrs   []*api.Container
}

func limits() recordsize.Limits { return recordsize.LimitsFor(recordsize.DefaultContainer) }

// filling is shared by all messages, so that a node costs next to nothing.
var filling = strings.Repeat("x", 2<<20)

// pod adds a pod whose record is about that large, unless it is refused.
func (n *node) pod(namespace string, size int) *api.PodSandbox {
	p := &api.PodSandbox{Id: fmt.Sprintf("%064d", len(n.pods)), Namespace: namespace, Annotations: map[string]string{"a": ""}}
	p.Annotations["a"] = filling[:max(0, size-proto.Size(p)-6)]
	if n.ledger.Enter(limits(), recordsize.RecordOf(p, nil)) != nil {
		return nil
	}
	n.pods = append(n.pods, p)
	return p
}

// containers adds containers to the pod as long as they are not refused.
func (n *node) containers(p *api.PodSandbox, count, size int) {
	for range count {
		c := &api.Container{Id: fmt.Sprintf("%064d", len(n.ctrs)), PodSandboxId: p.GetId(), Env: []string{""}}
		c.Name = c.Id[54:]
		c.Env[0] = filling[:max(0, size-proto.Size(c)-3)]
		if n.ledger.Enter(limits(), recordsize.RecordOf(p, c)) != nil {
			return
		}
		c.Args = []string{filling[:kib]} // what updates may add
		n.ctrs = append(n.ctrs, c)
	}
}

// kind is of pods: what one tries to have.
type kind struct{ pods, sandbox, containers, size int }

const (
	kib     = 1 << 10
	maxPods = 250
)

// sizesToTry are at the limits and between them.
func drawSize(t *rapid.T, name string) int {
	return rapid.OneOf(
		rapid.SampledFrom([]int{1536, 16 * kib, 32 * kib, 56 * kib, 112 * kib, 128 * kib, 256 * kib}),
		rapid.IntRange(1536, 20*kib),
		rapid.IntRange(1536, recordsize.DefaultContainer),
	).Draw(t, name)
}

func drawNode(t *rapid.T) *node {
	n := &node{}
	// A node has what makes it one: some daemons.
	for range rapid.IntRange(4, 12).Draw(t, "daemons") {
		n.containers(n.pod("kube-system", 2*kib), 1, 8*kib)
	}
	var kinds []kind
	for i := range rapid.IntRange(1, 4).Draw(t, "kinds") {
		kinds = append(kinds, kind{
			pods:       rapid.OneOf(rapid.IntRange(1, 12), rapid.IntRange(1, maxPods)).Draw(t, fmt.Sprint("pods ", i)),
			sandbox:    rapid.OneOf(rapid.IntRange(1*kib, 4*kib), rapid.Just(16*kib), rapid.IntRange(1*kib, 256*kib)).Draw(t, fmt.Sprint("sandbox ", i)),
			containers: rapid.OneOf(rapid.IntRange(0, 4), rapid.IntRange(5, 60)).Draw(t, fmt.Sprint("containers ", i)),
			size:       drawSize(t, fmt.Sprint("size ", i)),
		})
	}
	for _, k := range kinds {
		for range min(k.pods, maxPods-len(n.pods)) {
			if p := n.pod("team-a", k.sandbox); p != nil {
				n.containers(p, k.containers, k.size)
			}
		}
	}
	return n
}

// arrange puts pods and containers in the order in which a runtime might list
// them: CRI-O by creation, containerd at random, and the worst.
func (n *node) arrange(order string, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 0))
	size := func(a, b proto.Message) int { return proto.Size(b) - proto.Size(a) }
	switch order {
	case "newest first":
		slices.Reverse(n.pods)
		slices.Reverse(n.ctrs)
	case "random":
		r.Shuffle(len(n.pods), func(i, j int) { n.pods[i], n.pods[j] = n.pods[j], n.pods[i] })
		r.Shuffle(len(n.ctrs), func(i, j int) { n.ctrs[i], n.ctrs[j] = n.ctrs[j], n.ctrs[i] })
	case "largest first":
		slices.SortStableFunc(n.ctrs, func(a, b *api.Container) int { return size(a, b) })
		slices.SortStableFunc(n.pods, func(a, b *api.PodSandbox) int { return size(a, b) })
	case "smallest first":
		slices.SortStableFunc(n.ctrs, func(a, b *api.Container) int { return size(b, a) })
		slices.SortStableFunc(n.pods, func(a, b *api.PodSandbox) int { return size(b, a) })
	case "largest containers first":
		slices.SortStableFunc(n.ctrs, func(a, b *api.Container) int { return size(a, b) })
	}
}

var orders = []string{"oldest first", "newest first", "random", "largest first", "smallest first", "largest containers first"}

// TestAlwaysSynchronizes: what the limits let be on a node, NRI can tell of, in
// whatever order, and after any pods are gone.
func TestAlwaysSynchronizes(t *testing.T) {
	split := 0
	rapid.Check(t, func(t *rapid.T) {
		n := drawNode(t)
		if rapid.Bool().Draw(t, "some go") { // any subset of what was let in is let in
			keep := rapid.Float64Range(0, 1).Draw(t, "share that stays")
			r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "which"), 1))
			gone := map[string]bool{}
			n.pods = slices.DeleteFunc(n.pods, func(p *api.PodSandbox) bool {
				gone[p.Id] = p.Namespace == "team-a" && r.Float64() > keep
				return gone[p.Id]
			})
			n.ctrs = slices.DeleteFunc(n.ctrs, func(c *api.Container) bool { return gone[c.PodSandboxId] })
		}
		for _, order := range orders {
			n.arrange(order, rapid.Uint64().Draw(t, "seed"))
			messages, err := splits(sizes(n.pods), sizes(n.ctrs))
			if err != nil {
				t.Fatalf("%d pods, %d containers, %d KiB, %s: %v", len(n.pods), len(n.ctrs), (sum(sizes(n.pods))+sum(sizes(n.ctrs)))>>10, order, err)
			}
			if messages > 1 {
				split++
			}
		}
	})
	if split < 20 {
		t.Errorf("only %d nodes were told in more than one message", split)
	}
}
