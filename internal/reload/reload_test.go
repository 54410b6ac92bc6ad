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

func TestOpen(t *testing.T) {
	log, _ := logtest.NewNullLogger()
	file := filepath.Join(write(t, t.TempDir(), "one.yaml", doc("one")), "one.yaml")
	for name, c := range map[string]struct {
		path     string
		optional bool
		want     []string
		err      string
	}{
		"policies":              {path: write(t, t.TempDir(), "b.yaml", doc("b"), "a.yml", doc("a"), "README", "x"), want: []string{"a", "b"}},
		"a file":                {path: file, want: []string{"one"}},
		"empty":                 {path: t.TempDir(), want: []string{builtin}},
		"empty and optional":    {path: t.TempDir(), optional: true, want: []string{builtin}},
		"no policy in the file": {path: write(t, t.TempDir(), "a.yaml", "# later\n"), want: []string{builtin}},
		"missing":               {path: filepath.Join(t.TempDir(), "no"), err: "no such file or directory"},
		"missing and optional":  {path: filepath.Join(t.TempDir(), "no"), optional: true, want: []string{builtin}},
		"invalid":               {path: write(t, t.TempDir(), "a.yaml", invalid), err: `a.yaml:4:16: spec.rules: unknown rule "capabilitys"`},
		"invalid and optional":  {path: write(t, t.TempDir(), "a.yaml", invalid), optional: true, err: "unknown rule"},
		"one of two invalid":    {path: write(t, t.TempDir(), "b.yaml", doc("b"), "c.yaml", invalid), err: "c.yaml:4:16"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := Open(c.path, c.optional, policy.DefaultBuiltin(), log)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) || f != nil {
					t.Fatalf("folder %v, error %v", f, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Current().Names(); !slices.Equal(got, c.want) || f.PolicyCount() != len(c.want) {
				t.Errorf("in force %v (%d)", got, f.PolicyCount())
			}
			if f.Generation() != 1 || f.ReloadError() != nil {
				t.Errorf("generation %d, error %v", f.Generation(), f.ReloadError())
			}
		})
	}
}

// TestBuiltin: the log says what an agent without policies does, and nothing of that where it
// has some.
func TestBuiltin(t *testing.T) {
	dir, own := t.TempDir(), write(t, t.TempDir(), "a.yaml", doc("a"))
	for name, c := range map[string]struct {
		path    string
		builtin policy.Builtin
		want    string
	}{
		"audit": {dir, policy.DefaultBuiltin(),
			"there are no policies in " + dir + ": the built-in profile baseline is in force in mode audit: nothing is denied or adjusted"},
		"enforced": {dir, policy.Builtin{Profile: "restricted", Mode: policy.ModeEnforce},
			"there are no policies in " + dir + ": the built-in profile restricted is in force in mode enforce: it denies containers"},
		"policies": {own, policy.DefaultBuiltin(), ""},
	} {
		t.Run(name, func(t *testing.T) {
			log, hook := logtest.NewNullLogger()
			f, err := Open(c.path, false, c.builtin, log)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if last := hook.LastEntry(); last.Level == logrus.WarnLevel {
				got = last.Message
			}
			if got != c.want || f.Builtin() != (c.want != "") {
				t.Errorf("warned %q, built in %v", got, f.Builtin())
			}
		})
	}
}

