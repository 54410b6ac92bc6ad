// Package reload keeps the policies of a folder current: it reads them again whenever they
// change, and keeps the last good ones when they cannot be used.
package reload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/sirupsen/logrus"

	"github.com/specguard/specguard/policy"
)

const (
	// settle is how long a folder must stay unchanged before it is read: an editor's save or a
	// ConfigMap's swap is several steps.
	settle = 100 * time.Millisecond

	// poll is how often the folder is read although no event came: a folder
	// that was itself replaced sends none.
	poll = 10 * time.Second
)

// Folder is a policy folder and what was last read from it. It is safe for concurrent use.
type Folder struct {
	path         string
	optional     bool
	builtin      policy.Builtin
	log          logrus.FieldLogger
	settle, poll time.Duration
	expiry       expiry
	profiles     profiles
	ignored      ignored
	asked        chan struct{} // to read it at once

	mu         sync.Mutex
	set        *policy.Set
	sources    []policy.Source
	others     []policy.Warning // of files that are not read
	generation uint64
	err        error
}

// Open reads the folder for the first time. An invalid policy is an error then. If the
// folder has no policy, the built-in policy is current; so it is if an optional folder does
// not exist.
func Open(path string, optional bool, builtin policy.Builtin, log logrus.FieldLogger) (*Folder, error) {
	f := &Folder{path: path, optional: optional, builtin: builtin, log: log, settle: settle, poll: poll, asked: make(chan struct{}, 1)}
	if f.load(f.read()); f.err != nil {
		return nil, f.err
	}
	return f, nil
}

// Current returns the current policy set; never nil.
func (f *Folder) Current() *policy.Set {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.set
}

// Generation returns how many policy sets there have been.
func (f *Folder) Generation() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.generation
}

// Builtin reports whether the built-in policy is current, because the folder has never had
// a policy.
func (f *Folder) Builtin() bool { return f.Current().Builtin() }

// PolicyCount returns the number of current policies.
func (f *Folder) PolicyCount() int { return len(f.Current().Names()) }

// Exceptions returns the exceptions of the current policies.
func (f *Folder) Exceptions() []policy.Exception { return f.Current().Exceptions() }

// Ignored warns of the folder's files that are not read, as it was last seen.
func (f *Folder) Ignored() []policy.Warning {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.others)
}

func (f *Folder) note(ignored []policy.Warning) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.others = ignored
}

// ReloadError returns why the folder's policies are not the current ones; nil if they are.
func (f *Folder) ReloadError() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// Reload makes Watch read the folder at once, and log the result even if nothing has
// changed.
func (f *Folder) Reload() {
	select {
	case f.asked <- struct{}{}:
	default: // it is about to
	}
}

// Watch reads the folder again when it changes, until the context ends.
func (f *Folder) Watch(ctx context.Context) {
	events := f.events(ctx)
	for asked := false; ; {
		files, err := f.settled(ctx) // at first: what changed before it was watched
		if ctx.Err() != nil {
			return
		}
		f.load(files, err)
		f.expiry.report(f.Exceptions(), time.Now(), f.log)
		f.profiles.report(f.Current(), f.log)
		f.ignored.report(files.Ignored, f.log)
		if asked {
			f.tell()
		}
		asked = false
		select {
		case <-ctx.Done():
			return
		case <-f.asked:
			asked = true
		case <-events:
		case <-time.After(f.poll):
		}
	}
}

// settled reads the folder until it holds what is in force, or has read the
// same twice: a file that is just being written may be empty or cut off, and
// so may be less policy than is meant. It does not try without end.
func (f *Folder) settled(ctx context.Context) (policy.Files, error) {
	files, err := f.read()
	for range 20 {
		if err == nil && f.inForce(files.Sources) {
			break
		}
		select {
		case <-ctx.Done():
			return files, err
		case <-time.After(f.settle):
		}
		before, errBefore := files, err
		files, err = f.read()
		if same(files.Sources, before.Sources) && fmt.Sprint(err) == fmt.Sprint(errBefore) {
			break
		}
	}
	return files, err
}

