package reload

import (
	"errors"
	"testing"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"

	"github.com/specguard/specguard/policy"
)

// lacking is a node without seccomp profiles.
type lacking struct {
	policy.NoHost
	err error
}

func (l lacking) SeccompProfile(string) ([]byte, error) { return nil, l.err }

func TestMissingProfiles(t *testing.T) {
	const rule = "apiVersion: specguard.dev/v1beta1\nkind: Policy\nmetadata: {name: a}\n" +
		"spec: {rules: {seccompProfile: {onViolation: adjust, apply: Localhost/web.json}}}\n"
	set := opened(t, write(t, t.TempDir(), "a.yaml", rule), false).Current()
	log, hook := logtest.NewNullLogger()
	node := lacking{err: errors.New("no such file")}
	p := profiles{}
	for i, step := range []struct {
		host func() policy.Host
		set  *policy.Set
		want int
	}{
		{nil, set, 0},
		{func() policy.Host { return node }, set, 1},
		{func() policy.Host { return node }, set, 1}, // it was said
		{func() policy.Host { return node }, opened(t, write(t, t.TempDir(), "a.yaml", doc("a")), false).Current(), 1},
		{func() policy.Host { return node }, set, 2},
	} {
		p.host = step.host
		p.report(step.set, log)
		if got := len(hook.AllEntries()); got != step.want {
			t.Fatalf("step %d: told %d times, want %d", i, got, step.want)
		}
	}
	const want = `policy "a" names the seccomp profile Localhost/web.json, which cannot be used on this node: no such file`
	if got := hook.LastEntry().Message; got != want {
		t.Errorf("%s", got)
	}
}

// TestMissingProfilesAreTold by a folder that is watched.
func TestMissingProfilesAreTold(t *testing.T) {
	f := opened(t, write(t, t.TempDir(), "a.yaml", "apiVersion: specguard.dev/v1beta1\nkind: Policy\nmetadata: {name: a}\n"+
		"spec: {rules: {seccompProfile: {onViolation: adjust, apply: Localhost/web.json}}}\n"), false)
	f.OnNode(func() policy.Host { return policy.NoHost{} })
	f.watch()
	f.waitFor("told", func() bool { return f.logged(logrus.WarnLevel, "names the seccomp profile") == 1 })
}