// TestConfigMap swaps the ..data link, as the kubelet does with a ConfigMap's
// volume.
func TestConfigMap(t *testing.T) {
	dir := t.TempDir()
	version := func(name string, files ...string) {
		write(t, filepath.Join(dir, name), files...)
		do(t, os.Symlink(name, filepath.Join(dir, "..data_tmp")),
			os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
	}
	version("..1", "p.yaml", doc("first"))
	do(t, os.Symlink("..data/p.yaml", filepath.Join(dir, "p.yaml")))
	f := watched(t, dir, false)
	f.inForceNow("first")

	version("..2", "p.yaml", doc("second"))
	f.inForceNow("second")
	if f.Generation() != 2 {
		t.Errorf("generation %d", f.Generation())
	}
}

func TestSaves(t *testing.T) {
	for name, save := range map[string]func(t *testing.T, dir string){
		"by rename": func(t *testing.T, dir string) {
			write(t, dir, ".p.yaml.swp", doc("new"))
			do(t, os.Rename(filepath.Join(dir, ".p.yaml.swp"), filepath.Join(dir, "p.yaml")))
		},
		"with a backup": func(t *testing.T, dir string) {
			do(t, os.Rename(filepath.Join(dir, "p.yaml"), filepath.Join(dir, "p.yaml~")))
			write(t, dir, "p.yaml", doc("new"))
		},
		"in place": func(t *testing.T, dir string) { inPlace(t, filepath.Join(dir, "p.yaml"), doc("new")) },
		"another file": func(t *testing.T, dir string) {
			write(t, dir, "q.yaml", doc("new"))
			do(t, os.Remove(filepath.Join(dir, "p.yaml")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := watched(t, write(t, t.TempDir(), "p.yaml", doc("old")), false)
			save(t, f.path)
			f.inForceNow("new")
			if f.logged(logrus.ErrorLevel, "") != 0 {
				t.Errorf("errors logged: %v", f.log.AllEntries())
			}
		})
	}
}

// TestReload is told each time that it was asked for, also of what is not new.
func TestReload(t *testing.T) {
	f := watched(t, write(t, t.TempDir(), "p.yaml", doc("p")), false)
	f.inForceNow("p")
	const done, not = "asked to reload: the folder's policies are in force", "asked to reload: policies not loaded, the last good ones stay in force: "
	told := func(level logrus.Level, words string, n int) {
		t.Helper()
		f.Reload()
		f.waitFor(words, func() bool { return f.logged(level, words) == n })
	}
	told(logrus.InfoLevel, done, 1)
	told(logrus.InfoLevel, done, 2)
	write(t, f.path, "p.yaml", invalid)
	f.kept("unknown rule", "p")
	told(logrus.ErrorLevel, not, 1)
	told(logrus.ErrorLevel, not, 2)
	write(t, f.path, "p.yaml", doc("q"))
	f.Reload()
	f.inForceNow("q")
	told(logrus.InfoLevel, done, 3)
}

// TestBeforeWatch changes the folder after it was read and before it is
// watched.
func TestBeforeWatch(t *testing.T) {
	f := opened(t, write(t, t.TempDir(), "p.yaml", doc("old")), false)
	write(t, f.path, "p.yaml", doc("new"))
	f.watch()
	f.inForceNow("new")
}

// TestHalfWritten writes a file in place, with pauses: what stands there meanwhile must not come
// into force. A machine that is so busy that a pause is as long as settle proves nothing: the test
// then writes once more.
func TestHalfWritten(t *testing.T) {
	for range 10 {
		f := opened(t, write(t, t.TempDir(), "p.yaml", doc("old")), false)
		f.settle, f.poll = time.Second, time.Millisecond
		f.watch()
		pause := f.writeHalf()
		write(t, f.path, "p.yaml", doc("new"))
		f.inForceNow("new")
		if pause > f.settle/2 {
			t.Logf("a pause of %s", pause)
			continue
		}
		if f.Generation() != 2 || f.logged(logrus.ErrorLevel, "") != 0 {
			t.Errorf("generation %d, log %v", f.Generation(), f.log.AllEntries())
		}
		return
	}
	t.Error("the machine never wrote without long pauses")
}

// writeHalf writes a file bit by bit, and returns the longest pause in between.
func (f *folder) writeHalf() time.Duration {
	f.t.Helper()
	last, longest := time.Now(), time.Duration(0)
	for i := range 20 {
		for _, half := range []string{"# cut off\n", doc("half"), invalid} {
			inPlace(f.t, filepath.Join(f.path, "p.yaml"), fmt.Sprintf("%s# %d\n", half, i))
			time.Sleep(2 * time.Millisecond) // a slow writer, still far quicker than settle
			longest, last = max(longest, time.Since(last)), time.Now()
		}
	}
	return longest
}

func TestRemoved(t *testing.T) {
	f := watched(t, write(t, t.TempDir(), "a.yaml", doc("a"), "b.yaml", doc("b")), false)
	do(t, os.Remove(filepath.Join(f.path, "b.yaml")))
	f.inForceNow("a")
	do(t, os.Remove(filepath.Join(f.path, "a.yaml")))
	f.kept("the folder has no policy any more", "a")
	write(t, f.path, "c.yaml", "# later\n")
	f.kept("the folder has no policy any more", "a")
	write(t, f.path, "c.yaml", doc("c"))
	f.inForceNow("c")
	if f.Generation() != 3 {
		t.Errorf("generation %d", f.Generation())
	}
}

// TestIgnored names files that are not read, once.
func TestIgnored(t *testing.T) {
	f := watched(t, write(t, t.TempDir(), "a.yaml", doc("a"), "b", doc("b")), false)
	const words = "a file of the policy folder is not read"
	f.waitFor("named", func() bool { return f.logged(logrus.WarnLevel, words) == 1 })
	write(t, f.path, "a.yaml", doc("c"))
	f.inForceNow("c")
	write(t, f.path, "d.yaml.bak", doc("d"))
	f.waitFor("named", func() bool { return f.logged(logrus.WarnLevel, words) == 2 })
}

// TestWarnings: what policies warn of is logged once for each set that is put in force.
func TestWarnings(t *testing.T) {
	nested := func(name string) string {
		return strings.Replace(doc(name), "capabilities: {drop: [ALL]}", "hostPaths: {allowed: [{path: /srv}, {path: /srv/a}]}", 1)
	}
	f := polled(t, write(t, t.TempDir(), "a.yaml", nested("a")), false)
	const words = `a.yaml:4:78: spec.rules.hostPaths.allowed[1]: policy "a" allows the host path /srv/a`
	write(t, f.path, "b.yaml", "broken")
	f.kept("b.yaml", "a")
	if n := f.logged(logrus.WarnLevel, words); n != 1 {
		t.Errorf("logged %d times", n)
	}
	write(t, f.path, "b.yaml", doc("b"))
	f.inForceNow("a", "b")
	f.waitFor("logged again", func() bool { return f.logged(logrus.WarnLevel, words) == 2 })
}

func TestInvalid(t *testing.T) {
	f := polled(t, write(t, t.TempDir(), "p.yaml", doc("good")), false)
	good := f.Current()
	write(t, f.path, "p.yaml", invalid)
	f.kept("p.yaml:4:16", "good")

	// The same fault is read again and again and logged once; another one is
	// logged too.
	before := f.logged(logrus.ErrorLevel, "stay in force")
	write(t, f.path, "q.yaml", "a: b\n")
	f.kept("q.yaml", "good")
	if n := f.logged(logrus.ErrorLevel, "stay in force"); before != 1 || n != 2 {
		t.Errorf("logged %d times, then %d", before, n)
	}
	do(t, os.Remove(filepath.Join(f.path, "q.yaml")))

	// As it was: no new policies.
	write(t, f.path, "p.yaml", doc("good"))
	f.inForceNow("good")
	if f.Generation() != 1 || f.Current() != good {
		t.Errorf("generation %d", f.Generation())
	}
	if f.logged(logrus.InfoLevel, "valid again") != 1 {
		t.Errorf("log %v", f.log.AllEntries())
	}

	write(t, f.path, "p.yaml", invalid)
	f.kept("p.yaml:4:16", "good")
	write(t, f.path, "p.yaml", doc("better"))
	f.inForceNow("better")
	if f.Generation() != 2 {
		t.Errorf("generation %d", f.Generation())
	}
}

// TestSameFault reads a faulty folder many times.
func TestSameFault(t *testing.T) {
	f := polled(t, write(t, t.TempDir(), "p.yaml", doc("good")), false)
	write(t, f.path, "p.yaml", invalid)
	f.kept("p.yaml:4:16", "good")
	for range 3 {
		f.reads()
	}
	if n := f.logged(logrus.ErrorLevel, ""); n != 1 {
		t.Errorf("logged %d times", n)
	}
}

// reads waits until the faulty folder was read again: every reading makes an
// error of its own.
func (f *folder) reads() {
	f.t.Helper()
	last := f.ReloadError()
	f.waitFor("another reading", func() bool { return f.ReloadError() != last }) //nolint:errorlint // the value itself is new
}

// TestReplaced puts another folder in the folder's place. Between the two
// there may be none, so that polling has to find it.
func TestReplaced(t *testing.T) {
	base := t.TempDir()
	f := polled(t, write(t, filepath.Join(base, "p"), "p.yaml", doc("old")), false)
	write(t, filepath.Join(base, "new"), "p.yaml", doc("new"))
	do(t, os.Rename(f.path, filepath.Join(base, "gone")), os.Rename(filepath.Join(base, "new"), f.path))
	f.inForceNow("new")

	// It is the new one that counts from now on.
	write(t, f.path, "p.yaml", doc("newer"))
	f.inForceNow("newer")
}

// TestMissing has the folder come and go: one that was there and is lost must
// not leave the node with less policy.
func TestMissing(t *testing.T) {
	for name, optional := range map[string]bool{"optional": true, "asked for": false} {
		t.Run(name, func(t *testing.T) {
			base := t.TempDir()
			path := filepath.Join(base, "p")
			if !optional {
				write(t, path)
			}
			f := polled(t, path, optional)
			f.inForceNow(builtin)
			write(t, path, "p.yaml", doc("own"))
			f.inForceNow("own")
			do(t, os.Rename(path, path+"-gone"))
			f.kept("no such file or directory", "own")
			do(t, os.Rename(path+"-gone", path))
			f.inForceNow("own")
			if f.Generation() != 2 {
				t.Errorf("generation %d", f.Generation())
			}
		})
	}
}

// TestUnreadable has something in the folder that cannot be read as policies.
func TestUnreadable(t *testing.T) {
	f := watched(t, write(t, t.TempDir(), "p.yaml", doc("good")), false)
	do(t, os.Mkdir(filepath.Join(f.path, "sub"), 0o755))
	f.kept("is a folder", "good")
	do(t, os.Remove(filepath.Join(f.path, "sub")), os.Symlink("nowhere", filepath.Join(f.path, "q.yaml")))
	f.kept("no such file", "good")
	do(t, os.Remove(filepath.Join(f.path, "q.yaml")))
	f.inForceNow("good")
}

// TestConcurrent reads what is in force while it changes; the race detector
// looks on.
func TestConcurrent(t *testing.T) {
	f := polled(t, write(t, t.TempDir(), "p.yaml", doc("x0")), false)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				_, _, _ = f.Current().RuleCount(), f.Generation(), f.ReloadError()
			}
		}
	}()
	for _, name := range []string{"x1", "x2", "x3"} {
		write(t, f.path, "p.yaml", doc(name))
		f.inForceNow(name)
	}
	close(stop)
	<-done
}