// events sends something for every change in the folder. Where the folder
// cannot be watched, polling has to do.
func (f *Folder) events(ctx context.Context) <-chan struct{} {
	out := make(chan struct{})
	w, err := fsnotify.NewWatcher()
	if err != nil {
		f.log.WithError(err).Warnf("cannot watch the policy folder; reading it every %s", f.poll)
		return out
	}
	_ = w.Add(f.path)
	go func() {
		defer w.Close()
		for {
			select {
			case <-ctx.Done():
				return
			case _, ok := <-w.Events:
				if !ok {
					return
				}
				select {
				case out <- struct{}{}:
				case <-ctx.Done():
					return
				}
			case err, ok := <-w.Errors:
				if !ok {
					return
				}
				f.log.WithError(err).Warn("watching the policy folder")
			case <-time.After(f.poll):
			}
			_ = w.Add(f.path) // the folder may be a new one
		}
	}()
	return out
}

// load puts policies that were read in force if they are valid and not in
// force already. It takes the error of reading them.
func (f *Folder) load(files policy.Files, err error) {
	f.note(files.Ignored)
	sources := files.Sources
	if err == nil && f.inForce(sources) {
		f.keep(nil)
		return
	}
	set, err := f.compile(sources, err)
	if err == nil && set.Builtin() && f.ownInForce() {
		err = errEmptied
	}
	if err != nil {
		f.keep(err)
		return
	}
	generation := f.putInForce(set, sources)
	f.log.WithFields(logrus.Fields{"generation": generation, "policies": len(set.Names()), "rules": set.RuleCount()}).Info("policies in force")
	if set.Builtin() {
		f.log.Warn(f.builtinWarning())
	}
	for _, w := range set.Warnings() {
		f.log.WithField("generation", generation).Warnf("policies: %s", w)
	}
}

// builtinWarning says what an agent without policies does.
func (f *Folder) builtinWarning() string {
	does := "it denies containers"
	if f.builtin.Mode == policy.ModeAudit {
		does = "nothing is denied or adjusted"
	}
	return fmt.Sprintf("there are no policies in %s: the built-in profile %s is in force in mode %s: %s", f.path,
		f.builtin.Profile, f.builtin.Mode, does)
}

// errEmptied is about a folder that has lost its last policy. What is in force instead of them
// could refuse what they allow, and allow what they refuse.
var errEmptied = errors.New("the folder has no policy any more: restart the agent to run with the built-in policy")

// ownInForce reports whether policies of the folder are in force.
func (f *Folder) ownInForce() bool {
	set := f.Current()
	return set != nil && !set.Builtin()
}

func (f *Folder) putInForce(set *policy.Set, sources []policy.Source) (generation uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.set, f.sources, f.err = set, sources, nil
	f.generation++
	return f.generation
}

// tell logs whether the folder's policies are in force.
func (f *Folder) tell() {
	log := f.log.WithField("generation", f.Generation())
	if err := f.ReloadError(); err != nil {
		log.Errorf("asked to reload: policies not loaded, the last good ones stay in force: %v", err)
		return
	}
	log.Info("asked to reload: the folder's policies are in force")
}

func (f *Folder) inForce(sources []policy.Source) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.set != nil && same(sources, f.sources)
}

// keep leaves in force what is in force; err says why, nil that the folder
// holds just that.
func (f *Folder) keep(err error) {
	f.mu.Lock()
	before, generation, started := f.err, f.generation, f.set != nil
	f.err = err
	f.mu.Unlock()
	log := f.log.WithField("generation", generation) // which may take long, and Current must not
	switch {
	case err != nil && started && (before == nil || before.Error() != err.Error()):
		log.Errorf("policies not loaded, the last good ones stay in force: %v", err)
	case err == nil && before != nil:
		log.Info("policies are valid again, as they were")
	}
}

// read reads the folder. Where it is optional it may be missing, but not once
// policies from it are in force: then it was lost, not left out.
func (f *Folder) read() (policy.Files, error) {
	if _, err := os.Stat(f.path); f.optional && len(f.sources) == 0 && errors.Is(err, os.ErrNotExist) {
		return policy.Files{}, nil
	}
	return policy.Read(f.path)
}

// compile makes the sources' policy set; the built-in one where they have no
// policy of their own. It passes on the error of reading them.
func (f *Folder) compile(sources []policy.Source, err error) (*policy.Set, error) {
	if err != nil {
		return nil, err
	}
	set, err := policy.Compile(sources...)
	if err == nil && len(set.Names()) == 0 {
		return f.builtin.Compile()
	}
	return set, err
}

func same(a, b []policy.Source) bool {
	return slices.EqualFunc(a, b, func(x, y policy.Source) bool { return x.Name == y.Name && bytes.Equal(x.Data, y.Data) })
}
