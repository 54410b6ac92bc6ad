package recordsize_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/containerd/nri/pkg/api"

	"github.com/specguard/specguard/plugin/recordsize"
)

// sandbox and member are records of a pod and of a container of it.
func sandbox(id string, size int) recordsize.Record {
	return recordsize.Record{Namespace: "team-a", Pod: id, SandboxID: id, Size: size}
}

func member(pod, name, id string, size int) recordsize.Record {
	return recordsize.Record{Namespace: "team-a", Pod: pod, SandboxID: pod, Container: name, ID: id, Size: size}
}

// full is a ledger in which large pods have taken all that they share.
func full(t *testing.T) *recordsize.Ledger {
	t.Helper()
	l := &recordsize.Ledger{}
	n := 0
	for _, size := range []int{256 * kib, 128 * kib, 113 * kib} { // the last counts 1 KiB
		for {
			id := fmt.Sprint("full", n)
			if l.Enter(limits(), sandbox(id, kib), member(id, "a", id+"a", size)) != nil {
				l.SandboxRemoved(id)
				break
			}
			if n++; n > 200 {
				t.Fatal("there is no limit")
			}
		}
	}
	return l
}

// TestShare: what large pods share is given back, and what is free is nobody's.
func TestShare(t *testing.T) {
	again := member("full0", "a", "other", 256*kib)
	for name, c := range map[string]struct {
		free  func(*recordsize.Ledger)
		enter []recordsize.Record
		want  string
	}{
		"nothing left":            {nil, []recordsize.Record{sandbox("x", kib), member("x", "a", "xa", 200*kib)}, "the pod and its 1 container have records of 216 KiB, and the pods of this node have "},
		"nor for another":         {nil, []recordsize.Record{member("full0", "b", "xb", kib)}, "the pod and its 2 containers"},
		"nor for many small ones": {nil, small(9), "the pod and its 8 containers have records of 144 KiB"},
		"nor for a sandbox":       {nil, []recordsize.Record{sandbox("x", 60*kib)}, "the pod and its 0 containers have records of 60 KiB"},
		"ordinary":                {nil, small(7), ""},
		"as large as is free":     {nil, []recordsize.Record{sandbox("x", 16*kib), member("x", "a", "xa", 112*kib)}, ""},
		"in place of its like":    {nil, []recordsize.Record{again}, ""},
		"one ended":               {func(l *recordsize.Ledger) { l.ContainerGone("full0a") }, []recordsize.Record{sandbox("x", kib), member("x", "a", "xa", 200*kib)}, ""},
		"a pod stopped":           {func(l *recordsize.Ledger) { l.SandboxStopped("full0") }, []recordsize.Record{sandbox("x", kib), member("x", "a", "xa", 200*kib)}, ""},
		"a pod is gone":           {func(l *recordsize.Ledger) { l.SandboxRemoved("full0") }, []recordsize.Record{sandbox("x", kib), member("x", "a", "xa", 200*kib)}, ""},
		"another is gone":         {func(l *recordsize.Ledger) { l.ContainerGone("nobody") }, []recordsize.Record{sandbox("x", kib), member("x", "a", "xa", 200*kib)}, "the pod and its"},
		"begun anew":              {func(l *recordsize.Ledger) { l.Reset(nil) }, []recordsize.Record{sandbox("x", kib), member("x", "a", "xa", 200*kib)}, ""},
		"too large by itself":     {func(l *recordsize.Ledger) { l.Reset(nil) }, []recordsize.Record{sandbox("x", kib), member("x", "a", "xa", 257*kib)}, "the container's record of 257 KiB is too large"},
	} {
		t.Run(name, func(t *testing.T) {
			l := full(t)
			if c.free != nil {
				c.free(l)
			}
			why := l.Enter(limits(), c.enter...)
			if (why == nil) != (c.want == "") || why != nil && !strings.Contains(why.Error(), "specguard: refused: "+c.want) {
				t.Errorf("got %v", why)
			}
		})
	}
}

// TestGrow: what is updated counts as what it becomes. Small updates are let
// through on a full node, and add up to no more than one of them.
func TestGrow(t *testing.T) {
	l := full(t)
	for range 10 {
		if why := l.Grow(limits(), member("full0", "a", "full0a", 257*kib)); why != nil {
			t.Fatal(why)
		}
	}
	for name, c := range map[string]struct {
		record recordsize.Record
		want   string
	}{
		"too large by itself": {member("full0", "a", "full0a", 257*kib+1), "the container's record of 257 KiB is too large"},
		"nothing left":        {member("x", "a", "xa", 200*kib), "the pod and its 1 container have records of 216 KiB"},
		"fits":                {member("x", "a", "xa", 100*kib), ""},
	} {
		if why := l.Enter(limits(), small(2)[0], member("x", "a", "xa", kib)); why != nil {
			t.Fatal(why)
		}
		why := l.Grow(limits(), c.record)
		if (why == nil) != (c.want == "") || why != nil && !strings.Contains(why.Error(), "specguard: refused: "+c.want) {
			t.Errorf("%s: got %v", name, why)
		}
		l.SandboxRemoved("x")
	}
	if why := l.Enter(limits(), sandbox("x", kib), member("x", "a", "xa", 60*kib)); why != nil {
		t.Fatal(why)
	}
	if why := l.Grow(limits(), member("x", "a", "xa", 100*kib)); why != nil {
		t.Fatal(why)
	}
	if why := l.Enter(limits(), member("x", "b", "xb", 16*kib)); why == nil {
		t.Error("what it has grown by does not count")
	}
}

