package plugin

import (
	"context"
	"testing"

	"github.com/containerd/nri/pkg/api"

	"github.com/specguard/specguard/policy"
)

const (
	mebi  = 1 << 20
	bound = "rules: {resources: {onViolation: adjust, memory: {max: 256Mi}}}"
	limit = "rules: {resources: {memory: {max: 256Mi}}}"
)

func TestUpdate(t *testing.T) {
	for name, c := range map[string]struct {
		doc   string
		asked int64
		given int64 // 0: as it was asked for
		err   string
		lines []string
	}{
		"bounded":              {doc("p", bound), 512 * mebi, 256 * mebi, "", []string{"update team-a/web-0/app adjusted"}},
		"within bounds":        {doc("p", bound), 128 * mebi, 0, "", []string{"update team-a/web-0/app allowed"}},
		"denied":               {doc("p", limit), 512 * mebi, 0, `specguard: denied by policy "p": resources: memory limit 512Mi is too high (allowed: at most 256Mi). In the pod: set resources.limits.memory to at most 256Mi`, []string{"update team-a/web-0/app denied"}},
		"within limit":         {doc("p", limit), 128 * mebi, 0, "", []string{"update team-a/web-0/app allowed"}},
		"audit":                {doc("p", auditing, limit), 512 * mebi, 0, "", []string{"update team-a/web-0/app allowed audit:resources"}},
		"no policy matches":    {doc("p", elsewhere, limit), 512 * mebi, 0, "", nil},
		"no rule of resources": {doc("p", strip), 512 * mebi, 0, "", []string{"update team-a/web-0/app allowed"}},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, c.doc)
			res, err := n.update(c.asked)
			if message(err) != c.err {
				t.Errorf("error %q, want %q", message(err), c.err)
			}
			n.recorder.expect(t, c.lines...)
			if gets, puts := n.store.calls(); gets+puts > 0 {
				t.Errorf("%d gets, %d puts", gets, puts)
			}
			if err != nil {
				return
			}
			if len(res.GetUpdate()) != 1 {
				t.Fatalf("updates %v", res.GetUpdate())
			}
			if got := res.GetUpdate()[0].GetLinux().GetResources().GetMemory().GetLimit().GetValue(); got != c.given {
				t.Errorf("limit %d", got)
			}
		})
	}
}

// TestUpdateNothing has an update without resources.
func TestUpdateNothing(t *testing.T) {
	n := offline(t, doc("p", limit))
	updates, err := nriEvents{n.plugin}.UpdateContainer(t.Context(), pod(), container(), nil)
	if err != nil || updates != nil {
		t.Errorf("updates %v, error %v", updates, err)
	}
	n.recorder.expect(t)
}

// TestUpdateKeepsTheRest bounds one limit and leaves the others as they were
// asked for.
func TestUpdateKeepsTheRest(t *testing.T) {
	n := offline(t, doc("p", bound))
	updates, err := nriEvents{n.plugin}.UpdateContainer(t.Context(), pod(), container(), &api.LinuxResources{
		Memory:  &api.LinuxMemory{Limit: api.Int64(512 * mebi)},
		Cpu:     &api.LinuxCPU{Shares: api.UInt64(100), Quota: api.Int64(5000), Cpus: "0-1"},
		Pids:    &api.LinuxPids{Limit: 7},
		Unified: map[string]string{"memory.high": "100"},
	})
	if err != nil || len(updates) != 1 {
		t.Fatalf("updates %v, error %v", updates, err)
	}
	r := updates[0].GetLinux().GetResources()
	if updates[0].GetContainerId() != "9b7e" || r.GetMemory().GetLimit().GetValue() != 256*mebi ||
		r.GetCpu().GetShares().GetValue() != 100 || r.GetCpu().GetQuota().GetValue() != 5000 || r.GetCpu().GetCpus() != "0-1" ||
		r.GetPids().GetLimit() != 7 || r.GetUnified()["memory.high"] != "100" {
		t.Errorf("updates %v", updates)
	}
}

// TestUpdateTakesBack has updates in which something must not stay: NRI puts
// the answer over the update, and what the answer lacks stays in force.
func TestUpdateTakesBack(t *testing.T) {
	n := newNode(t, doc("p", "rules: {resources: {onViolation: adjust, memory: {max: 256Mi}, cpu: {max: 1}, pids: {max: 9}}}"))
	res, err := n.UpdateContainer(context.Background(), &api.UpdateContainerRequest{
		Pod: pod(), Container: container(),
		LinuxResources: &api.LinuxResources{
			Cpu:     &api.LinuxCPU{Quota: api.Int64(0), Period: api.UInt64(1000)},
			Unified: map[string]string{"memory.max": "max", "pids.max": "max"},
		},
	})
	if err != nil || len(res.GetUpdate()) != 1 {
		t.Fatalf("updates %v, error %v", res.GetUpdate(), err)
	}
	r := res.GetUpdate()[0].GetLinux().GetResources()
	if r.GetUnified()["memory.max"] != "268435456" || r.GetUnified()["pids.max"] != "9" || r.GetCpu().GetPeriod().GetValue() != 0 {
		t.Errorf("in force: %v", r)
	}
}

// TestUpdateImage has a policy for other images, where NRI does not tell the
// container's.
func TestUpdateImage(t *testing.T) {
	for _, c := range []struct {
		name, image, err string
		fault            bool
	}{
		{name: "of another image", image: "registry.example.com/other:1"},
		{name: "of the policy's", image: "registry.example.com/app:1", err: `specguard: denied by policy "p": resources: memory limit 512Mi is too high (allowed: at most 256Mi). In the pod: set resources.limits.memory to at most 256Mi`},
		{name: "not to be known", fault: true, err: "no such container"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newNode(t, doc("p", `match: {images: ["registry.example.com/app:*"]}`, limit))
			if !c.fault {
				n.store.put("9b7e", spec(both, "", annotated("")))
				n.store.image = c.image
			}
			if _, err := n.update(512 * mebi); message(err) != c.err {
				t.Errorf("error %q, want %q", message(err), c.err)
			}
		})
	}
}

// TestUpdateExcepted: an exception by image holds for new limits too.
func TestUpdateExcepted(t *testing.T) {
	const excepted = "apiVersion: " + policy.APIVersion + "\nkind: Exception\nmetadata: {name: x}\nspec: {policies: [p], rules: [resources], " +
		"match: {images: ['registry.example.com/app:*']}, reason: r, owner: o, expires: never}\n"
	for image, allowed := range map[string]bool{"registry.example.com/app:1": true, "registry.example.com/other:1": false} {
		n := newNode(t, doc("p", limit), excepted)
		n.store.put("9b7e", spec(both, "", annotated("")))
		n.store.image = image
		if _, err := n.update(512 * mebi); (err == nil) != allowed {
			t.Errorf("%s: %v", image, err)
		}
	}
}
