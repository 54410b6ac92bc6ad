package plugin

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/specguard/specguard/plugin/recordsize"
)

// answers is a runtime that gives them one after the other, the last one again
// and again.
type answers []listing

func (a *answers) Records(context.Context) ([]recordsize.Record, error) {
	now := &(*a)[0]
	if len(*a) > 1 {
		*a = (*a)[1:]
	}
	return now.records, now.err
}

// TestPauseForNothing: nobody can keep the agent away for minutes by having it
// answer late again and again. A runtime that may have panicked, or would, is not
// asked soon.
func TestPauseForNothing(t *testing.T) {
	big := []recordsize.Record{{SandboxID: "x", Size: 1 << 20}}
	away := errors.New("connection refused")
	for name, c := range map[string]struct {
		runtime answers
		failed  int // before
		want    time.Duration
	}{
		"first":                  {answers{{}}, 0, firstPause},
		"nothing is too large":   {answers{{}}, 20, slowAgentPause},
		"the runtime was away":   {answers{{err: away}, {}}, 20, maxPause},
		"it does not come back":  {answers{{err: away}}, 20, maxPause},
		"something is too large": {answers{{records: big}}, 20, maxPause},
		"and goes":               {answers{{records: big}, {records: big}, {}}, 20, 2 * lookAgain},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := offline(t, doc("p", allow)).plugin
				p.Limits = recordsize.LimitsFor(recordsize.DefaultContainer)
				p.RecordsOf = func(string) (RecordLister, error) { return &c.runtime, nil }
				for range c.failed {
					p.attempts.failure()
				}
				began := time.Now()
				p.notSynchronized(t.Context())
				if got := time.Since(began); got != c.want {
					t.Errorf("paused for %s, want %s", got, c.want)
				}
			})
		})
	}
}

// TestSaysWhatItWaitsFor: a runtime that stops a container for as long as its
// author likes does not tell what runs, and does nothing else.
func TestSaysWhatItWaitsFor(t *testing.T) {
	n := bounded(t, doc("p", allow))
	n.start(t, "containerd")
	stopping := n.BlockPluginSync()
	n.run(n.socket)
	waitFor(t, "a word", func() bool {
		return n.logged(logrus.WarnLevel, "has not reported the running containers: it first waits for running requests") != ""
	})
	if n.plugin.Connected() {
		t.Error("connected")
	}
	stopping.Unblock()
	n.connected()
	if got := n.plugin.SynchronizeFailures(); got != 0 {
		t.Errorf("%d failures", got)
	}
}
