package judge

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/specguard/specguard/plugin/containerruntime"
	"github.com/specguard/specguard/plugin/mounts"
	"github.com/specguard/specguard/policy"
)

// TestImages gathers the references of an image: NRI's or else the store's,
// and all others.
func TestImages(t *testing.T) {
	for _, c := range []struct{ nri, image, others string }{
		{"", "docker.io/library/app:1", "quay.io/app:1"},
		{"ghcr.io/app:1", "ghcr.io/app:1", "quay.io/app:1 docker.io/library/app:1"},
	} {
		ctr := policy.Container{Image: c.nri, OtherImages: []string{"quay.io/app:1"}}
		addImages(&ctr, "docker.io/library/app:1")
		if others := strings.Join(ctr.OtherImages, " "); ctr.Image != c.image || others != c.others {
			t.Errorf("NRI shows %q: image %q, others %q", c.nri, ctr.Image, others)
		}
	}
}

// TestSeccompRequest is in the policies' words.
func TestSeccompRequest(t *testing.T) {
	for text, want := range map[string]policy.SeccompPattern{
		"RuntimeDefault":                        "RuntimeDefault",
		"Unconfined":                            "Unconfined",
		"/var/lib/kubelet/seccomp/teams/a.json": "Localhost/teams/a.json",
		"/var/lib/kubelet/seccomp/../x.json":    "Localhost//var/lib/kubelet/seccomp/../x.json",
		"/elsewhere/a.json":                     "Localhost//elsewhere/a.json",
		"a.json":                                "",
		"":                                      "",
	} {
		for runtime, want := range map[string]policy.SeccompPattern{containerruntime.CRIO: want, containerruntime.Containerd: ""} {
			var sub policy.Subject
			j := &Judge{Connection: listing{runtime: containerruntime.Runtime{Name: runtime}}}
			setSeccomp(&sub, j.seccompRequest(map[string]string{"io.kubernetes.cri-o.SeccompProfilePath": text}))
			if sub.Container.Seccomp != want {
				t.Errorf("%s, %q: %q, want %q", runtime, text, sub.Container.Seccomp, want)
			}
		}
	}
}

// seenKernel shows that nothing is mounted.
type seenKernel struct{}

func (seenKernel) Mounts() (mounts.Table, error)         { return nil, nil }
func (seenKernel) MountsOf(uint32) (mounts.Table, error) { return nil, nil }

// TestUnseenMounts opens what cannot be compared.
func TestUnseenMounts(t *testing.T) {
	j := &Judge{}
	for runtime, want := range map[string]string{
		"":                       "the agent does not see the host's files (host.root)",
		"io.containerd.runc.v2":  "the agent does not see the host's files (host.root)",
		"io.containerd.runsc.v1": "the agent does not see the host's files (host.root)",
	} {
		if got := j.unverified(runtime); got != want {
			t.Errorf("%s: %q", runtime, got)
		}
	}
	j.Node.Kernel = seenKernel{}
	for runtime, want := range map[string]string{
		"": "", "io.containerd.runc.v2": "", "io.containerd.runc.v1": "",
		"io.containerd.kata.v2": "the node does not see the mounts that runtime io.containerd.kata.v2 makes",
	} {
		if got := j.unverified(runtime); got != want {
			t.Errorf("%s: %q", runtime, got)
		}
	}
}

// TestContainersAreBounded: however many are created, so many are remembered.
func TestContainersAreBounded(t *testing.T) {
	var cs containers
	for i := range maxContainers + 5 {
		id := string(rune('a'+i%26)) + string(rune(0x4e00+i))
		cs.created(Container{Subject: policy.Subject{Container: policy.Container{ID: id}}})
	}
	if len(cs.byID) != maxContainers {
		t.Errorf("%d are remembered", len(cs.byID))
	}
}

// TestAskGivesWay to requests in hand, and not without end.
func TestAskGivesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j Judge
		start := time.Now()
		j.giveWay(t.Context())
		if took := time.Since(start); took != 0 {
			t.Errorf("waited %s for nothing", took)
		}
		end := j.InHand.Begin()
		j.giveWay(t.Context())
		if took := time.Since(start); took != wayTimeout {
			t.Errorf("waited %s", took)
		}
		time.AfterFunc(wayTimeout/2, end)
		j.giveWay(t.Context())
		if took := time.Since(start); took != wayTimeout*3/2 {
			t.Errorf("waited %s", took)
		}
	})
}
