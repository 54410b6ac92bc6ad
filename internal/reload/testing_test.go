package reload

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"

	"github.com/specguard/specguard/policy"
)

// doc is a valid policy document.
func doc(name string) string {
	return fmt.Sprintf("apiVersion: specguard.dev/v1beta1\nkind: Policy\nmetadata: {name: %s}\n"+
		"spec: {match: {namespaces: [a]}, rules: {capabilities: {drop: [ALL]}}}\n", name)
}

const (
	invalid = "apiVersion: specguard.dev/v1beta1\nkind: Policy\nmetadata: {name: a}\nspec: {rules: {capabilitys: {}}}\n"
	builtin = "builtin-baseline"
)

// folder is a policy folder on disk that is watched, and what was logged.
type folder struct {
	*Folder
	t    *testing.T
	path string
	log  *logtest.Hook
}

// watched opens the folder, polls it rarely, so that it is events that count,
// and watches it.
func watched(t *testing.T, path string, optional bool) *folder {
	return start(t, path, optional, time.Minute)
}

// polled is watched with events that come too late: only polling is quick.
func polled(t *testing.T, path string, optional bool) *folder {
	return start(t, path, optional, 20*time.Millisecond)
}

func start(t *testing.T, path string, optional bool, poll time.Duration) *folder {
	t.Helper()
	f := opened(t, path, optional)
	f.poll = poll
	f.watch()
	return f
}

// opened opens the folder without watching it.
func opened(t *testing.T, path string, optional bool) *folder {
	t.Helper()
	log, hook := logtest.NewNullLogger()
	f, err := Open(path, optional, policy.DefaultBuiltin(), log)
	if err != nil {
		t.Fatal(err)
	}
	f.settle, f.poll = 20*time.Millisecond, time.Minute
	return &folder{Folder: f, t: t, path: path, log: hook}
}

// watch watches the folder until the test ends.
func (f *folder) watch() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.Watch(f.t.Context()) // ends before the cleanup
	}()
	f.t.Cleanup(func() {
		<-done
		if f.logged(logrus.ErrorLevel, "context canceled") > 0 {
			f.t.Error("the end of watching was logged as an error")
		}
	})
}

// waitFor polls until the condition holds.
func (f *folder) waitFor(what string, holds func() bool) {
	f.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			f.t.Fatalf("%s: never; in force %v, generation %d, error %v", what, f.Current().Names(), f.Generation(), f.ReloadError())
		}
	}
}

// inForceNow waits until just those policies are in force, and without an
// error.
func (f *folder) inForceNow(names ...string) {
	f.t.Helper()
	f.waitFor(fmt.Sprintf("in force %v", names), func() bool {
		return slices.Equal(f.Current().Names(), names) && f.ReloadError() == nil
	})
}

// kept waits for an error that has the words in it, with those policies still
// in force.
func (f *folder) kept(words string, names ...string) {
	f.t.Helper()
	f.waitFor("error "+words, func() bool {
		err := f.ReloadError()
		return err != nil && strings.Contains(err.Error(), words)
	})
	if got := f.Current().Names(); !slices.Equal(got, names) {
		f.t.Errorf("in force %v, want still %v", got, names)
	}
}

// logged counts the lines of the level that have the words in them.
func (f *folder) logged(level logrus.Level, words string) int {
	n := 0
	for _, e := range f.log.AllEntries() {
		if e.Level == level && strings.Contains(e.Message, words) {
			n++
		}
	}
	return n
}

// write writes files, given as name and content in turns, into a folder; each
// at once.
func write(t *testing.T, dir string, files ...string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for pair := range slices.Chunk(files, 2) {
		hidden := filepath.Join(dir, ".new")
		inPlace(t, hidden, pair[1])
		do(t, os.Rename(hidden, filepath.Join(dir, pair[0])))
	}
	return dir
}

// inPlace writes a file that may be there already: it is empty for a moment.
func inPlace(t *testing.T, path, content string) {
	t.Helper()
	do(t, os.WriteFile(path, []byte(content), 0o600))
}

// do fails the test on any error.
func do(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}