// TestSameName: containers of one name count each, if the runtime tells when they
// end. Those that may have ended without a word are replaced.
func TestSameName(t *testing.T) {
	var ids []string
	attempts := func(l *recordsize.Ledger, lives bool) (entered int) {
		for range 100 {
			id := fmt.Sprint("attempt", len(ids))
			ids = append(ids, id)
			if l.Enter(limits(), sandbox("x", kib), member("x", "a", id, 250*kib)) == nil {
				entered++
			}
			if lives {
				l.ContainerLives(id)
			}
		}
		return entered
	}
	if got := attempts(&recordsize.Ledger{}, false); got != 100 {
		t.Errorf("%d of 100 that failed", got)
	}
	var l recordsize.Ledger
	ids = nil
	live := attempts(&l, true)
	if live == 0 || live > 9 {
		t.Errorf("%d that live", live)
	}
	for i := range live {
		if again := attempts(&l, true); again > 0 {
			t.Errorf("%d more", again)
		}
		l.ContainerGone(ids[i])
		if again := attempts(&l, true); again != 1 {
			t.Errorf("%d in place of one that ended", again)
		}
	}
	l.Reset([]recordsize.Record{sandbox("x", kib), member("x", "a", "1", 250*kib), member("x", "a", "2", 250*kib)})
	if got := attempts(&l, true); got >= live {
		t.Errorf("%d beside those that were there, %d without", got, live)
	}
}

// small are an ordinary pod's records, so many in all.
func small(n int) []recordsize.Record {
	out := []recordsize.Record{sandbox("x", 2*kib)}
	for i := range n - 1 {
		out = append(out, member("x", fmt.Sprint(i), fmt.Sprint("x", i), 3*kib))
	}
	return out
}

func TestNoLimit(t *testing.T) {
	var l recordsize.Ledger
	none := recordsize.Limits{}
	if why := l.Enter(none, sandbox("x", 1<<30), member("x", "a", "xa", 1<<30)); why != nil || l.Oversized(none) != 0 || none.Oversized([]recordsize.Record{sandbox("x", 1<<30)}) != nil {
		t.Errorf("%v", why)
	}
}

func TestGuaranteed(t *testing.T) {
	for size, want := range map[int]bool{0: false, 64 * kib: true, 256 * kib: true, 256*kib + 1: false} {
		if got := recordsize.LimitsFor(size).Guaranteed(); got != want {
			t.Errorf("%d: %v", size, got)
		}
	}
}

// TestOversized names what is too large, the largest first, else what has most.
func TestOversized(t *testing.T) {
	all := []recordsize.Record{sandbox("x", kib), member("x", "a", "xa", 300*kib), member("x", "b", "xb", 3*kib), sandbox("y", 1<<20)}
	got := limits().Oversized(all)
	if len(got) != 2 || got[0].Name() != "team-a/y" || got[1].Name() != "team-a/x, container a" || !strings.HasPrefix(got[1].Finding(), "the container's record of 300 KiB is too large: ") {
		t.Errorf("%v", got)
	}
	all = nil
	for i := range 30 {
		id := fmt.Sprint("p", i)
		all = append(all, sandbox(id, kib), member(id, "a", id+"a", 200*kib+i))
	}
	all = append(all, sandbox("small", kib), member("small", "a", "small-a", kib))
	if got := limits().Oversized(all); len(got) != 30 || got[0].Name() != "team-a/p29" {
		t.Errorf("%d: %v", len(got), got)
	}
	if got := limits().Oversized(all[:10]); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

// TestRecords are of what NRI tells.
func TestRecords(t *testing.T) {
	pod := &api.PodSandbox{Id: "5d1c", Name: "web-0", Namespace: "team-a"}
	ctr := func(id string, state api.ContainerState) *api.Container {
		return &api.Container{Id: id, PodSandboxId: "5d1c", Name: "k8s_app", Labels: map[string]string{"io.kubernetes.container.name": "app"}, State: state,
			Env: []string{"TOKEN=" + filling[:100*kib]}, Args: []string{filling[:10*kib]}}
	}
	got := recordsize.Records([]*api.PodSandbox{pod}, []*api.Container{
		ctr("runs", api.ContainerState_CONTAINER_RUNNING), ctr("made", api.ContainerState_CONTAINER_CREATED), ctr("ended", api.ContainerState_CONTAINER_STOPPED),
	})
	if len(got) != 3 || got[0].Name() != "team-a/web-0" || got[0].Parts != "" || got[1].Name() != "team-a/web-0, container app" || got[2].ID != "made" {
		t.Fatalf("%+v", got)
	}
	if want := "environment 100 KiB, arguments 10 KiB"; got[1].Parts != want || got[1].Size < 110*kib || got[1].Size > 111*kib {
		t.Errorf("%d bytes: %s", got[1].Size, got[1].Parts)
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[int]string{0: "0 bytes", 1023: "1023 bytes", 1 << 10: "1 KiB", 1536: "1.5 KiB", 1 << 20: "1 MiB", 1153434: "1.1 MiB"} {
		if got := recordsize.Bytes(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
