package reload

import (
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
)

// TestExpiry tells of an exception once when it has expired, and again when
// it was extended and expired again.
func TestExpiry(t *testing.T) {
	log, hook := logtest.NewNullLogger()
	f := opened(t, write(t, t.TempDir(), "a.yaml", doc("a")+exceptionUntil("2026-01-31")), false)
	day := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	var x expiry
	for i, want := range []int{0, 1, 1, 1} {
		x.report(f.Exceptions(), day.AddDate(0, 0, i), log)
		if got := len(hook.AllEntries()); got != want {
			t.Fatalf("after %d days: told %d times, want %d", i, got, want)
		}
	}
	told := hook.LastEntry()
	if told.Message != "an exception has expired" || told.Data["exception"] != "legacy" ||
		told.Data["owner"] != "sre" || told.Data["ended"] != "2026-02-01T00:00:00Z" {
		t.Errorf("%s %v", told.Message, told.Data)
	}
	var never expiry
	never.report(opened(t, write(t, t.TempDir(), "a.yaml", doc("a")+exceptionUntil("never")), false).Exceptions(), day.AddDate(999, 0, 0), log)
	if got := len(hook.AllEntries()); got != 1 {
		t.Errorf("told %d times, want 1", got)
	}
	extended := opened(t, write(t, t.TempDir(), "a.yaml", doc("a")+exceptionUntil("2026-02-28")), false)
	x.report(extended.Exceptions(), day.AddDate(0, 0, 1), log)
	x.report(extended.Exceptions(), day.AddDate(0, 2, 0), log)
	if got := len(hook.AllEntries()); got != 2 {
		t.Errorf("told %d times, want 2", got)
	}
}

// TestExpiryIsTold by a folder that is watched.
func TestExpiryIsTold(t *testing.T) {
	f := watched(t, write(t, t.TempDir(), "a.yaml", doc("a")+exceptionUntil("2020-01-31")), false)
	f.waitFor("told", func() bool { return f.logged(logrus.WarnLevel, "has expired") == 1 })
}

func exceptionUntil(day string) string {
	return "---\napiVersion: specguard.dev/v1beta1\nkind: Exception\nmetadata: {name: legacy}\n" +
		"spec: {policies: [a], rules: [capabilities], match: {namespaces: [old]}, reason: r, owner: sre, expires: " + day + "}\n"
}
